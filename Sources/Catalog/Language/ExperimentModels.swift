import Language

/// The language models that experiments run on: those that `cascade models get` brings, and smaller forms of them.
enum ExperimentModels {
    /// The model called `name`.
    ///
    /// It computes on one thread and its texts share one cache: findings stay the same on any machine load.
    /// - Parameters:
    ///   - form: weights with fewer bits, made once from the model's own and kept beside them; nil for its own.
    ///   - cells: the tokens that all texts at work may have together.
    ///   - sequences: how many texts are kept for their beginnings.
    /// - Throws: `LanguageError`, with what to run where the model is not on this machine.
    static func load(
        _ name: String = "smollm2-135m", as form: EmbeddedModel.Quantization? = nil, cells: Int = 4096,
        sequences: Int = 32
    ) throws -> EmbeddedLanguageModel {
        let path = try ModelStore().path(of: name, as: form)
        return try EmbeddedLanguageModel(
            path: path, name: form.map { "\(name) \($0.rawValue)" } ?? name,
            context: ContextConfiguration(cells: cells, sequences: sequences, threads: 1))
    }
}
