import Foundation
import NumericalMethods
public import Probability

/// A distribution over tokens.
///
/// Dense where nothing was cut off, else a short list of tokens; both in the order of the tokens' numbers. Where only the
/// temperature shapes a model's row of logits nothing is stored: weights are worked out where they are looked at.
public struct TokenDistribution: Sendable {
    /// The tokens that have a weight, in order; nil for all of a vocabulary.
    let support: [Token]?
    private let stored: [Double]
    /// The row of logits that the weights are worked out from; nil where they are stored.
    let law: LogitLaw?
    /// The sum of the weights.
    let total: Double

    /// The tokens' probabilities times ``total``. All of them are worked out at each call where they are not stored.
    var weights: [Double] { law?.weights ?? stored }

    init(support: [Token]?, weights: [Double], total: Double) {
        self.support = support
        stored = weights
        law = nil
        self.total = total
    }

    /// What a row of logits says, without storing it.
    init(_ law: LogitLaw) {
        support = nil
        stored = []
        self.law = law
        total = law.total
    }

    /// What `parameters` make of a model's row of logits, in single precision, as the logits are, where only the temperature
    /// shapes it.
    /// - Parameter isSummarised: whether what the row says as a whole is wanted, too.
    /// - Throws: ``LanguageError/noTokenLeft(reason:)``.
    init(
        row: ArraySlice<Float>, parameters: SamplingParameters, history: [Token], allowed: TokenMask?,
        isSummarised: Bool = false
    ) throws(LanguageError) {
        guard parameters.isPlain else {
            try self.init(logits: row, parameters: parameters, history: history, allowed: allowed)
            return
        }
        let law = try LogitLaw(
            row, temperature: parameters.temperature, mask: allowed,
            isSummarised: isSummarised && allowed == nil && parameters.temperature == 1)
        guard law.total > 0 else { throw LogitLaw.noneAllowed }
        self.init(law)
    }

    /// What `parameters` make of a row of logits.
    /// - Parameters:
    ///   - logits: `[vocabulary]`, in nats; -infinity forbids a token.
    ///   - history: the tokens so far; penalties look at its end.
    ///   - allowed: the only tokens that may come; nil for all.
    /// - Throws: ``LanguageError/noTokenLeft(reason:)`` where no token is left, or a logit is not a number.
    public init(
        logits: some Collection<Float>, parameters: SamplingParameters, history: [Token] = [],
        allowed: TokenMask? = nil
    ) throws(LanguageError) {
        if allowed == nil, parameters.isPlain || parameters.isGreedy,
            let uncut = logits.withContiguousStorageIfAvailable({ Self.uncut($0, parameters) }) ?? nil
        {
            self = uncut
            return
        }
        let candidates: Candidates
        if let direct = logits.withContiguousStorageIfAvailable({ rows in
            Result { () throws(LanguageError) in
                try Candidates(rows, parameters: parameters, history: history, allowed: allowed)
            }
        }) {
            candidates = try direct.get()
        } else {
            let copy = Array(logits)
            candidates = try Result { () throws(LanguageError) in
                try copy.withUnsafeBufferPointer { rows throws(LanguageError) in
                    try Candidates(rows, parameters: parameters, history: history, allowed: allowed)
                }
            }.get()
        }
        self = candidates.distribution(parameters)
    }

    /// The distribution where nothing is cut off, or only the likeliest token stays; nil where a logit is no number or all
    /// are -infinity, which is for the longer way to say.
    private static func uncut(
        _ logits: UnsafeBufferPointer<Float>, _ parameters: SamplingParameters
    ) -> TokenDistribution? {
        let largest = VectorFunctions.largestTwo(logits).first
        guard largest.isFinite else { return nil }
        if parameters.temperature == 0 {
            return TokenDistribution(
                support: [Token(VectorSums.place(of: largest, in: logits))], weights: [1], total: 1)
        }
        var total = 0.0
        let weights = [Double](unsafeUninitializedCapacity: logits.count) { buffer, count in
            total = VectorFunctions.exponentials(
                logits, shift: Double(largest), scale: 1 / parameters.temperature,
                into: UnsafeMutableBufferPointer(rebasing: buffer[..<logits.count]))
            count = logits.count
        }
        return TokenDistribution(support: nil, weights: weights, total: total)
    }

    /// A distribution with these relative probabilities, `[vocabulary]`.
    /// - Throws: ``LanguageError/noTokenLeft(reason:)`` where they do not have a positive, finite sum, or one is negative.
    public init(weights: [Double]) throws(LanguageError) {
        let total = weights.withUnsafeBufferPointer(VectorSums.sum)
        guard total > 0, total < .infinity, weights.allSatisfy({ $0 >= 0 }) else {
            throw .noTokenLeft(reason: "the weights add up to \(total), or one of them is negative")
        }
        self.init(support: nil, weights: weights, total: total)
    }

    /// How many tokens there are, those that can't come included; of a list of tokens, up to the last of them.
    var vocabularyCount: Int { law?.row.count ?? support.map { Int($0.last ?? -1) + 1 } ?? stored.count }

    /// The tokens with probability above zero, in order.
    public var tokens: [Token] {
        let weights = weights
        if let support { return zip(support, weights).filter { $0.1 > 0 }.map(\.0) }
        return weights.indices.filter { weights[$0] > 0 }.map(Token.init)
    }

    /// The log-probabilities of ``tokens`` in nats.
    public var logProbabilities: [Double] {
        let positive = weights.filter { $0 > 0 }
        let logTotal = log(total)
        return VectorFunctions.log(positive).map { $0 - logTotal }
    }

    /// A token drawn by `random`, from one uniform number.
    public func sample(using random: inout Random) -> Token {
        if let law { return law.draw(using: &random) ?? 0 }
        guard stored.count > 1 else { return support?[0] ?? 0 }
        var target = random.uniform() * total
        let place = stored.withUnsafeBufferPointer { VectorSums.place(of: &target, in: $0) }
        return support?[place] ?? Token(place)
    }

    /// The likeliest token; the first of several.
    public var mode: Token {
        let best = weights.withUnsafeBufferPointer(VectorSums.firstLargest)
        return support?[best] ?? Token(best)
    }

    /// The probability of `token`; 0 where it can't come.
    public func probability(of token: Token) -> Double {
        weight(of: token) / total
    }

    /// The log-probability of `token` in nats; -infinity where it can't come.
    public func logProbability(of token: Token) -> Double {
        if let law { return law.logProbabilityLeft(of: token) }
        return log(weight(of: token) / total)
    }

    /// The weight of `token`; 0 where it can't come.
    func weight(of token: Token) -> Double {
        if let law { return law.weight(of: token) }
        return place(of: token).map { stored[$0] } ?? 0
    }

    /// Its entropy in nats.
    public var entropy: Double {
        weights.reduce(0) { $0 - ($1 > 0 ? $1 / total * log($1 / total) : 0) }
    }

    /// The place of `token` among the weights.
    func place(of token: Token) -> Int? {
        guard let support else {
            return token >= 0 && Int(token) < law?.row.count ?? stored.count ? Int(token) : nil
        }
        var low = 0
        var high = support.count
        while low < high {
            let middle = (low + high) >> 1
            if support[middle] < token { low = middle + 1 } else { high = middle }
        }
        return low < support.count && support[low] == token ? low : nil
    }
}
