import Cascades
import Foundation

/// Answers to capability tasks in a JSONL file that grows while they come in, so that a run goes on where it was
/// interrupted.
///
/// A line tells the model, the task, a digest of the task's questions and of how they were put, and the answer: when a task
/// file is changed its old answers are no longer found.
public final class TaskAnswerFile {
    private struct Line: Codable {
        var model: String
        var task: String
        var digest: String
        var answer: TaskAnswer
    }

    private struct Key: Hashable {
        var model: String
        var digest: String
    }

    /// The file.
    public let path: String
    private let handle: FileHandle
    private var answers: [Key: [Int: TaskAnswer]] = [:]
    private let encoder = JSONEncoder()

    /// Opens the file at `path`, or begins it. A last line that was cut is taken off.
    /// - Throws: ``LanguageError/badBenchmark(file:place:reason:)``.
    public init(path: String) throws(LanguageError) {
        self.path = path
        func bad(_ place: String, _ reason: String) -> LanguageError {
            .badBenchmark(file: path, place: place, reason: reason)
        }
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        encoder.nonConformingFloatEncodingStrategy = .convertToString(
            positiveInfinity: "infinity", negativeInfinity: "-infinity", nan: "nan")
        let decoder = JSONDecoder()
        decoder.nonConformingFloatDecodingStrategy = .convertFromString(
            positiveInfinity: "infinity", negativeInfinity: "-infinity", nan: "nan")
        if !FileManager.default.fileExists(atPath: path), !FileManager.default.createFile(atPath: path, contents: nil) {
            throw bad("", "it can't be written")
        }
        guard let handle = FileHandle(forUpdatingAtPath: path), let data = try? handle.readToEnd() ?? Data() else {
            throw bad("", "it can't be read and written")
        }
        self.handle = handle
        let end = data.lastIndex(of: 10).map { $0 + 1 } ?? 0
        for (index, bytes) in data[..<end].split(separator: 10, omittingEmptySubsequences: false).enumerated()
        where !bytes.isEmpty {
            guard let line = try? decoder.decode(Line.self, from: Data(bytes)) else {
                throw bad("line \(index + 1)", "it is no answer to a task. Write to another file")
            }
            answers[Key(model: line.model, digest: line.digest), default: [:]][line.answer.example] = line.answer
        }
        do {
            try handle.truncate(atOffset: UInt64(end))
            try handle.seekToEnd()
        } catch { throw bad("", "it can't be written: \(error.localizedDescription)") }
    }

    deinit { try? handle.close() }

    /// The answers of `model` to `task` put as `harness` does, in the order of questions.
    public func answers(to task: CapabilityTask, by model: String, _ harness: TaskHarness) -> [TaskAnswer] {
        let known = answers[Key(model: model, digest: Self.digest(task, harness))] ?? [:]
        return known.values.sorted { $0.example < $1.example }
    }

    /// Adds an answer.
    /// - Throws: ``LanguageError/badBenchmark(file:place:reason:)``.
    public func append(
        _ answer: TaskAnswer, to task: CapabilityTask, by model: String, _ harness: TaskHarness
    ) throws(LanguageError) {
        let digest = Self.digest(task, harness)
        do {
            var data = try encoder.encode(Line(model: model, task: task.name, digest: digest, answer: answer))
            data.append(10)
            try handle.write(contentsOf: data)
        } catch {
            throw .badBenchmark(file: path, place: "", reason: "it can't be written: \(error.localizedDescription)")
        }
        answers[Key(model: model, digest: digest), default: [:]][answer.example] = answer
    }

    /// What the questions are and how they are put, in 16 digits.
    private static func digest(_ task: CapabilityTask, _ harness: TaskHarness) -> String {
        var sum = SHA256()
        let settings = [
            "\(harness.shots) \(harness.seed) \(harness.maximumTokens) \(task.showsChoices)", task.prefix,
            task.inputPrefix, task.outputPrefix, task.choicePrefix, task.separator, task.stop ?? "",
            task.outputPattern ?? "", task.metrics.map(\.rawValue).joined(separator: " "),
        ]
        for text in settings + task.examples.flatMap({ [$0.input] + $0.targets + $0.choices }) {
            sum.update(Array("\(text.utf8.count) \(text)".utf8))
        }
        return String(sum.hexadecimal.prefix(16))
    }
}
