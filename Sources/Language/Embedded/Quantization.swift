import CLlama
import Foundation
import Probability

extension EmbeddedModel {
    /// The forms that weights can be brought into.
    public enum Quantization: String, Sendable, Hashable, Codable, CaseIterable {
        case q2K = "Q2_K"
        case q3KSmall = "Q3_K_S"
        case q4Zero = "Q4_0"
        case q4One = "Q4_1"
        case q8Zero = "Q8_0"

        var fileType: llama_ftype {
            switch self {
            case .q2K: LLAMA_FTYPE_MOSTLY_Q2_K
            case .q3KSmall: LLAMA_FTYPE_MOSTLY_Q3_K_S
            case .q4Zero: LLAMA_FTYPE_MOSTLY_Q4_0
            case .q4One: LLAMA_FTYPE_MOSTLY_Q4_1
            case .q8Zero: LLAMA_FTYPE_MOSTLY_Q8_0
            }
        }
    }

    /// Writes the model at `path` in another form to `destination`: a smaller and worse model with the same vocabulary, a
    /// draft for the first one. The file gets its name once it is whole.
    ///
    /// What is quantised already loses once more.
    /// - Throws: ``LanguageError/badModel(path:reason:remedy:)``.
    public static func quantize(
        _ path: String, to destination: String, as form: Quantization, threads: Int = 1
    ) throws(LanguageError) {
        _ = try GGUFHeader(path: path)
        LlamaLibrary.start()
        _ = LlamaLibrary.takeComplaints()
        var parameters = llama_model_quantize_default_params()
        parameters.ftype = form.fileType
        parameters.allow_requantize = true
        parameters.nthread = Int32(threads)
        let part = destination + ".part-\(ProcessInfo.processInfo.processIdentifier)"
        let code = llama_model_quantize(path, part, &parameters)
        do {
            guard code == 0 else { throw CocoaError(.fileWriteUnknown) }
            _ = try? FileManager.default.removeItem(atPath: destination)
            try FileManager.default.moveItem(atPath: part, toPath: destination)
        } catch {
            try? FileManager.default.removeItem(atPath: part)
            throw .badModel(
                path: path,
                reason:
                    "it can't be written as \(form.rawValue) to \(destination) (code \(code)): \(LlamaLibrary.takeComplaints())",
                remedy: "See that there is room on the disk and that the folder can be written to.")
        }
    }

    /// The logits after each of `tokens`, `[tokens, vocabulary]`, in a context made for this alone.
    /// - Throws: ``LanguageError``.
    public func logits(afterEachOf tokens: [Token], threads: Int = 1) throws(LanguageError) -> LogitRows {
        let engine = try DecodeEngine(
            self, ContextConfiguration(cells: tokens.count, sequences: 1, batch: 32, threads: threads))
        let sequence = try engine.open(tokens)
        return try engine.logits([DecodeEngine.Want(sequence: sequence, rows: tokens.count)])
    }

    /// A text of `count` tokens drawn from the model after `prompt`, in a context made for this alone.
    /// - Throws: ``LanguageError``.
    public func tokens(
        drawnAfter prompt: [Token], count: Int, sampling: SamplingParameters, seed: UInt64, threads: Int = 1
    ) throws(LanguageError) -> [Token] {
        let engine = try DecodeEngine(
            self, ContextConfiguration(cells: prompt.count + count, sequences: 1, batch: 32, threads: threads))
        let sequence = try engine.open(prompt)
        var sampler = try TokenSampler(sampling)
        var random = Random(seed: seed)
        var text: [Token] = []
        while text.count < count {
            let row = try engine.logits([DecodeEngine.Want(sequence: sequence)])
            let token = try sampler.draw(logits: row[0], history: prompt + text, using: &random)
            if endsGeneration(token) { break }
            text.append(token)
            try engine.append([token], to: sequence)
        }
        return text
    }
}
