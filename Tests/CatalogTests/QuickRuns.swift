import Catalog

/// The quick runs of experiments with seed 1, each made once for all tests that look at it.
actor QuickRuns {
    private static let shared = QuickRuns()
    private var runs: [String: Task<Findings, any Error>] = [:]

    /// The findings of the experiment called `id`.
    static func findings(_ id: String) async throws -> Findings {
        try await shared.run(try Experiments.named(id)).value
    }

    private func run(_ experiment: any Experiment) -> Task<Findings, any Error> {
        if let run = runs[experiment.id] { return run }
        let run = Task { try await experiment.run(ExperimentContext(size: .quick, seed: 1)) }
        runs[experiment.id] = run
        return run
    }
}
