import Cascades
import Foundation

/// Answers to questions of which another stage failed: kept beside the log, `PATH.unfinished`, so that the next run asks, and
/// pays, only what is missing. A line each; the file goes when all its questions are recorded.
final class KeptAnswers {
    private struct Line: Codable {
        var id: String
        var stage: String
        /// What the question and the stage's columns were: an answer to another text is none to this one.
        var question: String
        var answer: String?
        var evidence: [String: Double]
        var cost: Cost
    }

    private let path: String
    private var lines: [String: [String: Line]] = [:]
    private var isFileThere: Bool

    /// Reads what an earlier run kept beside the log at `log`; a line that a crash cut is left out.
    init(besides log: String) {
        path = log + ".unfinished"
        let data = FileManager.default.contents(atPath: path)
        isFileThere = data != nil
        for text in (data ?? Data()).split(separator: UInt8(ascii: "\n")) {
            guard let line = try? Self.decoder.decode(Line.self, from: Data(text)) else { continue }
            lines[line.id, default: [:]][line.stage] = line
        }
    }

    /// What `stage` answered to `question` in an earlier run.
    func run(of question: Question, by stage: StageSchema) -> Run<String>? {
        guard let line = lines[question.id]?[stage.name], line.question == question.input,
            Set(line.evidence.keys) == Set(stage.evidence)
        else { return nil }
        return Run(
            decision: Decision(line.answer),
            evidence: Evidence(names: stage.evidence, values: stage.evidence.map { line.evidence[$0] ?? .nan }),
            cost: line.cost)
    }

    /// Keeps what the stages of `runs` answered to `question`.
    /// - Throws: ``LogError/unwritable(file:reason:)``.
    func keep(_ question: Question, _ runs: [(stage: StageSchema, run: Run<String>)]) throws {
        var text = Data()
        for (stage, run) in runs where lines[question.id]?[stage.name]?.question != question.input {
            let line = Line(
                id: question.id, stage: stage.name, question: question.input, answer: run.decision.output,
                evidence: Dictionary(zip(run.evidence.names, run.evidence.values)) { first, _ in first }, cost: run.cost
            )
            lines[question.id, default: [:]][stage.name] = line
            text += try Self.encoder.encode(line) + [UInt8(ascii: "\n")]
        }
        guard !text.isEmpty else { return }
        do {
            if !isFileThere {
                try Data().write(to: URL(fileURLWithPath: path))
                isFileThere = true
            }
            let file = try FileHandle(forUpdating: URL(fileURLWithPath: path))
            defer { try? file.close() }
            // A line that a crash cut must not take this one with it.
            if try file.seekToEnd() > 0 { text.insert(UInt8(ascii: "\n"), at: 0) }
            try file.write(contentsOf: text)
            try file.synchronize()
        } catch {
            throw LogError.unwritable(file: path, reason: error.localizedDescription)
        }
    }

    /// Removes the file where the log holds all its questions.
    func finish(recorded: Set<String>) {
        guard isFileThere, lines.keys.allSatisfy(recorded.contains) else { return }
        try? FileManager.default.removeItem(atPath: path)
        isFileThere = false
    }

    private static var encoder: JSONEncoder {
        let encoder = JSONEncoder()
        encoder.nonConformingFloatEncodingStrategy = .convertToString(
            positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
        return encoder
    }

    private static var decoder: JSONDecoder {
        let decoder = JSONDecoder()
        decoder.nonConformingFloatDecodingStrategy = .convertFromString(
            positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
        return decoder
    }
}
