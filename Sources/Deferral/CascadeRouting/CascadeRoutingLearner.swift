import Cascades
import NumericalMethods
public import Probability

/// Learns cascade routing: a router's estimator for the start, one estimator for every set of stages that have
/// answered, and how far estimates move from the one to the other.
///
/// Thresholds and routers are special cases of the rule with other estimates, so the path also learns those and at
/// each price keeps what is worth most on the training log: it is never worse there than either.
public struct CascadeRoutingLearner: PolicyLearner {
    public let family = "cascade-routing"
    public let summary = "at each step the set of further stages with the largest expected best answer for its cost"

    /// How what answers add to the estimates is learned.
    public var kind: EstimatorKind
    /// Whether all stages of a set are asked at once.
    public var asksTogether: Bool
    /// Whether thresholds and routers are learned too, as special cases to fall back on.
    public var includesSpecialCases: Bool
    /// How far revisions are believed: the multiple of the measured one that is worth most on the log is kept.
    public var scales: [Double]
    /// The most items on which special cases and scales are compared at each price.
    public var mostCompared: Int
    /// The most items on which revisions are measured.
    public var mostMeasured: Int

    /// A learner.
    public init(
        kind: EstimatorKind = .ridge, asksTogether: Bool = false, includesSpecialCases: Bool = true,
        scales: [Double] = [0, 0.5, 1], mostCompared: Int = 10_000, mostMeasured: Int = 6000
    ) {
        self.kind = kind
        self.asksTogether = asksTogether
        self.includesSpecialCases = includesSpecialCases
        self.scales = scales
        self.mostCompared = mostCompared
        self.mostMeasured = mostMeasured
    }

    public func obstacle(_ log: CostedLog) -> String? {
        if log.meanQuality.count(where: { !$0.isNaN }) < 2 { return "fewer than two stages answered anything" }
        if log.log.schema.signalCount == 0 && log.log.groups.isEmpty {
            return "there is no evidence, no context and no group"
        }
        return nil
    }

    public func fit(_ log: CostedLog, using random: inout Random) throws -> any PolicyPath {
        if let obstacle = obstacle(log) {
            throw DeferralError.unsuitableLog(
                family: family, reason: obstacle,
                remedy: "Log evidence (margin, entropy, ...) with each answer, or context numbers with each item.")
        }
        // From the same stream as they would be learned alone, so that they are the very rules to compare with.
        var specialCases: [any PolicyPath] = []
        func special(_ learner: any PolicyLearner) throws {
            guard learner.obstacle(log) == nil else { return }
            var stream = random
            specialCases.append(try learner.fit(log, using: &stream))
        }
        try special(RouterLearner.linear)
        let router = specialCases.first as? RoutePath
        if includesSpecialCases { try special(ThresholdLearner()) } else { specialCases = [] }
        let stages = log.stageCount
        let quality = log.meanQuality
        let usable = StageSet((0..<stages).filter { !quality[$0].isNaN })
        let prior =
            try router?.estimator
            ?? EstimatorLearner(kind: .groupMeans, sets: .none).fit(log, using: &random)
        let (estimator, revisions) = try corrections(to: prior, on: log, using: &random)
        var items = Array(0..<log.count)
        if items.count > mostCompared {
            random.shuffle(&items)
            items = items.prefix(mostCompared).sorted()
        }
        var path = CascadeRoutingPath(
            prior: prior, estimator: estimator, costs: try CostEstimator(log, using: &random),
            revisions: revisions, stages: usable, asksTogether: asksTogether,
            log: items.count == log.count ? log : log.subset(items), specialCases: [])
        path.chooseScale(among: scales, prices: PriceGrid.coarse(for: log, count: 5).filter(\.isFinite))
        path.specialCases = specialCases
        return path
    }

