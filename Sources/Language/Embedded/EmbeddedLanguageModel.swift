public import Cascades
import Probability

/// A model in this process as a language model.
///
///     let model = try EmbeddedLanguageModel(path: "SmolLM2-135M-Instruct.Q4_1.gguf")
///     let text = try await model.generate(GenerationRequest(.chat([.user("Name a colour.")]), maximumTokens: 16))
public struct EmbeddedLanguageModel: LanguageModel {
    public let name: String
    public let prices: PriceList
    /// Where it computes.
    public let context: EmbeddedContext
    /// Its weights and vocabulary.
    public var model: EmbeddedModel { context.model }

    /// The model in the file at `path`.
    /// - Throws: ``LanguageError``.
    public init(
        path: String, name: String? = nil, context: ContextConfiguration = ContextConfiguration(),
        prices: PriceList = PriceList()
    ) throws {
        let model = try EmbeddedModel(path: path, name: name)
        self.init(try EmbeddedContext(model, context), prices: prices)
    }

    /// A model that computes in `context`.
    public init(_ context: EmbeddedContext, name: String? = nil, prices: PriceList = PriceList()) {
        self.context = context
        self.name = name ?? context.model.name
        self.prices = prices
    }

    public var capabilities: ModelCapabilities {
        ModelCapabilities(
            probabilities: .allTokens, scoresText: true, callsTools: false,
            holdsConversations: model.chatTemplate != nil, embedsText: true)
    }

    /// The tokens that a prompt becomes.
    /// - Throws: ``LanguageError``.
    public func tokens(of prompt: Prompt) throws(LanguageError) -> [Token] {
        switch prompt {
        case .chat(let messages): return try model.tokens(ofChat: messages)
        case .text(let text):
            let tokens = model.tokens(of: text, addingSpecial: true, parsingSpecial: false)
            // A model without a token for the beginning can still write from nothing: after its token for the end.
            return tokens.isEmpty ? [model.endOfText] : tokens
        }
    }

    public func events(_ request: GenerationRequest) -> AsyncThrowingStream<GenerationEvent, any Error> {
        EventStream.of { yield in try await write(request, yield) }
    }

    private func write(_ request: GenerationRequest, _ yield: (GenerationEvent) -> Void) async throws {
        try request.check(for: self)
        let start = ContinuousClock().now
        let prompt = try tokens(of: request.prompt)
        let sampler = try TokenSampler(request.sampling)
        let constraint = try request.constraint.map { try model.constraint($0) }
        let sequence = try await context.open(prompt)
        do {
            var source = EmbeddedSource(
                context: context, sequence: sequence, count: prompt.count, sampler: sampler, constraint: constraint,
                random: Random(seed: request.seed), likeliestCount: request.likeliestCount)
            try await TextGeneration.write(
                request, after: prompt, cached: try await context.cachedCount(of: sequence), since: start,
                tokenizer: model, from: &source, yield)
        } catch {
            await context.close([sequence])
            throw error
        }
        await context.close([sequence])
    }

    public func score(_ continuation: String, after prompt: Prompt) async throws -> [GeneratedToken] {
        let before = try tokens(of: prompt)
        let after = model.tokens(of: continuation)
        guard !after.isEmpty else { return [] }
        let sequence = try await context.open(before)
        do {
            var scored: [GeneratedToken] = []
            // A row is as long as the vocabulary, so a long text is read piece by piece.
            let piece = max(16, (1 << 24) / model.vocabularyCount)
            for start in stride(from: 0, to: after.count, by: piece) {
                let end = min(start + piece, after.count)
                // What comes after the token before the piece's first, up to the one before its last.
                try await context.append(Array(after[max(0, start - 1)..<end - 1]), to: sequence)
                let rows = try await context.logits(after: sequence, rows: end - start)
                for index in start..<end {
                    var token = GeneratedToken(logits: rows[index - start], token: after[index])
                    token.text = String(decoding: model.bytes(of: after[index]), as: UTF8.self)
                    scored.append(token)
                }
            }
            await context.close([sequence])
            return scored
        } catch {
            await context.close([sequence])
            throw error
        }
    }

    public func embeddings(of texts: [String]) async throws -> [[Double]] {
        try await context.embeddings(of: texts.map { model.tokens(of: $0, addingSpecial: true, parsingSpecial: false) })
    }
}

/// Draws one token after the other in a sequence of a context.
private struct EmbeddedSource: TokenSource {
    let context: EmbeddedContext
    let sequence: SequenceID
    /// Tokens in the sequence.
    var count: Int
    var sampler: TokenSampler
    var constraint: AutomatonConstraint?
    var random: Random
    let likeliestCount: Int

    mutating func next(after history: [Token], limit: Int) async throws -> (tokens: [GeneratedToken], isOver: Bool) {
        let rows = try await context.logits(after: sequence, appending: history[count...])
        count = history.count
        var written = try sampler.write(
            logits: rows[0], history: history, allowed: try constraint?.allowedTokens(), using: &random)
        try written.tellLikeliest(likeliestCount, of: rows[0], context.model)
        if let token = written.token { try constraint?.accept(token) }
        return ([written], constraint?.mustEnd ?? false)
    }
}
