import Catalog
import Language
import Testing

/// The quick runs of experiments with seed 1, each made once for all tests that look at it.
actor QuickRuns {
    private static let shared = QuickRuns()
    private var runs: [String: Task<Findings, any Error>] = [:]

    /// The findings of the experiment called `id`. A test that asks for them is left out where its model's file is missing.
    static func findings(_ id: String) async throws -> Findings {
        do {
            return try await shared.run(try Experiments.named(id)).value
        } catch {
            guard case .missingModel(let name, let remedy)? = error as? LanguageError else { throw error }
            try Test.cancel("\(name) is not on this machine. \(remedy)")
        }
    }

    private func run(_ experiment: any Experiment) -> Task<Findings, any Error> {
        if let run = runs[experiment.id] { return run }
        let run = Task { try await experiment.run(ExperimentContext(size: .quick, seed: 1)) }
        runs[experiment.id] = run
        return run
    }
}
