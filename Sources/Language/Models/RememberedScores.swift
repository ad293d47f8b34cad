public import Cascades
import Synchronization

/// A model that remembers what it said of given texts, so that several who ask about the same texts pay once.
public final class RememberedScores: LanguageModel {
    private struct Key: Hashable {
        var continuation: String
        var prompt: Prompt
    }

    private let model: any LanguageModel
    private let known = Mutex<[Key: [GeneratedToken]]>([:])

    /// A model that says what `model` does. What it remembers is let go with it.
    public init(_ model: any LanguageModel) { self.model = model }

    public var name: String { model.name }
    public var prices: PriceList { model.prices }
    public var capabilities: ModelCapabilities { model.capabilities }

    public func events(_ request: GenerationRequest) -> AsyncThrowingStream<GenerationEvent, any Error> {
        model.events(request)
    }

    public func score(_ continuation: String, after prompt: Prompt) async throws -> [GeneratedToken] {
        let key = Key(continuation: continuation, prompt: prompt)
        if let tokens = known.withLock({ $0[key] }) { return tokens }
        let tokens = try await model.score(continuation, after: prompt)
        known.withLock { $0[key] = tokens }
        return tokens
    }

    public func scores(of continuations: [String], after prompt: Prompt) async throws -> ContinuationScores {
        try await model.scores(of: continuations, after: prompt)
    }

    public func operations(tokens: Int, distributions: Int) -> Double {
        model.operations(tokens: tokens, distributions: distributions)
    }

    public func embeddings(of texts: [String]) async throws -> [[Double]] { try await model.embeddings(of: texts) }
}
