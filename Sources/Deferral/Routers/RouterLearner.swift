import Cascades
import NumericalMethods
public import Probability

/// Learns to choose one stage for each item before anything is asked.
///
///     argmax_k  quality_k(context) - λ cost_k(context)
///
/// The estimator's kind makes the family: `linear-router`, `tree-router`, `nearest-neighbours` and so on.
public struct RouterLearner: PolicyLearner {
    public let family: String
    public let summary: String
    /// The kinds of estimator that are tried; the one with the smallest held-out squared error is kept.
    public var kinds: [EstimatorKind]
    /// Whether an item's group counts, where the log has groups.
    public var usesGroups: Bool
    /// Whether context is needed, or groups do.
    private let needsContext: Bool

    private init(family: String, summary: String, kinds: [EstimatorKind], usesGroups: Bool, needsContext: Bool = true) {
        self.family = family
        self.summary = summary
        self.kinds = kinds
        self.usesGroups = usesGroups
        self.needsContext = needsContext
    }

    /// Linear functions of the context.
    public static let linear = RouterLearner(
        family: "linear-router", summary: "one stage for each item, by linear functions of its context",
        kinds: [.ridge, .logistic], usesGroups: true)

    /// Boosted trees on the context.
    public static let trees = RouterLearner(
        family: "tree-router", summary: "one stage for each item, by boosted trees on its context",
        kinds: [.boostedTrees], usesGroups: true)

    /// The nearest items of the log.
    public static let nearestNeighbours = RouterLearner(
        family: "nearest-neighbours", summary: "one stage for each item, by what was best on the nearest items",
        kinds: [.nearestNeighbours], usesGroups: true)

    /// Qualities of low rank whose factors follow from the context.
    public static let matrixFactorisation = RouterLearner(
        family: "matrix-factorisation", summary: "one stage for each item, by a low-rank table of qualities",
        kinds: [.matrixFactorisation], usesGroups: true)

    /// Clusters of the context.
    public static let clusters = RouterLearner(
        family: "cluster-router", summary: "one stage for each cluster of items", kinds: [.clusters], usesGroups: false)

    /// The mean quality of each stage on the item's group.
    public static let group = RouterLearner(
        family: "group-router", summary: "one stage for each group, by shrunk means", kinds: [.groupMeans],
        usesGroups: true, needsContext: false)

    public func obstacle(_ log: CostedLog) -> String? {
        if log.stageCount < 2 { return "there is one stage only" }
        if needsContext && log.log.schema.context.isEmpty { return "the items have no context numbers" }
        if !needsContext && log.log.groups.isEmpty { return "the items have no groups" }
        if log.meanQuality.count(where: { !$0.isNaN }) < 2 { return "fewer than two stages answered anything" }
        return nil
    }

    public func fit(_ log: CostedLog, using random: inout Random) throws -> any PolicyPath {
        if let obstacle = obstacle(log) {
            throw DeferralError.unsuitableLog(
                family: family, reason: obstacle,
                remedy: needsContext
                    ? "Log numbers that are known before asking (length, task, an embedding) as the context."
                    : "Log a group (task, customer, language) with each item.")
        }
        let kind = try best(kinds.filter { $0.suits(log.log.quality) }, log, using: &random)
        let learner = EstimatorLearner(kind: kind, sets: .none, usesGroups: usesGroups)
        let quality = log.meanQuality
        return RoutePath(
            estimator: try learner.fit(log, using: &random), costs: try CostEstimator(log, using: &random),
            stages: StageSet(quality.indices.filter { !quality[$0].isNaN }))
    }

    /// The kind with the smallest held-out squared error.
    private func best(_ kinds: [EstimatorKind], _ log: CostedLog, using random: inout Random) throws -> EstimatorKind {
        if kinds.count == 1 { return kinds[0] }
        var best = (kind: kinds[0], error: Double.infinity)
        for kind in kinds {
            let estimates = try EstimatorLearner(kind: kind, sets: .none, usesGroups: usesGroups)
                .crossFit(log, using: &random).estimates(for: log)
            var error = 0.0
            for (cell, quality) in log.log.quality.enumerated() where !quality.isNaN {
                let miss = quality - estimates.storage[cell]
                error += miss * miss
            }
            if error < best.error { best = (kind, error) }
        }
        return best.kind
    }
}
