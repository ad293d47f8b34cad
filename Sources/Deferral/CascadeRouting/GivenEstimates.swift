public import Cascades
import NumericalMethods
public import Probability

/// Rules for logs that hold estimates of quality themselves: one before a stage answers, one after.
///
/// The log's context has a number `before.<stage>` for every stage; each stage's evidence has `after`, the estimate once
/// it has answered, and `revision` = after - before. The estimate of a stage is the one after where it has answered,
/// else the one before. Nothing but prices, thresholds and the size of revisions is learned from the log, so rules can
/// be compared at a known quality of estimates.
///
/// - Source: Dekoninck, Baader and Vechev 2024, "A Unified Approach to Routing and Cascading for LLMs", section 5.
public struct GivenEstimates: Sendable {
    /// What is decided on them.
    public enum Rule: String, Sendable, CaseIterable {
        /// One stage, by the estimates before.
        case routing
        /// A threshold on each stage's estimate after, in order of cost.
        case thresholds
        /// The optimal cascade of all stages in order of cost.
        case cascade
        /// Cascade routing.
        case cascadeRouting = "cascade-routing"
    }

    private let estimator: Estimator
    private let signals: [Int]

    /// - Throws: ``DeferralError`` when `schema` lacks one of the numbers.
    public init(_ schema: LogSchema) throws {
        func missing(_ name: String) -> DeferralError {
            .unsuitableLog(
                family: "given-estimates", reason: "there is no number '\(name)'",
                remedy: "Give each stage an estimate before, an estimate after and their difference.")
        }
        let stages = schema.stages.count
        var before: [Int] = []
        var revisions: [Int] = []
        for (index, stage) in schema.stages.enumerated() {
            let name = "before.\(stage.name)"
            guard let column = schema.context.firstIndex(of: name) else { throw missing("context.\(name)") }
            before.append(column)
            for name in ["after", "revision"] where !stage.evidence.contains(name) {
                throw missing("\(stage.name).evidence.\(name)")
            }
            revisions.append(schema.evidenceOffsets[index] + stage.evidence.firstIndex(of: "revision")!)
        }
        // Estimate k = before_k + revision_k, which is 0 until k has answered.
        var weights = [Double](repeating: 0, count: 2 * stages * stages)
        for stage in 0..<stages {
            weights[stage * stages + stage] = 1
            weights[(stages + stage) * stages + stage] = 1
        }
        let model = LinearModel(
            weights: weights, missing: weights.map { _ in 0 }, intercepts: [Double](repeating: 0, count: stages),
            link: .identity)
        estimator = Estimator(
            kind: .ridge,
            features: FeatureMap(signals: before + revisions, owners: before.map { _ in -1 } + Array(0..<stages)),
            regressor: .linear(model))
        signals = revisions
    }

    /// The policies of `rule`, one for every price.
    public func path(_ rule: Rule, learnedFrom log: CostedLog, using random: inout Random) throws -> any PolicyPath {
        let costs = CostEstimator(meansOf: log)
        if rule == .routing {
            return RoutePath(estimator: estimator, costs: costs, stages: .all(log.stageCount))
        }
        if rule == .thresholds { return try ThresholdLearner(scoreName: "after").fit(log, using: &random) }
        var revisions = Matrix(rows: log.count, columns: log.stageCount)
        for item in 0..<log.count {
            for (stage, signal) in signals.enumerated() { revisions[item, stage] = log.log.signal(item: item, signal) }
        }
        let model = RevisionModel(revisions: revisions)
        if rule == .cascade {
            return OrderedCascadePath(estimator: estimator, costs: costs, revisions: model, chain: log.stagesByCost)
        }
        return CascadeRoutingPath(
            prior: nil, estimator: estimator, costs: costs, revisions: model, stages: .all(log.stageCount),
            asksTogether: false,
            log: log, specialCases: [])
    }
}

/// The optimal cascade at every price.
struct OrderedCascadePath: PolicyPath {
    let estimator: Estimator
    let costs: CostEstimator
    let revisions: RevisionModel
    let chain: [Int]

    func policy(price: Double) -> any Policy {
        OrderedCascadePolicy(estimator: estimator, costs: costs, price: price, revisions: revisions, chain: chain)
    }
}
