public import Cascades
import Probability

/// A model in this process that writes with the help of a smaller one's drafts; its law is its own.
///
///     let model = try SpeculativeLanguageModel(target: large, draft: small)
///     let text = try await model.generate("Once upon a time")
public struct SpeculativeLanguageModel: LanguageModel {
    /// The model whose law the text has.
    public let target: EmbeddedLanguageModel
    /// Where drafts are made.
    public let draft: EmbeddedContext
    /// How.
    public let settings: SpeculationSettings

    public var name: String { target.name }
    public var prices: PriceList { target.prices }
    public var capabilities: ModelCapabilities { target.capabilities }

    /// - Throws: ``LanguageError/vocabularyMismatch(first:second:reason:)``,
    ///   ``LanguageError/improperParameter(name:value:expected:)``.
    public init(
        target: EmbeddedLanguageModel, draft: EmbeddedContext, settings: SpeculationSettings = SpeculationSettings()
    ) throws(LanguageError) {
        try settings.check()
        try target.model.requireSameVocabulary(as: draft.model)
        self.target = target
        self.draft = draft
        self.settings = settings
    }

    public func events(_ request: GenerationRequest) -> AsyncThrowingStream<GenerationEvent, any Error> {
        EventStream.of { yield in _ = try await write(request, yield) }
    }

    /// The whole text, and what drafts were worth.
    public func speculate(_ request: GenerationRequest) async throws -> (
        text: GeneratedText, statistics: SpeculationStatistics
    ) {
        var text = GeneratedText()
        let statistics = try await write(request) { text.append($0) }
        return (text, statistics)
    }

    private func write(
        _ request: GenerationRequest, _ yield: (GenerationEvent) -> Void
    ) async throws -> SpeculationStatistics {
        try request.check(for: self)
        let start = ContinuousClock().now
        let prompt = try target.tokens(of: request.prompt)
        var source = SpeculativeSource(
            decoder: try decoder(),
            state: SpeculativeDecoder.State(
                sampler: try TokenSampler(request.sampling),
                constraint: try request.constraint.map { try target.model.constraint($0) },
                random: Random(seed: request.seed)))
        try await TextGeneration.write(
            request, after: prompt, cached: 0, since: start, tokenizer: target.model, from: &source, yield)
        return source.decoder.statistics
    }

    /// A decoder for one text.
    func decoder() throws(LanguageError) -> SpeculativeDecoder {
        let model = target.model
        return try SpeculativeDecoder(target: target.context, draft: draft, settings: settings) {
            model.endsGeneration($0)
        }
    }

    public func score(_ continuation: String, after prompt: Prompt) async throws -> [GeneratedToken] {
        try await target.score(continuation, after: prompt)
    }

    public func embeddings(of texts: [String]) async throws -> [[Double]] { try await target.embeddings(of: texts) }
}

private struct SpeculativeSource: TokenSource {
    var decoder: SpeculativeDecoder
    var state: SpeculativeDecoder.State

    mutating func next(after history: [Token], limit: Int) async throws -> (tokens: [GeneratedToken], isOver: Bool) {
        try Task.checkCancellation()
        let written = try await decoder.next(after: history, limit: limit, state: &state)
        return (
            written.map { GeneratedToken(logits: $0.logits, token: $0.token) }, state.constraint?.mustEnd ?? false
        )
    }
}
