public import Cascades
import NumericalMethods

/// Answers from a document in two stages: first the span, then the response given the span; or, to compare, in one, given
/// the whole document.
///
///     let responder = GroundedResponder(model, grounding: .spans(ranker, top: 3))
///     let reply = try await responder.choosing.stage("library", seed: 0).answer(turn).output
///
/// With the likeliest spans s, their probabilities brought to a sum of 1, the response r has
///
///     p(r) = Σ_s p(s | dialogue) p(r | s, dialogue)
///
/// - Source: Daheim et al., 2021 (paper 179): the response is grounded on the predicted span instead of the document. Adding
///   up over spans is the retrieval-augmented marginal of Lewis et al., 2020.
public struct GroundedResponder: Sendable {
    /// What a response is grounded on.
    public enum Grounding: Sendable {
        /// All of the document.
        case document
        /// The likeliest spans: one, or a mixture of several.
        case spans(SpanRanker, top: Int)
    }

    /// What came of a turn.
    public struct Reply: Sendable, Hashable {
        /// The response.
        public var text: String
        /// Log-probabilities in nats of the candidates, `[candidates]`; of the response alone where it was written, `NaN` where
        /// the model does not tell.
        public var logProbabilities: [Double]
        /// The spans it rests on, the likeliest first; none for the whole document.
        public var spans: [RankedSpan]
    }

    /// What responds.
    public let model: any LanguageModel
    /// What it is given.
    public let grounding: Grounding
    /// How it is given: the text and the dialogue as a prompt.
    public var prompt: @Sendable (_ text: String, _ dialogue: [ChatMessage]) -> Prompt
    /// The most tokens of a response that is written.
    public var maximumTokens = 64

    /// A responder by `model`.
    public init(
        _ model: any LanguageModel, grounding: Grounding,
        prompt: @escaping @Sendable (_ text: String, _ dialogue: [ChatMessage]) -> Prompt = Self.chat
    ) {
        self.model = model
        self.grounding = grounding
        self.prompt = prompt
    }

    /// The text as what the model is told, then the dialogue.
    public static let chat: @Sendable (String, [ChatMessage]) -> Prompt = { text, dialogue in
        .chat([.system("Answer from this text.\n\(text)")] + dialogue)
    }

    /// The text and the dialogue as plain text, for models that know no conversations.
    public static let plain: @Sendable (String, [ChatMessage]) -> Prompt = { text, dialogue in
        let turns = dialogue.map { "\($0.role == "user" ? "Question" : "Answer"): \($0.content)\n" }
        return .text("\(text)\n\n\(turns.joined())Answer:")
    }

    /// Chooses the likeliest of the turn's candidates: asks `"span"`, then `"response"` once a span.
    public var choosing: Program<GroundedTurn, Reply> {
        let responder = self
        let scorer = CandidateScorer(model: model, prompt: prompt)
        return Program { scope, turn in
            guard !turn.candidates.isEmpty else {
                throw LanguageError.improperParameter(
                    name: "candidates", value: "none", expected: "one at least, or a responder that writes")
            }
            let (spans, texts) = try await responder.ground(turn, scope)
            var parts: [[Double]] = []
            for (number, text) in texts.enumerated() {
                let logs = try await scope.ask(.at("response", number), scorer, GroundedPrompt(text: text, turn: turn))
                let share = spans.isEmpty ? 0 : spans[number].logProbability
                parts.append(logs.output.map { $0 + share })
            }
            let logs = turn.candidates.indices.map { candidate in logSumExp(parts.map { $0[candidate] }) }
            let best = logs.indices.max { logs[$0] < logs[$1] } ?? 0
            return Reply(text: turn.candidates[best], logProbabilities: logs, spans: spans)
        }
    }

    /// Writes a response to the likeliest span, or to the document: asks `"span"`, then `"response"`.
    public var writing: Program<GroundedTurn, Reply> {
        let responder = self
        let stage = writer
        return Program { scope, turn in
            let (spans, texts) = try await responder.ground(turn, scope)
            let answer = try await scope.ask("response", stage, GroundedPrompt(text: texts[0], turn: turn))
            return Reply(
                text: answer.output, logProbabilities: [answer.logScore ?? .nan], spans: Array(spans.prefix(1)))
        }
    }

    private var writer: GenerationStage<GroundedPrompt> {
        let prompt = prompt
        var stage = GenerationStage<GroundedPrompt>(model) { prompt($0.text, $0.turn.dialogue) }
        stage.maximumTokens = maximumTokens
        return stage
    }

    /// The likeliest spans with what is told of each; no spans and all of the document.
    private func ground(
        _ turn: GroundedTurn, _ scope: Scope
    ) async throws -> (spans: [RankedSpan], texts: [String]) {
        guard case .spans(let ranker, let top) = grounding else { return ([], [turn.document.text]) }
        let best = try await scope.ask("span", ranker, turn).output.prefix(max(1, top))
        let share = logSumExp(best.map(\.logProbability))
        let spans = best.map { RankedSpan(place: $0.place, logProbability: $0.logProbability - share) }
        return (spans, spans.map { turn.document.text(of: $0.place) })
    }
}

extension Program {
    /// This program as a stage; calls made outside a cascade draw from the streams of `seed`.
    public func stage(_ name: String, seed: UInt64) -> ProgramStage<Input, Output> {
        ProgramStage(name, self, seed: seed)
    }
}

/// A text to answer from, and the turn to answer.
struct GroundedPrompt: Sendable, Hashable {
    var text: String
    var turn: GroundedTurn
}

/// The log-probabilities of a turn's candidates.
private struct CandidateScorer: Stage {
    let model: any LanguageModel
    let prompt: @Sendable (String, [ChatMessage]) -> Prompt
    var name: String { model.name }
    var evidenceNames: [String] { [] }

    func answer(_ input: GroundedPrompt) async throws -> Answer<[Double]> {
        let prompt = prompt(input.text, input.turn.dialogue)
        let scores = try await model.scores(of: input.turn.candidates.map(prompt.continuation), after: prompt)
        return Answer(
            try scores.logProbabilities.map { value throws(LanguageError) in try known(value, model) },
            cost: model.cost(of: scores))
    }
}
