/// Where a score stands among its randomisations: what a conformal p-value is made of.
public struct ConformalPValue: Sendable, Equatable {
    /// How many randomisations score more.
    public var greater: Int
    /// How many score the same, itself included.
    public var equal: Int
    /// All of them, itself included.
    public var total: Int

    /// A standing.
    public init(greater: Int, equal: Int, total: Int) {
        self.greater = greater
        self.equal = equal
        self.total = total
    }

    /// Among `scores`, that at `index`.
    init(of index: Int, among scores: [Double]) {
        let own = scores[index]
        self.init(
            greater: scores.count { $0 > own }, equal: scores.count { $0 == own }, total: scores.count)
    }

    /// The share that scores no less: P(value ≤ α) ≤ α for every α.
    public var conservative: Double { Double(greater + equal) / Double(total) }

    /// With ties broken by `uniform` in (0, 1): uniformly distributed where the randomisations are exchangeable.
    public func smoothed(_ uniform: Double) -> Double {
        (Double(greater) + uniform * Double(equal)) / Double(total)
    }

    /// The probability, over the number that breaks ties, that the smoothed value exceeds `level`.
    public func inclusionProbability(level: Double) -> Double {
        min(1, max(0, (Double(greater + equal) - level * Double(total)) / Double(equal)))
    }
}
