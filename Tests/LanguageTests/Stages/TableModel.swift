import Cascades
import Language

/// A model whose answers stand in a table: for tests.
struct TableModel: LanguageModel {
    var name = "table"
    var prices = PriceList()
    var capabilities = ModelCapabilities(
        probabilities: .allTokens, scoresText: true, holdsConversations: true)
    /// The tokens that a prompt leads to under a seed.
    var write: @Sendable (GenerationRequest) throws -> [GeneratedToken] = { _ in [] }
    /// The log-probability of a continuation after a prompt.
    var logProbability: @Sendable (String, Prompt) throws -> Double = { _, _ in 0 }

    /// The vector of a text, where there are vectors.
    var vector: (@Sendable (String) -> [Double])?

    func events(_ request: GenerationRequest) -> AsyncThrowingStream<GenerationEvent, any Error> {
        AsyncThrowingStream { continuation in
            do {
                let tokens = try write(request)
                for token in tokens { continuation.yield(.token(token)) }
                continuation.yield(
                    .finished(
                        .stop,
                        GenerationUsage(promptTokens: 10, completionTokens: tokens.count, seconds: 0.5)))
                continuation.finish()
            } catch { continuation.finish(throwing: error) }
        }
    }

    func score(_ continuation: String, after prompt: Prompt) async throws -> [GeneratedToken] {
        [GeneratedToken(text: continuation, logProbability: try logProbability(continuation, prompt))]
    }

    func embeddings(of texts: [String]) async throws -> [[Double]] { vector.map { texts.map($0) } ?? [] }
}

extension GeneratedToken {
    /// A token with its probability.
    init(_ text: String, _ probability: Double, entropy: Double = 0.5, margin: Double = 0.25) {
        self.init(
            text: text, token: 1, logProbability: probability.logarithm, entropy: entropy, margin: margin)
    }
}
