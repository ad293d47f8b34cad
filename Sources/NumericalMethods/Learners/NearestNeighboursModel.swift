/// Remembered items, ready to be searched.
public struct NearestNeighboursModel: Sendable {
    /// How it searches and predicts.
    public internal(set) var configuration: NearestNeighbours
    let centres: [Double]
    let multipliers: [Double]
    /// The items' targets, `[items, targets]`, and each target's mean, which stands in where no neighbour has it.
    let targets: Matrix
    let targetMeans: [Double]
    /// The items in the metric's space.
    let points: PointSet

    /// The number of items.
    public var items: Int { targets.rows }
    /// The number of features.
    public var features: Int { centres.count }
    /// The number of targets.
    public var outputs: Int { targetMeans.count }

    /// Takes the items' `standardised` features, `[items, features]`.
    init(
        configuration: NearestNeighbours, centres: [Double], multipliers: [Double], targets: Matrix,
        targetMeans: [Double], standardised: [Double]
    ) {
        self.configuration = configuration
        self.centres = centres
        self.multipliers = multipliers
        self.targets = targets
        self.targetMeans = targetMeans
        var values = standardised
        if configuration.metric == .cosine {
            let width = centres.count
            values.withUnsafeMutableBufferPointer { values in
                for item in 0..<targets.rows {
                    Self.normalise(UnsafeMutableBufferPointer(rebasing: values[item * width..<(item + 1) * width]))
                }
            }
        }
        points = PointSet(values, dimension: centres.count)
    }

    /// Scales a row to length 1; one of zeros stays.
    private static func normalise(_ row: UnsafeMutableBufferPointer<Double>) {
        let length = row.reduce(0) { $0 + $1 * $1 }.squareRoot()
        guard length > 0 else { return }
        for feature in row.indices { row[feature] /= length }
    }

    /// Writes a raw row, `[features]`, in the metric's space.
    func transform(_ row: UnsafeBufferPointer<Double>, into point: UnsafeMutableBufferPointer<Double>) {
        precondition(row.count == features, "a row holds one number for each feature")
        for feature in 0..<row.count {
            point[feature] = row[feature].isNaN ? 0 : (row[feature] - centres[feature]) * multipliers[feature]
        }
        if configuration.metric == .cosine { Self.normalise(point) }
    }

    /// How many items are looked for: one beyond the neighbours tells where weights end.
    private var wanted: Int { min(configuration.k + 1, items) }

    /// Writes the targets, `[targets]`, of one row, `[features]`. One block of scratch memory is all it allocates.
    public func predict(_ row: UnsafeBufferPointer<Double>, into result: UnsafeMutableBufferPointer<Double>) {
        withUnsafeTemporaryAllocation(of: Double.self, capacity: features + outputs) { numbers in
            let point = UnsafeMutableBufferPointer(rebasing: numbers[..<features])
            transform(row, into: point)
            points.nearest(wanted, to: UnsafeBufferPointer(point)) { found in
                average(found, masses: UnsafeMutableBufferPointer(rebasing: numbers[features...]), into: result)
            }
        }
    }

    /// Writes the targets, `[rows, targets]`, of many `rows`, `[rows, features]`: the same numbers as row by row, faster.
    public func predict(
        _ rows: UnsafeBufferPointer<Double>, count: Int, into result: UnsafeMutableBufferPointer<Double>
    ) {
        let (d, m) = (features, outputs)
        precondition(rows.count == count * d && result.count == count * m, "a row holds one number for each feature")
        withUnsafeTemporaryAllocation(of: Double.self, capacity: count * d + m) { numbers in
            for row in 0..<count {
                transform(
                    UnsafeBufferPointer(rebasing: rows[row * d..<(row + 1) * d]),
                    into: UnsafeMutableBufferPointer(rebasing: numbers[row * d..<(row + 1) * d]))
            }
            let masses = UnsafeMutableBufferPointer(rebasing: numbers[(count * d)...])
            points.nearest(wanted, toAll: UnsafeBufferPointer(rebasing: numbers[..<(count * d)])) { row, found in
                average(
                    found, masses: masses, into: UnsafeMutableBufferPointer(rebasing: result[row * m..<(row + 1) * m]))
            }
        }
    }

