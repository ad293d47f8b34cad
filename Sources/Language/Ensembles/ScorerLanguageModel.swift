public import Cascades
import Foundation
import Probability

/// A language model that writes what a scorer says: an ensemble, a pair in which the pen passes, a scripted one.
///
///     let both = try DeferringScorer(small: small, large: large, rule: rule)
///     let model = ScorerLanguageModel("small, then large", both, vocabulary: small.model)
public struct ScorerLanguageModel: LanguageModel {
    public let name: String
    public let prices: PriceList
    private let scorer: any TokenScorer
    private let model: EmbeddedModel

    /// - Parameter vocabulary: the model whose tokens, and template for conversations, the scorer uses.
    public init(
        _ name: String, _ scorer: any TokenScorer, vocabulary: EmbeddedModel, prices: PriceList = PriceList()
    ) {
        self.name = name
        self.prices = prices
        self.scorer = scorer
        model = vocabulary
    }

    public var capabilities: ModelCapabilities {
        ModelCapabilities(
            probabilities: .allTokens, scoresText: true, holdsConversations: model.chatTemplate != nil)
    }

    private func tokens(of prompt: Prompt) throws(LanguageError) -> [Token] {
        switch prompt {
        case .chat(let messages): return try model.tokens(ofChat: messages)
        case .text(let text):
            let tokens = model.tokens(of: text, addingSpecial: true, parsingSpecial: false)
            return tokens.isEmpty ? [model.endOfText] : tokens
        }
    }

    public func events(_ request: GenerationRequest) -> AsyncThrowingStream<GenerationEvent, any Error> {
        EventStream.of { yield in
            try request.check(for: self)
            let start = ContinuousClock().now
            let prompt = try tokens(of: request.prompt)
            var source = ScorerSource(
                scorer: scorer, sampler: try TokenSampler(request.sampling),
                constraint: try request.constraint.map { try model.constraint($0) }, random: Random(seed: request.seed),
                tokenizer: model, likeliestCount: request.likeliestCount)
            try await TextGeneration.write(
                request, after: prompt, cached: 0, since: start, tokenizer: model, from: &source, yield)
        }
    }

    public func score(_ continuation: String, after prompt: Prompt) async throws -> [GeneratedToken] {
        let before = try tokens(of: prompt)
        let after = model.tokens(of: continuation)
        guard !after.isEmpty else { return [] }
        // A chain of drafts is read in one batch.
        var tree = DraftTree()
        var last: Int?
        for token in after.dropLast() { last = tree.add(token, after: last) }
        let rows = try await scorer.logits(after: before, tree: tree)
        return after.enumerated().map { index, token in
            var scored = GeneratedToken(logits: rows[index], token: token)
            scored.text = String(decoding: model.bytes(of: token), as: UTF8.self)
            return scored
        }
    }

    public func embeddings(of texts: [String]) async throws -> [[Double]] {
        throw LanguageError.unsupported(
            model: name, what: "it has no embeddings of its own", remedy: "Ask one of the models that it is made of.")
    }
}

private struct ScorerSource: TokenSource {
    let scorer: any TokenScorer
    var sampler: TokenSampler
    var constraint: AutomatonConstraint?
    var random: Random
    let tokenizer: EmbeddedModel
    let likeliestCount: Int

    mutating func next(after history: [Token], limit: Int) async throws -> (tokens: [GeneratedToken], isOver: Bool) {
        try Task.checkCancellation()
        let rows = try await scorer.logits(after: [history])
        var written = try sampler.write(
            logits: rows[0], history: history, allowed: try constraint?.allowedTokens(), using: &random)
        try written.tellLikeliest(likeliestCount, of: rows[0], tokenizer)
        if let token = written.token { try constraint?.accept(token) }
        return ([written], constraint?.mustEnd ?? false)
    }
}

extension TokenDeferralRule {
    /// A log of `text` from place `start` on: at each token the small model's evidence, and by how many nats the large one
    /// thought it likelier.
    /// - Parameter start: at least 1: something must stand before a token.
    public static func records(
        of text: [Token], from start: Int, small: any TokenScorer, large: any TokenScorer
    ) async throws -> [Record] {
        guard start >= 1, start < text.count else { return [] }
        var tree = DraftTree()
        var last: Int?
        for token in text[start..<text.count - 1] { last = tree.add(token, after: last) }
        let prefix = Array(text[..<start])
        let ours = try await small.logits(after: prefix, tree: tree)
        let theirs = try await large.logits(after: prefix, tree: tree)
        return (start..<text.count).map { place in
            let own = GeneratedToken(logits: ours[place - start], token: text[place])
            let other = GeneratedToken(logits: theirs[place - start], token: text[place])
            return Record(
                evidence: TokenEvidence(logits: ours[place - start]),
                gain: (other.logProbability ?? 0) - (own.logProbability ?? 0))
        }
    }
}
