public import Cascades

/// A model whose texts can be steered: one that tells the probabilities of all tokens, and the vocabulary these are of.
///
///     let model = SteeringModel(embedded)
///     let pair = try SteeringModel("two models", try EnsembleScorer([a.context, b.context]), tokenizer: a.model)
public struct SteeringModel: Sendable {
    /// Its name.
    public let name: String
    /// What its tokens cost.
    public let prices: PriceList
    /// What says what comes next.
    let scorer: any TokenScorer
    let tokenizer: any Tokenizer
    /// The model that computes, where it is one in this process: its operations, its embeddings.
    let embedded: EmbeddedLanguageModel?
    /// Tokens that end a text.
    let ends: TokenMask
    /// All other tokens.
    let others: TokenMask
    private let tokensOfPrompt: @Sendable (Prompt) throws(LanguageError) -> [Token]

    /// A model in this process.
    public init(_ model: EmbeddedLanguageModel) {
        name = model.name
        prices = model.prices
        scorer = model.context
        tokenizer = model.model
        embedded = model
        (ends, others) = Self.masks(model.model.vocabularyTrie.ends, model.model.vocabularyCount)
        tokensOfPrompt = { prompt throws(LanguageError) in try model.tokens(of: prompt) }
    }

    /// What `scorer` says, over the vocabulary of `tokenizer`. Prompts are plain text.
    /// - Throws: ``LanguageError/vocabularyMismatch(first:second:reason:)``.
    public init(
        _ name: String, _ scorer: any TokenScorer, tokenizer: any Tokenizer, prices: PriceList = PriceList()
    ) throws(LanguageError) {
        guard scorer.vocabularyCount == tokenizer.vocabularyCount else {
            throw .vocabularyMismatch(
                first: name, second: "its tokenizer",
                reason: "\(scorer.vocabularyCount) and \(tokenizer.vocabularyCount) tokens")
        }
        self.name = name
        self.prices = prices
        self.scorer = scorer
        self.tokenizer = tokenizer
        embedded = nil
        let count = tokenizer.vocabularyCount
        (ends, others) = Self.masks((0..<Token(count)).filter(tokenizer.endsGeneration), count)
        tokensOfPrompt = { prompt throws(LanguageError) in
            guard case .text(let text) = prompt else {
                throw .unsupported(
                    model: name, what: "it has no template for conversations", remedy: "Put the prompt as plain text.")
            }
            return tokenizer.tokens(of: text, addingSpecial: true, parsingSpecial: false)
        }
    }

    /// `model`, if it tells what steering needs to know.
    /// - Throws: ``LanguageError/unsupported(model:what:remedy:)`` for a model that does not tell the probabilities of all
    ///   tokens: weights would be wrong, and nobody would see it.
    public init(_ model: any LanguageModel) throws(LanguageError) {
        try model.require(.probabilities(.allTokens))
        guard let embedded = model as? EmbeddedLanguageModel else {
            throw .unsupported(
                model: model.name, what: "it does not say of what scorer and vocabulary it is made",
                remedy: "Make a SteeringModel of these.")
        }
        self.init(embedded)
    }

    private static func masks(_ ends: [Token], _ count: Int) -> (TokenMask, TokenMask) {
        let set = Set(ends)
        return (
            TokenMask(ends, vocabularyCount: count),
            TokenMask((0..<Token(count)).filter { !set.contains($0) }, vocabularyCount: count)
        )
    }

    /// The tokens that `prompt` becomes, at least one.
    /// - Throws: ``LanguageError``.
    func tokens(of prompt: Prompt) throws(LanguageError) -> [Token] {
        let tokens = try tokensOfPrompt(prompt)
        guard !tokens.isEmpty else {
            throw .improperParameter(name: "prompt", value: "no tokens", expected: "a text of one token at least")
        }
        return tokens
    }
}
