import Foundation
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
        var path = try ModelStore().path(of: name)
        if let form { path = try quantized(path, as: form) }
        return try EmbeddedLanguageModel(
            path: path, name: form.map { "\(name) \($0.rawValue)" } ?? name,
            context: ContextConfiguration(cells: cells, sequences: sequences, threads: 1))
    }

    /// The path of the weights at `path` in another form; beside them where that can be written to, else in the folder for
    /// temporary files.
    static func quantized(_ path: String, as form: EmbeddedModel.Quantization) throws -> String {
        let real = URL(fileURLWithPath: path).resolvingSymlinksInPath()
        let file = "\(real.deletingPathExtension().lastPathComponent).as-\(form.rawValue).gguf"
        let folder = real.deletingLastPathComponent().path
        let folders = FileManager.default.isWritableFile(atPath: folder) ? [folder] : [folder, NSTemporaryDirectory()]
        for folder in folders where FileManager.default.fileExists(atPath: "\(folder)/\(file)") {
            return "\(folder)/\(file)"
        }
        let place = "\(folders.last!)/\(file)"
        try EmbeddedModel.quantize(path, to: place, as: form)
        return place
    }
}
