import Foundation
public import NumericalMethods

/// Asks a language model the questions of capability tasks.
///
///     let task = try CapabilityTask.read(from: "Examples/CapabilityTasks/opposites/task.json")[0]
///     let answers = try await TaskHarness(shots: 2).answers(to: task, by: model)
///     print(try TaskScores(task, answers).preferred.value)
///
/// The model goes on from plain text, whatever its template. Spaces at a prompt's end are read as the beginning of the
/// answer: the text is the same, and tokens of whole words are used for it.
public struct TaskHarness: Sendable {
    /// Answered examples before each question.
    public var shots: Int
    /// Chooses them, and the order of choices.
    public var seed: UInt64
    /// The most tokens of a written answer.
    public var maximumTokens: Int

    /// A harness with so many answered examples before each question.
    public init(shots: Int = 0, seed: UInt64 = 0, maximumTokens: Int = 32) {
        self.shots = shots
        self.seed = seed
        self.maximumTokens = maximumTokens
    }

    /// Answers to `questions` of `task`, all where they are nil, one after the other.
    ///
    /// A question that the model can't take, such as one longer than its context, is answered by the reason.
    /// - Parameter each: told every answer as it comes.
    /// - Throws: ``LanguageError``, or `CancellationError`.
    public func answers(
        to task: CapabilityTask, by model: any LanguageModel, questions: [Int]? = nil,
        progress: ProgressReporter = .none, each: (TaskAnswer) throws -> Void = { _ in }
    ) async throws -> [TaskAnswer] {
        let prompts = try CapabilityPrompts(task, shots: shots, seed: seed)
        let questions = questions ?? Array(task.examples.indices)
        let tracker = progress.begin("\(task.name), \(model.name)", total: questions.count)
        defer { tracker.finish() }
        var answers: [TaskAnswer] = []
        for question in questions {
            try Task.checkCancellation()
            var answer = TaskAnswer(example: question)
            do {
                answer = try await self.answer(question, prompts, model)
            } catch let error as LanguageError {
                guard case .contextOverflow = error else { throw error }
                answer.refusal = "\(error)"
            }
            try each(answer)
            answers.append(answer)
            tracker.advance()
        }
        return answers
    }

    private func answer(
        _ question: Int, _ prompts: CapabilityPrompts, _ model: any LanguageModel
    ) async throws -> TaskAnswer {
        let task = prompts.task
        let example = task.examples[question]
        let whole = prompts.prompt(question)
        let space = String(whole.reversed().prefix { $0 == " " })
        let prompt = Prompt.text(String(whole.dropLast(space.count)))
        var answer = TaskAnswer(example: question)
        // Choices and targets in one reading of the prompt.
        let choices = task.needsChoices ? example.choices : []
        let targets = task.needsTargets ? example.targets : []
        if !choices.isEmpty || !targets.isEmpty {
            let values = try await model.logProbabilities(
                of: (choices + targets).map { space + $0 }, after: prompt)
            if !choices.isEmpty { answer.choices = Array(values.prefix(choices.count)) }
            if !targets.isEmpty { answer.targets = Array(values.dropFirst(choices.count)) }
        }
        if task.needsText {
            let request = GenerationRequest(
                prompt, sampling: .greedy, maximumTokens: maximumTokens, stops: [task.stop ?? "\n"], seed: seed)
            let text = try await model.generate(request).text
            answer.text = try Self.extract(text, by: task)
        }
        return answer
    }

    /// What of `text` counts as the answer.
    static func extract(_ text: String, by task: CapabilityTask) throws(LanguageError) -> String {
        var part = Substring(text)
        if let pattern = task.outputPattern {
            guard let expression = try? Regex(pattern) else {
                throw .badBenchmark(file: task.name, place: "", reason: "'output_regex' is no regular expression")
            }
            part = part.firstMatch(of: expression)?[0].substring ?? ""
        }
        return part.trimmingCharacters(in: .whitespacesAndNewlines)
    }
}

/// What a model said to a question of a task.
public struct TaskAnswer: Sendable, Hashable, Codable {
    /// The question's place in its task.
    public var example: Int
    /// The log-probability of each choice in nats; nil where nobody asked.
    public var choices: [Double]?
    /// The log-probability of each target in nats; nil where nobody asked.
    public var targets: [Double]?
    /// What the model wrote, cut down to what counts; nil where nobody asked.
    public var text: String?
    /// Why there is no answer.
    public var refusal: String?

    /// No answer yet.
    public init(example: Int) { self.example = example }
}
