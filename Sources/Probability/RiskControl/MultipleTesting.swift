/// How many hypotheses are tested at once without the chance of any false rejection exceeding a level.
public enum MultipleTesting: Sendable, Hashable, Codable {
    /// Each at level / m.
    case bonferroni
    /// From the smallest p-value up, at level / m, level / (m − 1), …, until one fails (S. Holm, 1979). Never worse than
    /// Bonferroni.
    case holm
    /// In the given order, each at the whole level, until one fails (A. Angelopoulos et al., "Learn then test", 2021,
    /// algorithm 1). With several `starts` the level is shared among them, and each walks up to where the next one began.
    case fixedSequence(starts: [Int] = [0])

    /// The indices of the rejected hypotheses, rising. The order of `pValues` must not come from the data they were
    /// computed on.
    ///
    /// - Parameter level: the chance allowed for one or more false rejections, in (0, 1).
    /// - Throws: ``StatisticsError`` for a p-value outside [0, 1], a level outside (0, 1), or a start that is out of range.
    public func rejected(pValues: [Double], level: Double) throws(StatisticsError) -> [Int] {
        try Check.values(pValues, in: 0...1, "p-value")
        try Check.open(level, "level")
        let m = pValues.count
        switch self {
        case .bonferroni:
            return pValues.indices.filter { pValues[$0] <= level / Double(m) }
        case .holm:
            let order = pValues.indices.sorted { pValues[$0] == pValues[$1] ? $0 < $1 : pValues[$0] < pValues[$1] }
            let passed = order.enumerated().prefix { pValues[$0.element] <= level / Double(m - $0.offset) }
            return passed.map(\.element).sorted()
        case .fixedSequence(let starts):
            guard m > 0 else { return [] }
            let ordered = Set(starts).sorted()
            try Check.count(ordered.count, atLeast: 1, "starts")
            for start in ordered where start < 0 || start >= m {
                throw .value(
                    what: "start", index: nil, value: Double(start), requirement: "an index from 0 to \(m - 1)")
            }
            var rejected: [Int] = []
            for (i, start) in ordered.enumerated() {
                let end = i + 1 < ordered.count ? ordered[i + 1] : m
                rejected += (start..<end).prefix { pValues[$0] <= level / Double(ordered.count) }
            }
            return rejected
        }
    }
}
