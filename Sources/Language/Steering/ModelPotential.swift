import Foundation

/// Weighs texts by another model's probability, to a power: a product of experts.
///
///     p(text) q(text)^exponent
///
/// With a negative exponent the other model is avoided. Both must have the same vocabulary; the other one reads the text
/// behind a prompt of its own.
public struct ModelPotential: Potential {
    private let scorer: any TokenScorer
    private let prompt: [Token]
    private let exponent: Double
    private var logProbability = 0.0
    /// What the model says of the next token, once it has been read.
    private var next: NextTokenExpertise?

    /// Weighs a text by e^(`exponent` ln q(text)), q being what `scorer` says behind `prompt`.
    /// - Throws: ``LanguageError/improperParameter(name:value:expected:)`` for a prompt without tokens or an exponent that is
    ///   no finite number.
    public init(_ scorer: any TokenScorer, after prompt: [Token], exponent: Double = 1) throws(LanguageError) {
        guard !prompt.isEmpty else {
            throw .improperParameter(name: "prompt", value: "no tokens", expected: "at least one")
        }
        guard exponent.isFinite else {
            throw .improperParameter(name: "exponent", value: "\(exponent)", expected: "a finite number")
        }
        self.scorer = scorer
        self.prompt = prompt
        self.exponent = exponent
    }

    /// Weighs what `target` writes by `other`'s probability of it behind `prompt`.
    /// - Throws: ``LanguageError/vocabularyMismatch(first:second:reason:)`` for models whose tokens differ.
    public init(
        _ other: EmbeddedLanguageModel, after prompt: Prompt, exponent: Double = 1,
        writing target: EmbeddedLanguageModel
    ) throws(LanguageError) {
        try target.model.requireSameVocabulary(as: other.model)
        try self.init(other.context, after: try other.tokens(of: prompt), exponent: exponent)
    }

    public func logWeight(of text: SteeredText) -> Double {
        let sum = exponent * logProbability
        guard let end = text.end, let next else { return sum }
        return sum + next.logFactor(of: end)
    }

    public func logPrefixWeight(of text: SteeredText) -> Double { exponent * logProbability }

    public mutating func accept(_ token: Token, text: SteeredText) {
        guard let next else { preconditionFailure("the model is read before the next token is drawn") }
        logProbability += Double(next.logits[next.logits.startIndex + Int(token)]) - next.logNormaliser
        self.next = nil
    }

    public var expertise: [NextTokenExpertise] { next.map { [$0] } ?? [] }

    public func check(vocabularyCount: Int) throws(LanguageError) {
        guard scorer.vocabularyCount == vocabularyCount else {
            throw .vocabularyMismatch(
                first: "the model", second: "the model that weighs its texts",
                reason: "\(vocabularyCount) and \(scorer.vocabularyCount) tokens")
        }
    }

    public static func read(_ potentials: inout [Self], after texts: [SteeredText]) async throws {
        guard let first = potentials.first else { return }
        let rows = try await first.scorer.logits(after: texts.map { first.prompt + $0.tokens })
        for index in potentials.indices {
            let law = try LogitLaw(rows[index])
            potentials[index].next = NextTokenExpertise(
                logits: rows[index], logNormaliser: log(law.whole) + Double(law.largest), exponent: first.exponent)
        }
    }
}
