/// How often answers are wrong when only the surest ones are given: selective classification's risk against coverage.
///
///     coverage(t) = share of items with score >= t;   risk(t) = mean loss of those
///
/// Items of equal score are covered together. The area is the mean of the risk over all items' places in the order.
///
/// - Source: El-Yaniv and Wiener 2010, "On the foundations of noise-free selective classification"; Geifman, Uziel and
///   El-Yaniv 2019, "Bias-reduced uncertainty estimation", section 2 (area).
public struct RiskCoverage: Sendable, Hashable {
    /// The scores at which coverage changes, falling.
    public let thresholds: [Double]
    /// The share covered at each threshold, rising to 1.
    public let coverages: [Double]
    /// The mean loss of what is covered at each threshold.
    public let risks: [Double]

    /// The curve of items with `scores`, surer is more, and `losses`, for a classifier 1 where wrong, `[items]`.
    public init(scores: [Double], losses: [Double]) {
        precondition(scores.count == losses.count && !scores.isEmpty, "a score and a loss for each of some items")
        precondition(!scores.contains { $0.isNaN } && !losses.contains { $0.isNaN }, "no score or loss may be missing")
        var (thresholds, coverages, risks): ([Double], [Double], [Double]) = ([], [], [])
        let order = scores.indices.sorted { (scores[$1], $0) < (scores[$0], $1) }
        var sum = 0.0
        for (place, item) in order.enumerated() {
            sum += losses[item]
            if place + 1 < order.count && scores[order[place + 1]] == scores[item] { continue }
            thresholds.append(scores[item])
            coverages.append(Double(place + 1) / Double(order.count))
            risks.append(sum / Double(place + 1))
        }
        self.thresholds = thresholds
        self.coverages = coverages
        self.risks = risks
    }

    /// The largest coverage whose risk is at most `risk`, 0 where there is none, and its threshold (infinity: none).
    public func coverage(atRisk risk: Double) -> (coverage: Double, threshold: Double) {
        guard let place = risks.lastIndex(where: { $0 <= risk }) else { return (0, .infinity) }
        return (coverages[place], thresholds[place])
    }

    /// The risk at the least coverage of at least `coverage`, in (0, 1].
    public func risk(atCoverage coverage: Double) -> Double {
        // A share like 0.8 may be a rounding error above the place that it names.
        risks[coverages.firstIndex { $0 >= coverage - 1e-12 } ?? coverages.count - 1]
    }

    /// The mean risk over coverage: the area under the curve, each step taken at its end.
    public var area: Double {
        var (sum, last) = (0.0, 0.0)
        for (coverage, risk) in zip(coverages, risks) {
            sum += risk * (coverage - last)
            last = coverage
        }
        return sum
    }
}
