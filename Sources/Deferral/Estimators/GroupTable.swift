import Cascades

/// A number per group and output, shrunk to what all groups have in common; a group not seen has the overall number.
///
///     value_g = (n_g mean_g + s overall) / (n_g + s),   s = variance within groups / variance between them
///
/// Source: the method of moments for a one-way random-effects model; Efron and Morris 1973.
public struct GroupTable: Sendable, Hashable {
    /// The groups.
    public let names: [String]
    /// Values, `[groups, outputs]`.
    public let values: [Double]
    /// Values of a group not seen, `[outputs]`.
    public let overall: [Double]
    private let index: [String: Int]

    init(names: [String], values: [Double], overall: [Double]) {
        precondition(values.count == names.count * overall.count, "a group table has a row for each group")
        self.names = names
        self.values = values
        self.overall = overall
        index = Dictionary(names.enumerated().map { ($1, $0) }, uniquingKeysWith: { first, _ in first })
    }

    /// Shrunk means of `targets`, `[rows, outputs]` with `NaN` for missing, by the group of each row (-1 is none).
    init(names: [String], groups: [Int32], targets: [Double], outputs: Int) {
        let rows = groups.count
        var values = [Double](repeating: 0, count: names.count * outputs)
        var overall = [Double](repeating: 0, count: outputs)
        for output in 0..<outputs {
            var counts = [Double](repeating: 0, count: names.count)
            var sums = counts
            var squares = counts
            var (allCount, allSum) = (0.0, 0.0)
            for row in 0..<rows {
                let target = targets[row * outputs + output]
                if target.isNaN { continue }
                allCount += 1
                allSum += target
                guard groups[row] >= 0 else { continue }
                counts[Int(groups[row])] += 1
                sums[Int(groups[row])] += target
                squares[Int(groups[row])] += target * target
            }
            let mean = allCount > 0 ? allSum / allCount : 0
            overall[output] = mean
            // Method of moments: within = pooled variance, between = spread of the means that within does not explain.
            var (within, freedom, spread, grouped, groupedSquares, seen) = (0.0, 0.0, 0.0, 0.0, 0.0, 0.0)
            for group in names.indices where counts[group] > 0 {
                within += max(0, squares[group] - sums[group] * sums[group] / counts[group])
                freedom += counts[group] - 1
                let away = sums[group] / counts[group] - mean
                spread += counts[group] * away * away
                grouped += counts[group]
                groupedSquares += counts[group] * counts[group]
                seen += 1
            }
            let variance = freedom > 0 ? within / freedom : 0
            let effective = grouped > 0 ? grouped - groupedSquares / grouped : 0
            let between = effective > 0 ? max(0, (spread - (seen - 1) * variance) / effective) : 0
            for group in names.indices {
                let weight =
                    counts[group] == 0 || between == 0
                    ? 0 : counts[group] / (counts[group] + variance / between)
                let own = counts[group] > 0 ? sums[group] / counts[group] : mean
                values[group * outputs + output] = mean + weight * (own - mean)
            }
        }
        self.init(names: names, values: values, overall: overall)
    }

    /// The row of `group`, or -1 for the overall one.
    func row(of group: String?) -> Int { group.flatMap { index[$0] } ?? -1 }

    /// Adds the values of `group` to `result`, `[outputs]`.
    @inline(__always)
    func add(row: Int, to result: UnsafeMutableBufferPointer<Double>) {
        let count = overall.count
        if row < 0 {
            for output in 0..<count { result[output] += overall[output] }
        } else {
            for output in 0..<count { result[output] += values[row * count + output] }
        }
    }
}

extension GroupTable: Codable {
    private enum CodingKeys: String, CodingKey { case names, values, overall }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        let names = try container.decode([String].self, forKey: .names)
        let values = try container.decode([Double].self, forKey: .values)
        let overall = try container.decode([Double].self, forKey: .overall)
        guard values.count == names.count * overall.count else {
            throw DecodingError.dataCorruptedError(
                forKey: .values, in: container,
                debugDescription: "expected \(names.count) x \(overall.count) values, found \(values.count)")
        }
        self.init(names: names, values: values, overall: overall)
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(names, forKey: .names)
        try container.encode(values, forKey: .values)
        try container.encode(overall, forKey: .overall)
    }
}
