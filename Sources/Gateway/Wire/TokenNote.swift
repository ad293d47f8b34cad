import Language

/// What is remembered of a token of an answer that is held: its numbers, and no text.
struct TokenNote: Sendable {
    // NaN for what is not told.
    private var logProbability: Double
    private var entropy: Double
    private var margin: Double
    private var isHeld: Bool

    init(_ token: GeneratedToken) {
        logProbability = token.logProbability ?? .nan
        entropy = token.entropy ?? .nan
        margin = token.margin ?? .nan
        isHeld = token.token == nil
    }

    /// The token, as far as evidence is read of it.
    var token: GeneratedToken {
        func told(_ value: Double) -> Double? { value.isNaN ? nil : value }
        return GeneratedToken(
            text: "", token: isHeld ? nil : 0, logProbability: told(logProbability), entropy: told(entropy),
            margin: told(margin))
    }
}
