public import Cascades

/// A language model: embedded in this process or behind an endpoint.
public protocol LanguageModel: Sendable {
    /// Its name: how logs, policies and users call it.
    var name: String { get }
    /// What its tokens cost.
    var prices: PriceList { get }
    /// What it tells of its text, and what it can be asked for.
    var capabilities: ModelCapabilities { get }

    /// Writes on from the request's prompt, token by token; cancelling the task that reads ends it.
    ///
    /// The last event is always ``GenerationEvent/finished(_:_:)``, unless the stream throws.
    func events(_ request: GenerationRequest) -> AsyncThrowingStream<GenerationEvent, any Error>

    /// Log-probabilities in nats of each token of `continuation` after `prompt`.
    /// - Throws: ``LanguageError/unsupported(model:what:remedy:)`` where the model does not tell.
    func score(_ continuation: String, after prompt: Prompt) async throws -> [GeneratedToken]

    /// The log-probability of each of `continuations` after `prompt`, which is read once for all of them.
    /// - Throws: ``LanguageError/unsupported(model:what:remedy:)`` where the model does not tell.
    func scores(of continuations: [String], after prompt: Prompt) async throws -> ContinuationScores

    /// The multiply-adds of reading or writing `tokens` tokens and working out what comes after `distributions` of them; 0
    /// where they are not known.
    func operations(tokens: Int, distributions: Int) -> Double

    /// One vector for each of `texts`.
    /// - Throws: ``LanguageError/unsupported(model:what:remedy:)`` where the model has none.
    func embeddings(of texts: [String]) async throws -> [[Double]]
}

extension LanguageModel {
    public func scores(of continuations: [String], after prompt: Prompt) async throws -> ContinuationScores {
        let clock = ContinuousClock()
        let start = clock.now
        var scores = ContinuationScores()
        for continuation in continuations {
            let tokens = try await score(continuation, after: prompt)
            scores.logProbabilities.append(tokens.reduce(0) { $0 + ($1.logProbability ?? .nan) })
            scores.usage.completionTokens += tokens.count
        }
        scores.computedTokens = scores.usage.completionTokens
        scores.distributions = scores.usage.completionTokens
        scores.usage.seconds = start.duration(to: clock.now) / .seconds(1)
        return scores
    }

    public func operations(tokens: Int, distributions: Int) -> Double { 0 }

    /// The whole text that the request leads to.
    public func generate(_ request: GenerationRequest) async throws -> GeneratedText {
        var text = GeneratedText()
        for try await event in events(request) { text.append(event) }
        try Task.checkCancellation()
        return text
    }

    /// The whole texts of several requests, written side by side.
    /// - Returns: for each request its text or its error: one failure leaves the others alone.
    public func generate(_ requests: [GenerationRequest]) async -> [Result<GeneratedText, any Error>] {
        await withTaskGroup(of: Indexed.self) { group in
            for (index, request) in requests.enumerated() {
                group.addTask { Indexed(index: index, text: await self.outcome(request)) }
            }
            var texts: [Indexed] = []
            for await text in group { texts.append(text) }
            return texts.sorted { $0.index < $1.index }.map(\.text)
        }
    }

    private func outcome(_ request: GenerationRequest) async -> Result<GeneratedText, any Error> {
        do { return .success(try await generate(request)) } catch { return .failure(error) }
    }
}

/// A struct, because a tuple came back with another's index from optimised task groups (Swift 6.3.1).
private struct Indexed: Sendable {
    var index: Int
    var text: Result<GeneratedText, any Error>
}
