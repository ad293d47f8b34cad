public import Cascades

/// How likely a model finds each of several continuations of one prompt, and what it took to find out.
public struct ContinuationScores: Sendable, Hashable {
    /// Log-probabilities in nats, `[continuations]`: sums over the tokens of each; `NaN` where the model does not tell.
    public var logProbabilities: [Double] = []
    /// Tokens of the prompt and of all continuations, and the time.
    public var usage = GenerationUsage()
    /// Tokens that had to be computed, and positions after which the whole distribution was worked out.
    public var computedTokens = 0
    public var distributions = 0

    /// No continuations.
    public init() {}
}

extension LanguageModel {
    /// The log-probability in nats of each of `continuations` after `prompt`; -infinity for what can't come, never `NaN`.
    /// - Throws: ``LanguageError/unsupported(model:what:remedy:)`` where the model does not tell.
    func logProbabilities(of continuations: [String], after prompt: Prompt) async throws -> [Double] {
        try require(.scoring)
        let values = try await scores(of: continuations, after: prompt).logProbabilities
        guard !values.contains(where: \.isNaN) else {
            throw LanguageError.unsupported(
                model: name, what: "it did not tell the log-probability of a given text",
                remedy: "Use a model that does: one in this process.")
        }
        return values
    }

    /// What `usage` costs, by the model's price list.
    public func cost(of usage: GenerationUsage) -> Cost {
        let computed = usage.promptTokens - usage.cachedTokens + max(0, usage.completionTokens - 1)
        return prices.priced(
            Cost(
                tokensIn: Double(usage.promptTokens), tokensOut: Double(usage.completionTokens), seconds: usage.seconds,
                operations: operations(tokens: computed, distributions: max(1, usage.completionTokens))))
    }

    /// What `scores` cost, by the model's price list: continuations are read, not written.
    public func cost(of scores: ContinuationScores) -> Cost {
        prices.priced(
            Cost(
                tokensIn: Double(scores.usage.promptTokens + scores.usage.completionTokens),
                seconds: scores.usage.seconds,
                operations: operations(tokens: scores.computedTokens, distributions: scores.distributions)))
    }
}
