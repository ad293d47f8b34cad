public import Cascades
import Synchronization

/// A model that adds up what it takes, whoever asks it.
///
///     let tallied = TalliedLanguageModel(model)
///     ...                  // a search, a loop, several programs
///     print(tallied.spent)
public struct TalliedLanguageModel: LanguageModel {
    /// What answers.
    public let base: any LanguageModel
    private let total = Total()

    /// `base` with nothing spent yet. Copies of this value share their total.
    public init(_ base: any LanguageModel) { self.base = base }

    /// What all texts and scores took so far.
    public var spent: Cost { total.cost.withLock { $0 } }

    public var name: String { base.name }
    public var prices: PriceList { base.prices }
    public var capabilities: ModelCapabilities { base.capabilities }

    public func events(_ request: GenerationRequest) -> AsyncThrowingStream<GenerationEvent, any Error> {
        EventStream.of { yield in
            for try await event in base.events(request) {
                if case .finished(_, let usage) = event { total.add(base.cost(of: usage)) }
                yield(event)
            }
        }
    }

    public func score(_ continuation: String, after prompt: Prompt) async throws -> [GeneratedToken] {
        let tokens = try await base.score(continuation, after: prompt)
        total.add(base.prices.priced(Cost(tokensIn: Double(tokens.count))))
        return tokens
    }

    public func scores(of continuations: [String], after prompt: Prompt) async throws -> ContinuationScores {
        let scores = try await base.scores(of: continuations, after: prompt)
        total.add(base.cost(of: scores))
        return scores
    }

    public func operations(tokens: Int, distributions: Int) -> Double {
        base.operations(tokens: tokens, distributions: distributions)
    }

    public func embeddings(of texts: [String]) async throws -> [[Double]] { try await base.embeddings(of: texts) }

    private final class Total: Sendable {
        let cost = Mutex(Cost.zero)
        func add(_ cost: Cost) { self.cost.withLock { $0 += cost } }
    }
}
