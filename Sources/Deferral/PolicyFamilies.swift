public import Cascades

/// The registry: every kind of policy that a file may hold, and every family that `fit` tries.
public enum PolicyFamilies {
    /// All kinds of policy, for reading policy files.
    public static let kinds: [any Policy.Type] = [
        SingleStagePolicy.self,
        MixturePolicy.self,
        CappedPolicy.self,
        ThresholdPolicy.self,
        WindowPolicy.self,
        RoutePolicy.self,
        PostHocPolicy.self,
        CascadeRoutingPolicy.self,
        OrderedCascadePolicy.self,
    ]

    /// All families with their default settings, the simplest first.
    public static var learners: [any PolicyLearner] {
        [
            SingleStageLearner(),
            ThresholdLearner(),
            WindowLearner(),
            PostHocLearner.difference,
            PostHocLearner.probability,
            PostHocLearner.confidence,
            RouterLearner.group,
            RouterLearner.linear,
            RouterLearner.trees,
            RouterLearner.clusters,
            RouterLearner.matrixFactorisation,
            RouterLearner.nearestNeighbours,
            CascadeRoutingLearner(),
        ]
    }

    /// The family called `name`.
    /// - Throws: ``DeferralError/unknownFamily(name:known:)``.
    public static func learner(named name: String) throws -> any PolicyLearner {
        guard let learner = learners.first(where: { $0.family == name }) else {
            throw DeferralError.unknownFamily(name: name, known: learners.map(\.family))
        }
        return learner
    }
}
