public import Cascades
import Inference
public import Probability

/// The programs of this folder by name, with examples of their own.
///
/// The examples are short questions with short answers, sums above all, and for ``selectionInference`` facts with a question
/// about them: a question of another kind may need a program with examples of its kind. Each runs over any model:
///
/// - It is asked in a conversation where it may not go on from a plain text (``ModelCapabilities/completesText``).
/// - Choices and verdicts are exact where the model scores given texts, and else made in writing, as
///   ``WrittenChoiceStage`` says; notes of the result tell.
/// - ``star`` without labels scores right answers as lines, or counts runs that give them, and answers in its own words.
///
///     let answer = try await NamedProgram.tools.answer("What is 17 times 23?", model: model, using: &random)
///     print(answer.text)   // 391
public enum NamedProgram: String, Sendable, CaseIterable {
    case scratchpad
    case chainOfThought = "chain-of-thought"
    case selfConsistency = "self-consistency"
    case verifier
    case leastToMost = "least-to-most"
    case selectionInference = "selection-inference"
    case star
    case tools
    case treeSearch = "tree-search"

    /// What it does, in a sentence.
    public var summary: String {
        switch self {
        case .scratchpad: "works line by line, then answers"
        case .chainOfThought: "thinks once, then answers"
        case .selfConsistency: "thinks and answers several times; the answers vote"
        case .verifier: "answers several times; each answer weighs as much as the model finds it right"
        case .leastToMost: "takes the question apart, answers the parts in order, then the question"
        case .selectionInference:
            "selects among given facts, infers another one, then answers: facts first, the question last"
        case .star:
            "teaches itself to think on questions with answers, then thinks with its own best thoughts as examples"
        case .tools: "writes a calculation, which a calculator works out exactly"
        case .treeSearch: "searches over steps, guided by what the model finds right in the end"
        }
    }

    /// How a named program is asked.
    public struct Settings: Sendable {
        /// How often it runs, or how many simulations a search makes.
        public var samples = 8
        /// How many runs go on at once.
        public var concurrency = 8
        /// The answers to choose from; nil for the model's own words.
        public var labels: [String]?
        /// Questions with answers: what ``NamedProgram/star`` learns from. Its own where there are none.
        public var problems: [SelfTaughtReasoner.Problem] = []
        /// Whether the model is asked in conversations; nil asks so where it may not go on from a plain text.
        public var chat: Bool?
        /// How tokens are drawn where a program runs once.
        public var sampling = SamplingParameters.greedy

        /// The usual.
        public init() {}
    }

    /// What a named program came to.
    public struct Result: Sendable {
        /// The answer.
        public var text: String
        /// Its share of the runs' weight, where several runs voted.
        public var share: Double?
        /// How it came about; of several runs, the one with the most weight that came to it.
        public var trace: ProgramTrace?
        /// What else there is to say: other answers, what a search or a loop did.
        public var notes: [String] = []
        /// What all runs took.
        public var spent = Cost.zero
    }

    /// Asks the program.
    /// - Throws: what the model throws.
    public func answer(
        _ question: String, model: any LanguageModel, settings: Settings = Settings(), using random: inout Random
    ) async throws -> Result {
        let tallied = TalliedLanguageModel(model)
        let parts = ProgramParts(model: tallied, settings: settings)
        var result: Result
        switch self {
        case .scratchpad, .chainOfThought, .leastToMost, .selectionInference, .tools:
            let run = try await parts.program(self).record(question, using: &random)
            result = Result(text: run.output, trace: run.trace)
        case .selfConsistency, .verifier: result = try await vote(parts.program(self), question, settings, &random)
        case .star: result = try await learn(parts, question, &random)
        case .treeSearch: result = try await search(parts, question, settings, &random)
        }
        result.spent = tallied.spent
        if !model.capabilities.serve(.scoring), settings.labels != nil || chooses {
            result.notes.append(
                model.capabilities.probabilities >= .topTokens(2)
                    ? "\(model.name) can't score given texts: choices were read from its likeliest tokens, or its replies"
                    : "\(model.name) can't score given texts: choices were read from its replies")
        }
        return result
    }

    /// Whether it has the model choose or judge.
    private var chooses: Bool { [.verifier, .selectionInference, .treeSearch].contains(self) }

    private func vote(
        _ program: QuestionProgram, _ question: String, _ settings: Settings, _ random: inout Random
    ) async throws -> Result {
        let votes = try await SelfConsistency(program, samples: settings.samples, concurrency: settings.concurrency)
            .vote(question, using: &random)
        let notes = votes.answers.map { "\(percent($0.share)) \($0.text)" }
        return Result(
            text: votes.winner.text, share: votes.winner.share, trace: votes.winner.run.trace, notes: notes)
    }

    private func learn(
        _ parts: ProgramParts, _ question: String, _ random: inout Random
    ) async throws -> Result {
        let loop = parts.reasoner()
        var state = try await loop.start()
        var notes = ["ln p of the right answers: \(state.logLikelihood.short) without thoughts"]
        for _ in 0..<2 {
            let info = try await loop.step(&state, using: &random)
            notes.append(
                "step \(state.steps): \(info.solved) solved, \(info.rationalised) rationalised; ln p \(state.logLikelihood.short)"
            )
        }
        for rationale in state.shown {
            notes.append(
                "shown: \(loop.problems[rationale.problem].question) \(rationale.thought) \(loop.problems[rationale.problem].answer)"
            )
        }
        let taught = parts.chain(loop.shownFields(state), often: false)
        let run = try await taught.program.record(question, using: &random)
        return Result(text: run.output, trace: run.trace, notes: notes)
    }

    private func search(
        _ parts: ProgramParts, _ question: String, _ settings: Settings, _ random: inout Random
    ) async throws -> Result {
        let search = try TreeSearch(parts.space())
        let tree = try await search.run(
            ReasoningState(question: question), simulations: settings.samples, using: &random)
        let path = tree.mostVisitedPath
        let end = try await search.space.likeliest(tree.nodes[path[path.count - 1]].state)
        let notes = path.dropFirst().map { index in
            let node = tree.nodes[index]
            return
                "\(node.visits) of \(settings.samples) simulations, value \(node.mean.short): \(node.state.fields.last?.text ?? "")"
        }
        return Result(text: end.answer ?? "", notes: notes)
    }
}

private func percent(_ share: Double) -> String { "\(Int((100 * share).rounded()))%" }

extension Double {
    /// Three decimals.
    fileprivate var short: String { "\((self * 1000).rounded() / 1000)" }
}
