public import Cascades
import NumericalMethods

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
    public init(_ memory: MemoryFile, limit: Int = 8, answerer: any Stage<RecalledQuestion, String>) {
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

    /// Chooses among the candidates by what came to mind; see ``RememberingChooser``.
    public static func choosing(_ model: any LanguageModel) -> RememberingChooser { RememberingChooser(model) }

    /// Writes an answer after ``prompt(_:notes:transfer:)``.
    public static func writing(_ model: any LanguageModel) -> GenerationStage<RecalledQuestion> {
        GenerationStage(model) { prompt($0) }
    }

    /// What came to mind and went well, the best last, then the question.
    /// - Parameters:
    ///   - notes: the most recollections that are told. Small models lose their way among several.
    ///   - transfer: how alike its situation must be for one to be told.
    public static func prompt(_ asked: RecalledQuestion, notes: Int = 1, transfer: Double = 0.5) -> Prompt {
        let told = verdicts(asked, transfer: transfer).filter { $0.episode.outcome > 0.5 }.prefix(notes)
        let lines = told.reversed().map { "\($0.episode.situation) \($0.episode.action).\n" }.joined()
        return .chat([
            .user(lines.isEmpty ? asked.question : "Remember:\n\(lines)\nQuestion: \(asked.question)")
        ])
    }

    /// For each action the recollection that says how it goes: the best of those in situations alike enough.
    static func verdicts(_ asked: RecalledQuestion, transfer: Double) -> [Recollection] {
        var actions: Set<String> = []
        return asked.recollections.filter { $0.relevance >= transfer && actions.insert($0.episode.action).inserted }
    }
}

/// Chooses a candidate by how much likelier the model finds it with its recollections than without, once those that failed
/// are left out.
///
///     score(c) = ln p(c | recollections, question) - ln p(c | question)
///
/// so that what the model says anyway does not drown what it was told; without recollections that went well, the
/// likeliest. A candidate failed where the recollection of it that fits best went badly; where all did none is left out.
public struct RememberingChooser: Stage {
    /// What answers.
    public let model: any LanguageModel
    /// The most recollections that the model is told.
    public var notes = 1
    /// How alike situations must be for what happened in one to count in the other, from 0 to 1.
    public var transfer = 0.5

    /// Choices by `model`.
    public init(_ model: any LanguageModel) { self.model = model }

    public var name: String { model.name }
    public var evidenceNames: [String] { Evidence.classProbabilityNames }

    public func answer(_ asked: RecalledQuestion) async throws -> Answer<String> {
        guard !asked.candidates.isEmpty else {
            throw LanguageError.improperParameter(name: "candidates", value: "none", expected: "one at least")
        }
        let failed = Set(
            MemoryAgent.verdicts(asked, transfer: transfer).filter { $0.episode.outcome < 0.5 }.map(\.episode.action))
        let open = asked.candidates.filter { !failed.contains($0) }
        let candidates = open.isEmpty ? asked.candidates : open
        var plain = asked
        plain.recollections = []
        let prompt = MemoryAgent.prompt(asked, notes: notes, transfer: transfer)
        var (scores, cost) = try await self.scores(candidates, prompt)
        if prompt != MemoryAgent.prompt(plain) {
            let (before, further) = try await self.scores(candidates, MemoryAgent.prompt(plain))
            scores = zip(scores, before).map { $0 - $1 }
            cost += further
        }
        let best = scores.indices.max { scores[$0] < scores[$1] } ?? 0
        return Answer(
            candidates[best], evidence: try Evidence.classProbabilities(softmax(scores)), cost: cost,
            logScore: scores[best] - logSumExp(scores))
    }

    private func scores(_ candidates: [String], _ prompt: Prompt) async throws -> ([Double], Cost) {
        let found = try await model.scores(of: candidates.map(prompt.continuation), after: prompt)
        return (
            try found.logProbabilities.map { value throws(LanguageError) in try known(value, model) },
            model.cost(of: found)
        )
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
