public import Cascades

/// A question with what came to mind.
public struct RecalledQuestion: Sendable, Hashable {
    /// The question.
    public var question: String
    /// The answers to choose from; none where one is written.
    public var candidates: [String]
    /// What came to mind, the best first.
    public var recollections: [Recollection]

    /// A question.
    public init(_ question: String, candidates: [String] = [], recollections: [Recollection] = []) {
        self.question = question
        self.candidates = candidates
        self.recollections = recollections
    }
}

/// An agent that looks into its memory before it answers, and writes into it what came of the answer.
///
///     let agent = MemoryAgent(memory, answerer: MemoryAgent.choosing(model))
///     let answer = try await agent.stage.answer(RecalledQuestion("Which colour does Ada like?", candidates: colours))
///     try agent.learn("Which colour does Ada like?", answer: answer.output, outcome: 1)
///
/// Between two lessons it is a program like any other: it asks its memory at `"recall"` and the model at `"answer"`, so that
/// a trace holds what it remembered.
public struct MemoryAgent: Sendable {
    /// What it remembers.
    public let memory: MemoryFile
    /// What answers, given what came to mind.
    public let answerer: any Stage<RecalledQuestion, String>
    /// How many episodes come to mind; 0 for an agent that remembers nothing.
    public var limit: Int

    /// An agent whose answers come from `answerer`.
    public init(_ memory: MemoryFile, limit: Int = 4, answerer: any Stage<RecalledQuestion, String>) {
        self.memory = memory
        self.limit = limit
        self.answerer = answerer
    }

    /// Remembers and answers.
    public var program: Program<RecalledQuestion, String> {
        let (recall, answerer) = (RecallStage(memory: memory, limit: limit), answerer)
        return Program { scope, input in
            var asked = input
            asked.recollections = try await scope.ask("recall", recall, input.question).output
            return try await open(scope, answerer, asked)
        }
    }

    /// The agent as a stage.
    public var stage: ProgramStage<RecalledQuestion, String> {
        ProgramStage("\(answerer.name) with memory", program, seed: 0)
    }

    /// Writes into the memory what came of an answer.
    /// - Parameter outcome: from 0 (wrong) to 1 (right).
    @discardableResult
    public func learn(_ question: String, answer: String, outcome: Double) throws -> EpisodicMemory.Change {
        try memory.write(Episode(situation: question, action: answer, outcome: outcome))
    }

    /// Chooses the likeliest candidate after ``conversation(_:)``.
    public static func choosing(_ model: any LanguageModel) -> LabelStage<RecalledQuestion> {
        LabelStage(model, labelsOf: \.candidates) { .chat(conversation($0)) }
    }

    /// Writes an answer after ``conversation(_:)``.
    public static func writing(_ model: any LanguageModel) -> GenerationStage<RecalledQuestion> {
        GenerationStage(model) { .chat(conversation($0)) }
    }

    /// What came to mind as turns of a conversation, the best last: answers that were right as the agent's own; those that
    /// were wrong, corrected; then the question.
    public static func conversation(_ asked: RecalledQuestion) -> [ChatMessage] {
        var messages: [ChatMessage] = []
        for recollection in asked.recollections.reversed() {
            let episode = recollection.episode
            messages.append(.user(episode.situation))
            messages.append(
                .assistant(episode.outcome >= 0.5 ? episode.action : "Not \(episode.action)."))
        }
        return messages + [.user(asked.question)]
    }
}

private func open(
    _ scope: Scope, _ stage: some Stage<RecalledQuestion, String>, _ input: RecalledQuestion
) async throws -> String {
    try await scope.ask("answer", stage, input).output
}

/// Looking into a memory as a stage.
private struct RecallStage: Stage {
    let memory: MemoryFile
    let limit: Int
    var name: String { "memory" }
    var evidenceNames: [String] { ["recalled", "topScore"] }

    func answer(_ question: String) async throws -> Answer<[Recollection]> {
        let found = limit > 0 ? try memory.recall(question, limit: limit) : []
        return Answer(
            found, evidence: ["recalled": Double(found.count), "topScore": found.first?.score ?? .nan])
    }
}
