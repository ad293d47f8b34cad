/// The registry: every experiment of the catalog.
public enum Experiments {
    /// All experiments, in the order of the list of systems.
    public static let all: [any Experiment] = [
        ConfidenceDeferral(),
        WindowEarlyExit(),
        NineTips(),
        CompactCascade(),
        CascadeRoutingExperiment(),
        OpenGames(),
        CategoricalLikelihood(),
        DelayedTrace(),
        ConditionalRandomFields(),
        SelfRepellentTokens(),
        ItoChainRates(),
        NestedRates(),
        GuidedModels(),
        HiddenMarkovCoverage(),
        MultiDraftSpeculation(),
        LanguageModelCascades(),
        SlowThinking(),
        HierarchicalRetrieval(),
        GroundedDialogue(),
        LongTermMemory(),
        AgentFunctions(),
        CapabilityHarness(),
        RewardBench(),
        PopulationStudies(),
    ]

    /// The experiment called `id`.
    /// - Throws: ``CatalogError/unknownExperiment(id:nearest:)``.
    public static func named(_ id: String) throws -> any Experiment {
        guard let experiment = all.first(where: { $0.id == id }) else {
            let nearest = all.map(\.id).filter { $0.contains(id) || id.contains($0) }
            throw CatalogError.unknownExperiment(id: id, nearest: nearest)
        }
        return experiment
    }
}
