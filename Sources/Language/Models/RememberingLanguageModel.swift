public import Cascades
import Synchronization

/// A model that remembers what it said of given texts: the same texts after the same prompt are scored once.
///
/// Inference over a program scores the same few things thousands of times, and several reward models ask about the same
/// texts. What is remembered is free and takes no time. Written texts are not remembered.
public struct RememberingLanguageModel: LanguageModel {
    /// What answers.
    public let base: any LanguageModel
    /// Log-probabilities of several texts, and the tokens of one.
    private let sums: Memory<[Double]>
    private let tokens: Memory<[GeneratedToken]>

    /// `base` with a memory, which copies of this value share.
    /// - Parameter limit: how many prompts with their texts are kept; when there are more, all are forgotten.
    public init(_ base: any LanguageModel, limit: Int = 100_000) {
        self.base = base
        sums = Memory(limit: max(1, limit))
        tokens = Memory(limit: max(1, limit))
    }

    public var name: String { base.name }
    public var prices: PriceList { base.prices }
    public var capabilities: ModelCapabilities { base.capabilities }

    public func events(_ request: GenerationRequest) -> AsyncThrowingStream<GenerationEvent, any Error> {
        base.events(request)
    }

    public func score(_ continuation: String, after prompt: Prompt) async throws -> [GeneratedToken] {
        let key = Key(prompt: prompt, continuations: [continuation])
        if let known = tokens.known(key) { return known }
        return tokens.keep(try await base.score(continuation, after: prompt), key)
    }

    public func scores(of continuations: [String], after prompt: Prompt) async throws -> ContinuationScores {
        let key = Key(prompt: prompt, continuations: continuations)
        if let known = sums.known(key) {
            var scores = ContinuationScores()
            scores.logProbabilities = known
            return scores
        }
        var scores = try await base.scores(of: continuations, after: prompt)
        scores.logProbabilities = sums.keep(scores.logProbabilities, key)
        return scores
    }

    public func operations(tokens: Int, distributions: Int) -> Double {
        tokens == 0 ? 0 : base.operations(tokens: tokens, distributions: distributions)
    }

    public func embeddings(of texts: [String]) async throws -> [[Double]] { try await base.embeddings(of: texts) }

    private struct Key: Hashable {
        var prompt: Prompt
        var continuations: [String]
    }

    private final class Memory<Value: Sendable>: Sendable {
        private let limit: Int
        private let known = Mutex<[Key: Value]>([:])

        init(limit: Int) { self.limit = limit }

        func known(_ key: Key) -> Value? { known.withLock { $0[key] } }

        /// What is known of `key` from now on: who came first is right, so that everyone gets the same numbers.
        func keep(_ value: Value, _ key: Key) -> Value {
            known.withLock { known in
                if let first = known[key] { return first }
                if known.count >= limit { known.removeAll(keepingCapacity: true) }
                known[key] = value
                return value
            }
        }
    }
}