    /// What answers add to the estimates of `prior`, and how far they move each stage's own.
    ///
    /// It is learned as a correction, so that a short log falls back on the router and not on the mean. Where no stage
    /// says anything of its answer, answers add nothing, and the rule is the router.
    private func corrections(
        to prior: Estimator, on log: CostedLog, using random: inout Random
    ) throws -> (estimator: Estimator, revisions: RevisionModel) {
        if log.log.schema.stages.allSatisfy(\.evidence.isEmpty) {
            let zeros = [Double](repeating: 0, count: log.stageCount)
            let silence = Estimator(
                kind: .groupMeans, features: FeatureMap(log.log.schema, evidenceOf: []), regressor: .constant(zeros))
            return (silence, RevisionModel(own: zeros, loadings: zeros))
        }
        let learner = EstimatorLearner(kind: kind, sets: .sampled(perItem: 4, least: 1))
        let offsets = try EstimatorLearner(kind: prior.kind, sets: .none).crossFit(log, using: &random)
            .estimates(for: log)
        // Revisions are measured on a part of a long log.
        let measured =
            log.count > mostMeasured
            ? random.sample(mostMeasured, outOf: log.count).sorted() : Array(0..<log.count)
        let sample = log.subset(measured)
        let crossFit = try learner.crossFit(sample, offsets: offsets.rows(measured), folds: 3, using: &random)
        return (
            try learner.fit(log, offsets: offsets, using: &random),
            RevisionModel(revisions: Self.revisions(of: crossFit, on: sample))
        )
    }

    /// Out-of-fold revisions of every stage's estimate on its own answer, `[items, stages]`. A stage without evidence
    /// reveals nothing, whatever its estimates' noise.
    static func revisions(of crossFit: CrossFit, on log: CostedLog) -> Matrix {
        var revisions = Matrix(rows: log.count, columns: log.stageCount)
        for stage in 0..<log.stageCount where !log.log.schema.stages[stage].evidence.isEmpty {
            let added = crossFit.estimates(for: log, answered: StageSet(stage))
            for item in 0..<log.count where log.log.isPresent(item: item, stage: stage) {
                revisions[item, stage] = added[item, stage]
            }
        }
        return revisions
    }
}

/// Cascade routing at every price, with its special cases to fall back on.
struct CascadeRoutingPath: PolicyPath {
    let prior: Estimator?
    let estimator: Estimator
    let costs: CostEstimator
    var revisions: RevisionModel
    let stages: StageSet
    let asksTogether: Bool
    /// The items on which candidates are compared.
    let log: CostedLog
    var specialCases: [any PolicyPath]

    /// The general rule at `price`, without a look at its special cases.
    func general(price: Double) -> CascadeRoutingPolicy {
        CascadeRoutingPolicy(
            prior: prior, estimator: estimator, costs: costs, price: price, revisions: revisions, stages: stages,
            asksTogether: asksTogether)
    }

    func policy(price: Double) -> any Policy {
        let general = general(price: price)
        if specialCases.isEmpty { return general }
        func value(_ policy: any Policy) -> Double {
            let outcomes = Replay.outcomes(of: policy, on: log)
            return price == .infinity ? -outcomes.meanCost : outcomes.meanQuality - price * outcomes.meanCost
        }
        var best: (policy: any Policy, value: Double) = (general, value(general))
        for special in specialCases {
            let policy = special.policy(price: price)
            let worth = value(policy)
            if worth > best.value + 1e-12 * abs(best.value) { best = (policy, worth) }
        }
        return best.policy
    }

    /// Keeps the multiple of the revisions that is worth most on average over `prices`.
    mutating func chooseScale(among scales: [Double], prices: [Double]) {
        let measured = revisions
        // A few thousand items tell the scales apart.
        let sample = log.count > 4000 ? log.subset(Array(0..<4000)) : log
        var best = -Double.infinity
        var chosen = measured
        for scale in scales {
            revisions = measured.scaled(by: scale)
            let worth = prices.reduce(0.0) { sum, price in
                let outcomes = Replay.outcomes(of: general(price: price), on: sample)
                return sum + outcomes.meanQuality - price * outcomes.meanCost
            }
            if worth > best { (best, chosen) = (worth, revisions) }
        }
        revisions = chosen
    }
}
