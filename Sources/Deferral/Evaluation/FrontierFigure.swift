/// One published number for a whole frontier, with its interval and the same number for random mixtures of single stages.
public struct FrontierFigure: Sendable {
    /// Which of the published numbers it is.
    public enum Kind: String, Sendable, Codable, CaseIterable {
        /// ``FrontierArea/meanQuality(unhulled:from:to:)`` between the cheapest and the dearest stage.
        case area
        /// ``FrontierArea/averageImprovementInQuality(_:dearest:)``.
        case averageImprovementInQuality
        /// ``FrontierArea/averagePerformanceGapRecovered(_:weak:strong:)``, of two stages.
        case averagePerformanceGapRecovered
        /// ``FrontierArea/callPerformanceThreshold(_:weak:strong:recovered:)`` for half of the gap, of two stages.
        case callPerformanceThreshold50
        /// The same for 80 % of the gap.
        case callPerformanceThreshold80
    }

    /// Which it is.
    public var kind: Kind
    /// Its value.
    public var value: MeanInterval
    /// Its value for the best random mixtures of single stages, which need no evidence.
    public var mixtures: Double
    /// Its value less that of the mixtures, on the same items.
    public var difference: MeanInterval

    /// What it is, in words.
    public var name: String {
        switch kind {
        case .area: "mean quality, cheapest to dearest stage"
        case .averageImprovementInQuality: "AIQ, over the non-decreasing hull"
        case .averagePerformanceGapRecovered: "APGR, gap recovered"
        case .callPerformanceThreshold50: "CPT(50%), calls to the stronger"
        case .callPerformanceThreshold80: "CPT(80%), calls to the stronger"
        }
    }

    /// Who defined it.
    public var source: String {
        switch kind {
        case .area: "Dekoninck et al. 2024"
        case .averageImprovementInQuality: "Hu et al. 2024, RouterBench"
        case .averagePerformanceGapRecovered, .callPerformanceThreshold50, .callPerformanceThreshold80:
            "Ong et al. 2024, RouteLLM"
        }
    }

    /// Whether it is a share, to be shown in per cent.
    public var isShare: Bool {
        switch kind {
        case .area, .averageImprovementInQuality: false
        default: true
        }
    }
}

extension MeasuredFrontier {
    /// All published numbers that are defined here: the areas where stages differ in cost, and for two stages those by
    /// calls to the stronger, where one is better than the other.
    ///
    /// A path that never gets as cheap as the cheapest stage is drawn from that stage on.
    public var figures: [FrontierFigure] {
        FrontierFigure.Kind.allCases.compactMap { kind in
            let value = interval { $0.value(kind) }
            guard value.estimate.isFinite, value.lower.isFinite else { return nil }
            return FrontierFigure(
                kind: kind, value: value, mixtures: estimate.mixtures(kind),
                difference: interval { $0.value(kind) - $0.mixtures(kind) })
        }
    }
}

extension MeasuredFrontier.Sample {
    private var costs: (low: Double, high: Double)? {
        let costs = stages.map(\.cost).filter(\.isFinite)
        guard let low = costs.min(), let high = costs.max(), high > low else { return nil }
        return (low, high)
    }

    /// The points, from the cheapest stage on.
    private var whole: [FrontierPoint] {
        let known = points.filter { $0.cost.isFinite && $0.quality.isFinite }
        guard
            let cheapest = stages.filter({ $0.cost.isFinite }).min(by: {
                ($0.cost, -$0.quality) < ($1.cost, -$1.quality)
            }),
            let first = known.map(\.cost).min(), first > cheapest.cost
        else { return known }
        return [cheapest] + known
    }

    /// The two stages' qualities, the weaker first; nil unless there are two and they differ.
    private var pair: (weak: Double, strong: Double)? {
        let qualities = stages.map(\.quality)
        guard qualities.count == 2, let weak = qualities.min(), let strong = qualities.max(), strong > weak else {
            return nil
        }
        return (weak, strong)
    }

    /// The value of `kind` for the path; `NaN` where it is not defined.
    func value(_ kind: FrontierFigure.Kind) -> Double {
        switch kind {
        case .area:
            return costs.map { FrontierArea.meanQuality(unhulled: whole, from: $0.low, to: $0.high) } ?? .nan
        case .averageImprovementInQuality:
            guard let costs else { return .nan }
            return FrontierArea.averageImprovementInQuality(
                whole, dearest: max(costs.high, points.map(\.cost).filter(\.isFinite).max() ?? costs.high))
        case .averagePerformanceGapRecovered:
            return pair.map {
                FrontierArea.averagePerformanceGapRecovered(strongPoints, weak: $0.weak, strong: $0.strong)
            } ?? .nan
        case .callPerformanceThreshold50: return threshold(0.5)
        case .callPerformanceThreshold80: return threshold(0.8)
        }
    }

    private var strongPoints: [(strongShare: Double, quality: Double)] {
        zip(strongShares, points).map { (strongShare: $0, quality: $1.quality) }.filter { $0.quality.isFinite }
    }

    private func threshold(_ recovered: Double) -> Double {
        pair.flatMap {
            FrontierArea.callPerformanceThreshold(
                strongPoints, weak: $0.weak, strong: $0.strong, recovered: recovered)
        } ?? .nan
    }

    /// The value of `kind` for random mixtures of stages.
    func mixtures(_ kind: FrontierFigure.Kind) -> Double {
        guard let costs else { return .nan }
        switch kind {
        case .area: return FrontierArea.meanQuality(Frontier(hullOf: stages), from: costs.low, to: costs.high)
        case .averageImprovementInQuality:
            return FrontierArea.averageImprovementInQuality(stages, dearest: costs.high)
        // Calls at random to the stronger recover the gap in proportion.
        case .averagePerformanceGapRecovered, .callPerformanceThreshold50: return 0.5
        case .callPerformanceThreshold80: return 0.8
        }
    }
}
