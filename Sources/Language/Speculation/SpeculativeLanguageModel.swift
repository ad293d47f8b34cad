public import Cascades
import Probability

/// A model in this process that writes with the help of smaller ones' drafts; its law is its own.
///
///     let model = try SpeculativeLanguageModel(target: large, draft: small)
///     let text = try await model.generate("Once upon a time")
///
/// What it is asked besides, it answers as the target does: scores, embeddings, and what its tokens take.
public struct SpeculativeLanguageModel: LanguageModel {
    /// The model whose law the text has.
    public let target: EmbeddedLanguageModel
    /// Where drafts are made: by one model, or by several in turn.
    public let drafts: [EmbeddedContext]
    /// How.
    public let settings: SpeculationSettings

    public var name: String { target.name }
    public var prices: PriceList { target.prices }
    public var capabilities: ModelCapabilities { target.capabilities }

    /// The target with drafts by one model.
    /// - Throws: ``LanguageError`` as the other initialiser.
    public init(
        target: EmbeddedLanguageModel, draft: EmbeddedContext, settings: SpeculationSettings = SpeculationSettings()
    ) throws(LanguageError) {
        try self.init(target: target, drafts: [draft], settings: settings)
    }

    /// The target with drafts by several models.
    /// - Throws: ``LanguageError/vocabularyMismatch(first:second:reason:)`` for a model with other tokens,
    ///   ``LanguageError/improperParameter(name:value:expected:)``, ``LanguageError/unsupported(model:what:remedy:)`` for a
    ///   rule that can't take such drafts.
    public init(
        target: EmbeddedLanguageModel, drafts: [EmbeddedContext], settings: SpeculationSettings = SpeculationSettings()
    ) throws(LanguageError) {
        try settings.check(models: drafts.count, vocabularyCount: target.model.vocabularyCount)
        for draft in drafts { try target.model.requireSameVocabulary(as: draft.model) }
        self.target = target
        self.drafts = drafts
        self.settings = settings
    }

    public func events(_ request: GenerationRequest) -> AsyncThrowingStream<GenerationEvent, any Error> {
        EventStream.of { yield in _ = try await write(request, yield) }
    }

    /// The whole text, and what drafts were worth.
    /// - Parameter yield: told each token as it is written, and the end.
    public func speculate(
        _ request: GenerationRequest, yield: (GenerationEvent) -> Void = { _ in }
    ) async throws -> (text: GeneratedText, statistics: SpeculationStatistics) {
        var text = GeneratedText()
        let statistics = try await write(request) { event in
            text.append(event)
            yield(event)
        }
        return (text, statistics)
    }

    private func write(
        _ request: GenerationRequest, _ yield: (GenerationEvent) -> Void
    ) async throws -> SpeculationStatistics {
        try request.check(for: self)
        let start = ContinuousClock().now
        let prompt = try target.tokens(of: request.prompt)
        let sequence = try await target.context.open(prompt)
        let cached = try await target.context.cachedCount(of: sequence)
        await target.context.close([sequence])
        var source = SpeculativeSource(
            decoder: try decoder(),
            state: SpeculativeDecoder.State(
                sampler: try TokenSampler(request.sampling),
                constraint: try request.constraint.map { try target.model.constraint($0) },
                random: Random(seed: request.seed)), tokenizer: target.model, likeliestCount: request.likeliestCount)
        try await TextGeneration.write(
            request, after: prompt, cached: cached, since: start, tokenizer: target.model, from: &source, yield)
        return source.decoder.statistics
    }

    /// A decoder for one text.
    func decoder() throws(LanguageError) -> SpeculativeDecoder {
        let model = target.model
        return try SpeculativeDecoder(target: target.context, drafts: drafts, settings: settings) {
            model.endsGeneration($0)
        }
    }

    public func score(_ continuation: String, after prompt: Prompt) async throws -> [GeneratedToken] {
        try await target.score(continuation, after: prompt)
    }

    public func scores(of continuations: [String], after prompt: Prompt) async throws -> ContinuationScores {
        try await target.scores(of: continuations, after: prompt)
    }

    /// The target's own; what drafting takes is not in it.
    public func operations(tokens: Int, distributions: Int) -> Double {
        target.operations(tokens: tokens, distributions: distributions)
    }

    public func embeddings(of texts: [String]) async throws -> [[Double]] { try await target.embeddings(of: texts) }
}

private struct SpeculativeSource: TokenSource {
    var decoder: SpeculativeDecoder
    var state: SpeculativeDecoder.State
    let tokenizer: EmbeddedModel
    let likeliestCount: Int

    mutating func next(after history: [Token], limit: Int) async throws -> (tokens: [GeneratedToken], isOver: Bool) {
        try Task.checkCancellation()
        let written = try await decoder.next(after: history, limit: limit, state: &state)
        var tokens: [GeneratedToken] = []
        for draw in written {
            var token = GeneratedToken(
                logits: draw.logits, token: draw.token, draw.summary ?? LogitSummary(draw.logits))
            try token.tellLikeliest(likeliestCount, of: draw.logits, tokenizer)
            tokens.append(token)
        }
        return (tokens, state.constraint?.mustEnd ?? false)
    }
}
