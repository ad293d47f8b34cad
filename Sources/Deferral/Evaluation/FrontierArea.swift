/// The published ways to put a whole frontier into one number, so that each paper's figure can stand beside ours.
public enum FrontierArea {
    /// The mean quality over all budgets between two costs: the area under the frontier divided by its width.
    ///
    /// Between corners the frontier is linear (a random mixture of two policies); below its first corner it is not
    /// defined, so `cheapest` must not lie below that; above its last it is flat.
    ///
    /// - Source: Dekoninck, Baader and Vechev 2024, section 4 (between the cheapest and the dearest model).
    public static func meanQuality(_ frontier: Frontier, from cheapest: Double, to dearest: Double) -> Double {
        area(frontier.points.map { ($0.cost, $0.quality) }, from: cheapest, to: dearest) / (dearest - cheapest)
    }

    /// The same under the points themselves, joined in order of cost without taking their hull.
    public static func meanQuality(unhulled points: [FrontierPoint], from cheapest: Double, to dearest: Double)
        -> Double
    {
        let sorted = points.sorted { ($0.cost, $0.quality) < ($1.cost, $1.quality) }
        return area(sorted.map { ($0.cost, $0.quality) }, from: cheapest, to: dearest) / (dearest - cheapest)
    }

    /// AIQ, average improvement in quality: the area under the non-decreasing convex hull over the range of costs that
    /// the points span, divided by that range.
    ///
    /// - Source: Hu et al. 2024, "RouterBench", section 3.
    public static func averageImprovementInQuality(_ points: [FrontierPoint], dearest: Double? = nil) -> Double {
        let frontier = Frontier(hullOf: points)
        guard let first = frontier.points.first else { return .nan }
        let last = dearest ?? points.map(\.cost).max()!
        return last > first.cost ? meanQuality(frontier, from: first.cost, to: last) : first.quality
    }

    /// APGR, average performance gap recovered: the mean over all shares of calls to the stronger of two models of the
    /// share of the gap in quality between them that is recovered.
    ///
    /// - Parameters:
    ///   - points: share of calls to the stronger model, in [0, 1], and quality.
    ///   - weak: the weaker model's quality.
    ///   - strong: the stronger model's.
    /// - Source: Ong et al. 2024, "RouteLLM", equation 6.
    public static func averagePerformanceGapRecovered(
        _ points: [(strongShare: Double, quality: Double)], weak: Double, strong: Double
    ) -> Double {
        area(recovered(points, weak: weak, strong: strong), from: 0, to: 1)
    }

    /// CPT, call-performance threshold: the least share of calls to the stronger model at which the share `recovered`
    /// of the gap is recovered; nil when no share is enough.
    ///
    /// - Source: Ong et al. 2024, "RouteLLM", section 3.2.
    public static func callPerformanceThreshold(
        _ points: [(strongShare: Double, quality: Double)], weak: Double, strong: Double, recovered wanted: Double
    ) -> Double? {
        let curve = recovered(points, weak: weak, strong: strong)
        for (a, b) in zip(curve, curve.dropFirst()) {
            if a.1 >= wanted { return a.0 }
            if b.1 >= wanted { return a.0 + (b.0 - a.0) * (wanted - a.1) / (b.1 - a.1) }
        }
        return nil
    }

    /// The curve of the gap recovered against the share of strong calls, with both models as its ends.
    private static func recovered(
        _ points: [(strongShare: Double, quality: Double)], weak: Double, strong: Double
    ) -> [(Double, Double)] {
        let inner = points.filter { $0.strongShare > 0 && $0.strongShare < 1 }.sorted {
            $0.strongShare < $1.strongShare
        }
        return [(0.0, 0.0)] + inner.map { ($0.strongShare, ($0.quality - weak) / (strong - weak)) } + [(1.0, 1.0)]
    }

    /// The area under a piecewise linear curve between `low` and `high`; flat beyond its last point.
    private static func area(_ curve: [(Double, Double)], from low: Double, to high: Double) -> Double {
        guard let first = curve.first, let last = curve.last, high > low else { return .nan }
        if low < first.0 - 1e-12 * abs(first.0) { return .nan }
        var sum = 0.0
        for (a, b) in zip(curve, curve.dropFirst()) where b.0 > a.0 {
            let left = max(a.0, low)
            let right = min(b.0, high)
            if right <= left { continue }
            func at(_ x: Double) -> Double { a.1 + (b.1 - a.1) * (x - a.0) / (b.0 - a.0) }
            sum += (at(left) + at(right)) / 2 * (right - left)
        }
        if high > last.0 { sum += last.1 * (high - max(low, last.0)) }
        return sum
    }
}

/// What a policy saves against a reference stage where both are equally good.
public struct Savings: Sendable, Hashable, Codable {
    /// The share of the reference's cost that is saved at equal quality; nil where that quality is not reached.
    public var costShare: Double?
    /// The quality at which they are compared.
    public var quality: Double

    /// The savings of `frontier` against a stage of mean `quality` and `cost`.
    public init(_ frontier: Frontier, quality: Double, cost: Double) {
        self.quality = quality
        costShare = frontier.cost(atQuality: quality).map { 1 - $0 / cost }
    }
}