    /// The targets of many rows, `[rows, targets]` of `[rows, features]`, on all cores.
    public func predict(_ rows: Matrix) -> Matrix {
        precondition(rows.columns == features, "a row holds one number for each feature")
        var result = Matrix(rows: rows.rows, columns: outputs)
        result.storage.withUnsafeMutableBufferPointer { buffer in
            // Every chunk writes its own rows alone.
            nonisolated(unsafe) let buffer = buffer
            Parallel.chunks(of: rows.rows, minimumChunk: 64) { range in
                rows.storage.withUnsafeBufferPointer { rows in
                    predict(
                        UnsafeBufferPointer(
                            rebasing: rows[range.lowerBound * features..<range.upperBound * features]),
                        count: range.count,
                        into: UnsafeMutableBufferPointer(
                            rebasing: buffer[range.lowerBound * outputs..<range.upperBound * outputs]))
                }
            }
        }
        return result
    }

    /// The weighted means over the nearest `found`, which are in the items' order, by their squared distances.
    private func average(
        _ found: NearestPoints, masses: UnsafeMutableBufferPointer<Double>,
        into result: UnsafeMutableBufferPointer<Double>
    ) {
        let m = outputs
        for target in 0..<m { (result[target], masses[target]) = (0, 0) }
        // Beyond k items the farthest only ends the weights.
        let left = found.count > configuration.k ? found.farthest : -1
        targets.storage.withUnsafeBufferPointer { targets in
            for place in 0..<found.count where place != left {
                let weight = Self.weight(
                    found.squares[place], reach: found.reach, configuration.weighting)
                let row = Int(found.items[place]) * m
                for target in 0..<m where !targets[row + target].isNaN {
                    result[target] += weight * targets[row + target]
                    masses[target] += weight
                }
            }
        }
        for target in 0..<m {
            result[target] = masses[target] > 0 ? result[target] / masses[target] : targetMeans[target]
        }
    }

    /// The weight of a neighbour at a squared distance, where the first one left out is at `reach` (squared).
    @inline(__always)
    static func weight(_ squared: Double, reach: Double, _ weighting: NearestNeighbours.Weighting) -> Double {
        switch weighting {
        case .uniform: 1
        // A little more than 0 keeps the sum positive where all are equally far.
        case .epanechnikov: reach > 0 ? max(1 - squared / reach, 0) + 1e-9 : 1
        }
    }
}

extension NearestNeighboursModel: Codable {
    // A missing target is stored as null: JSON has no NaN.
    private enum CodingKeys: String, CodingKey {
        case configuration, centres, multipliers, targets, targetMeans, points
    }

    /// Reads a stored model; throws `LearnerError.badModel` when its parts do not fit together.
    public init(from decoder: any Decoder) throws {
        let box = try decoder.container(keyedBy: CodingKeys.self)
        configuration = try box.decode(NearestNeighbours.self, forKey: .configuration)
        centres = try box.decode([Double].self, forKey: .centres)
        multipliers = try box.decode([Double].self, forKey: .multipliers)
        targetMeans = try box.decode([Double].self, forKey: .targetMeans)
        let cells = try box.decode([Double?].self, forKey: .targets)
        let values = try box.decode([Double].self, forKey: .points)
        guard !targetMeans.isEmpty, !centres.isEmpty, cells.count % targetMeans.count == 0, !cells.isEmpty,
            multipliers.count == centres.count, configuration.k > 0,
            values.count == cells.count / targetMeans.count * centres.count
        else { throw LearnerError.badModel("the items of nearest neighbours do not fit their features and targets") }
        targets = Matrix(
            rows: cells.count / targetMeans.count, columns: targetMeans.count, storage: cells.map { $0 ?? .nan })
        points = PointSet(values, dimension: centres.count)
    }

    /// Writes the model, missing targets as null.
    public func encode(to encoder: any Encoder) throws {
        var box = encoder.container(keyedBy: CodingKeys.self)
        try box.encode(configuration, forKey: .configuration)
        try box.encode(centres, forKey: .centres)
        try box.encode(multipliers, forKey: .multipliers)
        try box.encode(targetMeans, forKey: .targetMeans)
        try box.encode(targets.storage.map { $0.isNaN ? nil : $0 }, forKey: .targets)
        try box.encode(points.values, forKey: .points)
    }
}

extension NearestNeighboursModel: Hashable {
    /// Two models are equal if they hold the same numbers, missing targets being equal to missing targets.
    public static func == (a: Self, b: Self) -> Bool {
        a.configuration == b.configuration && a.points.values == b.points.values && a.centres == b.centres
            && a.multipliers == b.multipliers && a.targetMeans == b.targetMeans
            && a.targets.storage.elementsEqual(b.targets.storage) { $0 == $1 || ($0.isNaN && $1.isNaN) }
    }

    public func hash(into hasher: inout Hasher) {
        hasher.combine(configuration)
        hasher.combine(points.values)
    }
}
