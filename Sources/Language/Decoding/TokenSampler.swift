import Foundation
public import Probability

/// Keeps the surprise of a text near a target: tokens that would surprise more than a limit are cut off, and the limit
/// follows the surprise that was seen.
///
///     surprise of x = -log p(x);   limit <- limit - rate (surprise of the drawn token - target)
///
/// The surprise is the model's own, at the sampling temperature, before the cut; in nats (the paper's target of 5 bits is
/// 3.47 nats).
/// - Source: Basu et al., 2020 ("Mirostat"), in the form that needs no estimate of the tail.
public struct Mirostat: Sendable, Hashable, Codable {
    /// The surprise aimed at, in nats.
    public var target: Double
    /// How fast the limit follows.
    public var rate: Double

    /// A control of surprise.
    public init(target: Double = 3.47, rate: Double = 0.1) {
        self.target = target
        self.rate = rate
    }

    /// The limit at the start of a text: twice the target.
    public var start: Double { 2 * target }

    /// The limit after a token of this surprise.
    public func step(_ limit: Double, surprise: Double) -> Double { limit - rate * (surprise - target) }
}

/// Draws token after token: sampling parameters, and what must be remembered from one token to the next.
///
/// A value: a copy goes its own way.
public struct TokenSampler: Sendable {
    /// How tokens are drawn.
    public let parameters: SamplingParameters
    /// The largest surprise that may come next, in nats, where the parameters control surprise.
    public private(set) var surpriseLimit: Double?

    /// A sampler at the start of a text.
    /// - Throws: ``LanguageError/improperParameter(name:value:expected:)``.
    public init(_ parameters: SamplingParameters) throws(LanguageError) {
        try parameters.check()
        self.parameters = parameters
        surpriseLimit = parameters.mirostat?.start
    }

    /// The distribution of the next token.
    public struct Next: Sendable {
        /// What tokens are drawn from.
        public let distribution: TokenDistribution
        /// The same before a limit on surprise cut it.
        let whole: TokenDistribution
    }

    /// The distribution of the next token.
    /// - Throws: ``LanguageError/noTokenLeft(reason:)``.
    public func next(
        logits: some Collection<Float>, history: [Token] = [], allowed: TokenMask? = nil
    ) throws(LanguageError) -> Next {
        let whole: TokenDistribution
        if let row = logits as? ArraySlice<Float> {
            whole = try TokenDistribution(
                row: row, parameters: parameters, history: history, allowed: allowed, isSummarised: true)
        } else {
            whole = try TokenDistribution(
                logits: logits, parameters: parameters, history: history, allowed: allowed)
        }
        return Next(distribution: surpriseLimit.map { whole.cut(toSurprise: $0) } ?? whole, whole: whole)
    }

    /// Remembers that `token` came, which was drawn from `next`.
    public mutating func accept(_ token: Token, from next: Next) {
        guard let limit = surpriseLimit, let mirostat = parameters.mirostat else { return }
        surpriseLimit = mirostat.step(limit, surprise: -next.whole.logProbability(of: token))
    }

    /// The next token, drawn and remembered.
    /// - Throws: ``LanguageError/noTokenLeft(reason:)``.
    public mutating func draw(
        logits: some Collection<Float>, history: [Token] = [], allowed: TokenMask? = nil, using random: inout Random
    ) throws(LanguageError) -> Token {
        if parameters.isPlain, let row = logits as? ArraySlice<Float> {
            return try Self.draw(
                try LogitLaw(row, temperature: parameters.temperature, mask: allowed), using: &random)
        }
        let next = try next(logits: logits, history: history, allowed: allowed)
        let token = next.distribution.sample(using: &random)
        accept(token, from: next)
        return token
    }

    /// The next token, drawn and remembered, with what the model itself says of it.
    /// - Throws: ``LanguageError/noTokenLeft(reason:)``.
    mutating func write(
        logits: ArraySlice<Float>, history: [Token], allowed: TokenMask? = nil, using random: inout Random
    ) throws(LanguageError) -> GeneratedToken {
        guard parameters.isPlain else {
            let token = try draw(logits: logits, history: history, allowed: allowed, using: &random)
            return GeneratedToken(logits: logits, token: token)
        }
        // What is drawn from is what is told of: one look at the row is enough for both.
        let law = try LogitLaw(
            logits, temperature: parameters.temperature, isSummarised: parameters.temperature == 1)
        let token = try Self.draw(allowed.map(law.restricted) ?? law, using: &random)
        return GeneratedToken(logits: logits, token: token, law.summary ?? LogitSummary(logits))
    }

    private static func draw(_ law: LogitLaw, using random: inout Random) throws(LanguageError) -> Token {
        guard let token = law.draw(using: &random) else { throw LogitLaw.noneAllowed }
        return token
    }
}

extension TokenDistribution {
    /// The tokens that surprise by no more than `limit` nats; at least the likeliest.
    func cut(toSurprise limit: Double) -> TokenDistribution {
        let weights = weights
        let largest = weights.withUnsafeBufferPointer { $0[VectorSums.firstLargest($0)] }
        let floor = min(exp(-limit) * total, largest)
        var tokens: [Token] = []
        var kept: [Double] = []
        weights.withUnsafeBufferPointer { weights in
            VectorSums.places(in: weights, atLeast: floor) { place in
                if weights[place] > 0 {
                    tokens.append(support?[place] ?? Token(place))
                    kept.append(weights[place])
                }
            }
        }
        return TokenDistribution(support: tokens, weights: kept, total: kept.reduce(0, +))
    }
}
