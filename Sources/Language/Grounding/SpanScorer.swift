public import Cascades

/// A turn of a dialogue about a document.
public struct GroundedTurn: Sendable, Hashable {
    /// The document.
    public var document: GroundingDocument
    /// What was said so far; the last message is the question.
    public var dialogue: [ChatMessage]
    /// The responses to choose from; none where one is written.
    public var candidates: [String]

    /// A turn.
    public init(_ document: GroundingDocument, dialogue: [ChatMessage], candidates: [String] = []) {
        self.document = document
        self.dialogue = dialogue
        self.candidates = candidates
    }

    /// What is asked now.
    public var question: String { dialogue.last?.content ?? "" }
    /// What was said before.
    public var history: String { dialogue.dropLast().map(\.content).joined(separator: "\n") }
}

/// Numbers that say how well each of some spans fits a turn.
public struct SpanScores: Sendable, Hashable {
    /// The larger the better, `[spans]`; only differences count.
    public var values: [Double]
    /// What it took.
    public var cost: Cost

    /// Scores.
    public init(_ values: [Double], cost: Cost = .zero) {
        self.values = values
        self.cost = cost
    }
}

/// Says how well spans of a document fit what is asked.
public protocol SpanScorer: Sendable {
    /// What it goes by.
    var name: String { get }

    /// A score for each of the spans at `places`.
    func scores(of places: [Int], for turn: GroundedTurn) async throws -> SpanScores
}

/// BM25 of the spans, for the words of the question, of what was said before it, or of both.
public struct LexicalSpanScorer: SpanScorer {
    /// How much the words of the question count.
    public var question: Double
    /// How much the words before it count.
    public var history: Double
    public var name: String { "words (question \(question), history \(history))" }

    /// A scorer that adds up both with these weights.
    public init(question: Double = 1, history: Double = 1) {
        self.question = question
        self.history = history
    }

    public func scores(of places: [Int], for turn: GroundedTurn) -> SpanScores {
        var scores = SpanScores([Double](repeating: 0, count: turn.document.spans.count))
        for (weight, text) in [(question, turn.question), (history, turn.history)] where weight != 0 {
            let index = turn.document.index
            let ranking = index.search(index.query(for: text), limit: index.count)
            for hit in ranking.hits { scores.values[hit.passage] += weight * hit.score }
            scores.cost.operations += Double(ranking.operations)
        }
        scores.values = places.map { scores.values[$0] }
        return scores
    }
}

/// The log-probability of the question after each span: how well the span explains that this is asked.
///
///     score(s) = ln p(question | s)
///
/// By Bayes' rule that is ln p(s | question) but for what does not depend on s, where all spans are as likely before.
public struct QuestionLikelihood: SpanScorer {
    /// What is asked.
    public let model: any LanguageModel
    /// The text before the question.
    public var prompt: @Sendable (_ span: String) -> String
    public var name: String { "likelihood of the question" }

    /// The likelihood by `model`.
    public init(
        _ model: any LanguageModel, prompt: @escaping @Sendable (_ span: String) -> String = { "\($0)\nQuestion:" }
    ) {
        self.model = model
        self.prompt = prompt
    }

    public func scores(of places: [Int], for turn: GroundedTurn) async throws -> SpanScores {
        var scores = SpanScores([])
        for place in places {
            let found = try await model.scores(
                of: [" " + turn.question], after: .text(prompt(turn.document.text(of: place))))
            scores.values.append(try known(found.logProbabilities[0], model))
            scores.cost += model.cost(of: found)
        }
        return scores
    }
}

/// How much likelier the dialogue makes each span.
///
///     score(s) = ln p(s | dialogue) - ln p(s)
public struct SpanInformation: SpanScorer {
    /// What is asked.
    public let model: any LanguageModel
    public var name: String { "information about the span" }

    /// The information by `model`.
    public init(_ model: any LanguageModel) { self.model = model }

    public func scores(of places: [Int], for turn: GroundedTurn) async throws -> SpanScores {
        let spans = places.map { " " + turn.document.text(of: $0) }
        let dialogue = turn.dialogue.map(\.content).joined(separator: "\n")
        let after = try await model.scores(of: spans, after: .text(dialogue + "\nAnswer:"))
        let before = try await model.scores(of: spans, after: .text("Answer:"))
        return SpanScores(
            try zip(after.logProbabilities, before.logProbabilities).map { try known($0 - $1, model) },
            cost: model.cost(of: after) + model.cost(of: before))
    }
}

/// `value`, or the error that the model does not tell.
func known(_ value: Double, _ model: any LanguageModel) throws(LanguageError) -> Double {
    guard !value.isNaN else {
        throw .unsupported(
            model: model.name, what: "it does not tell the log-probabilities of given texts",
            remedy: "Let it answer in its own words, or use a model that tells them.")
    }
    return value
}
