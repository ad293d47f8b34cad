import Catalog

/// The quick run of every experiment with seed 1, made once for all tests.
enum QuickRuns {
    private static let all: [String: Result<Findings, any Error>] = Dictionary(
        uniqueKeysWithValues: Experiments.all.map { experiment in
            (experiment.id, Result { try experiment.run(ExperimentContext(size: .quick, seed: 1)) })
        })

    /// The findings of the experiment called `id`.
    static func findings(_ id: String) throws -> Findings {
        guard let result = all[id] else { throw CatalogError.unknownExperiment(id: id, nearest: []) }
        return try result.get()
    }
}
