import Foundation
import Testing

@testable import Language

@Suite struct `a task harness` {
    /// Likes choices by their number of letters, and writes the word after the last one with a tail.
    static let model = TableModel(
        write: { request in
            guard case .text(let prompt) = request.prompt else { return [] }
            return [GeneratedToken(prompt.contains("hot") ? " cold." : " down", 0.5)]
        },
        logProbability: { continuation, prompt in
            guard case .text(let text) = prompt, !text.hasSuffix(" ") else { return .nan }
            // The space at the prompt's end belongs to the continuation.
            return continuation.hasPrefix(" ") ? Double(continuation.count) * log(2) : -100
        })

    @Test func `asks for choices and texts, and scores both`() async throws {
        let task = try `capability tasks`.task()
        let answers = try await TaskHarness().answers(to: task, by: Self.model)
        #expect(answers.map(\.text) == ["cold.", "down", "down"])
        #expect(answers[0].choices == [5 * log(2), 5 * log(2)])
        let scores = try TaskScores(task, answers)
        // Ties of right and wrong are half right; the longest of three is a right one.
        #expect(try TaskScores.values(of: .multipleChoiceGrade, task, answers) == [0.5, 0.5, 1])
        #expect(try TaskScores.values(of: .exactMatch, task, answers) == [0, 1, 0])
        #expect(abs(scores.preferred.value - 1.0 / 3) < 1e-12 && scores.preferred.metric == .exactMatch)
        #expect(abs(try #require(scores.preferred.normalized) - 100.0 / 3) < 1e-9)
        #expect(abs(try #require(scores.preferred.standardError) - 1.0 / 3) < 1e-12)
        let low = (0.5 + 0.5 + 2.0 / 3) / 3
        let grade = try #require(scores[.multipleChoiceGrade]?.normalized)
        let expected = 100 * (2.0 / 3 - low) / (1 - low)
        #expect(abs(grade - expected) < 1e-9)
    }

    @Test func `asks a scripted model the same way`() async throws {
        let task = try `capability tasks`.task()
        let model = ScriptedLanguageModel(rules: [
            .when(
                .containing("hot"), say: ScriptedAnswer("cold", probability: 0.8),
                ScriptedAnswer("warm", probability: 0.2)),
            .when(.containing("up"), say: ScriptedAnswer("left", probability: 1)),
            .when(
                .containing("big"), say: ScriptedAnswer("small", probability: 0.6),
                ScriptedAnswer("red", probability: 0.4)),
        ])
        let answers = try await TaskHarness().answers(to: task, by: model)
        #expect(answers.map(\.text) == ["cold", "left", "small"])
        #expect(try TaskScores.values(of: .multipleChoiceGrade, task, answers) == [1, 0, 1])
        #expect(try TaskScores.values(of: .exactMatch, task, answers) == [1, 0, 1])
        #expect(answers[2].choices?[1] == -.infinity)
    }

    @Test func `takes the part of an answer that the task's expression matches`() throws {
        var task = try `capability tasks`.task()
        #expect(try TaskHarness.extract(" cold. ", by: task) == "cold.")
        task.outputPattern = "[^\\.\\?\\!\\;\\n]+"
        #expect(try TaskHarness.extract(" cold. And", by: task) == "cold")
        task.outputPattern = "[0-9]+"
        #expect(try TaskHarness.extract(" cold", by: task) == "")
    }

    @Test func `goes on past a question that is too long, and not past a model that tells nothing`() async throws {
        let task = try `capability tasks`.task()
        var model = Self.model
        model.logProbability = { continuation, prompt in
            guard prompt != .text("Opposites.\nup ->") else {
                throw LanguageError.contextOverflow(model: "table", tokens: 9, limit: 8)
            }
            return -1
        }
        let answers = try await TaskHarness().answers(to: task, by: model)
        #expect(answers.map { $0.refusal == nil } == [true, false, true])
        let scores = try TaskScores(task, answers)
        #expect(scores.answered == 2 && scores.refused == 1)
        model.logProbability = { _, _ in .nan }
        await #expect(throws: LanguageError.self) { try await TaskHarness().answers(to: task, by: model) }
    }

    @Test func `measures calibration over choices`() throws {
        var task = try `capability tasks`.task()
        task.metrics = [.brierScore, .calibrationError]
        task.preferred = .brierScore
        task.examples = [
            CapabilityTask.Example(input: "a", choices: ["x", "y"], scores: [1, 0]),
            CapabilityTask.Example(input: "b", choices: ["x", "y"], scores: [0, 2]),
        ]
        var answers = [TaskAnswer(example: 0), TaskAnswer(example: 1)]
        answers[0].choices = [log(0.9) - 5, log(0.1) - 5]
        answers[1].choices = [log(0.6) - 7, log(0.4) - 7]
        let scores = try TaskScores(task, answers)
        // (0.01 + 0.36) / 2, where even guesses have 0.25.
        #expect(abs(scores.preferred.value - 0.185) < 1e-12)
        let normalized = try #require(scores.preferred.normalized)
        #expect(abs(normalized - 26) < 1e-9)
        // Four choices in four bins: |0.9 - 1|, |0.1 - 0|, |0.6 - 0|, |0.4 - 1|.
        let error = try #require(scores[.calibrationError]?.value)
        #expect(abs(error - 0.35) < 1e-12)
    }

    @Test func `keeps answers in a file and goes on with it`() async throws {
        let path = NSTemporaryDirectory() + "answers-\(ProcessInfo.processInfo.processIdentifier).jsonl"
        defer { try? FileManager.default.removeItem(atPath: path) }
        var task = try `capability tasks`.task()
        let harness = TaskHarness(shots: 1)
        func run() async throws -> [TaskAnswer] {
            let file = try TaskAnswerFile(path: path)
            let known = file.answers(to: task, by: "table", harness)
            let left = task.examples.indices.filter { index in !known.contains { $0.example == index } }
            return try await harness.answers(to: task, by: Self.model, questions: left) {
                try file.append($0, to: task, by: "table", harness)
            }
        }
        let first = try await run()
        #expect(first.count == 3)
        #expect(try TaskAnswerFile(path: path).answers(to: task, by: "table", harness) == first)
        // Cut in the last line: that question is asked again.
        let whole = try Data(contentsOf: URL(fileURLWithPath: path))
        try whole.dropLast(10).write(to: URL(fileURLWithPath: path))
        #expect(try await run().map(\.example) == [2])
        #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == whole)
        #expect(try TaskAnswerFile(path: path).answers(to: task, by: "table", TaskHarness(shots: 2)).isEmpty)
        task.examples[0].input = "changed"
        #expect(try TaskAnswerFile(path: path).answers(to: task, by: "table", harness).isEmpty)
        try Data("x\n".utf8).write(to: URL(fileURLWithPath: path))
        let error = #expect(throws: LanguageError.self) { try TaskAnswerFile(path: path) }
        #expect("\(try #require(error))".contains("line 1"))
    }
}
