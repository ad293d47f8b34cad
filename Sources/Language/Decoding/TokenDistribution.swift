import Foundation
import NumericalMethods
public import Probability

/// A distribution over tokens: those that may come, likeliest first, with their log-probabilities.
public struct TokenDistribution: Sendable {
    /// The tokens with probability above zero.
    public private(set) var tokens: [Token]
    /// Their log-probabilities in nats; the probabilities add up to 1.
    public private(set) var logProbabilities: [Double]

    /// What `parameters` make of a row of logits.
    /// - Parameters:
    ///   - logits: `[vocabulary]`.
    ///   - history: the tokens so far; penalties look at its end.
    /// - Throws: ``LanguageError/improperParameter(name:value:expected:)`` where no token is left.
    public init(
        logits: some Collection<Float>, parameters: SamplingParameters, history: [Token] = []
    ) throws(LanguageError) {
        var scores = [Double](unsafeUninitializedCapacity: logits.count) { buffer, count in
            for logit in logits {
                buffer[count] = Double(logit)
                count += 1
            }
        }
        for (token, bias) in parameters.bias where scores.indices.contains(Int(token)) { scores[Int(token)] += bias }
        parameters.penalise(&scores, history: history)
        if parameters.temperature == 0 {
            guard let best = scores.indices.max(by: { scores[$0] < scores[$1] }), scores[best] > -.infinity else {
                throw Self.nothingLeft
            }
            self.init(certain: Token(best))
            return
        }
        try self.init(scores: scores, parameters: parameters)
    }

    /// `token` for sure.
    private init(certain token: Token) {
        tokens = [token]
        logProbabilities = [0]
    }

    private static let nothingLeft = LanguageError.improperParameter(
        name: "bias", value: "all tokens forbidden", expected: "at least one that may come")

    private init(scores: [Double], parameters: SamplingParameters) throws(LanguageError) {
        let largest = scores.max() ?? -.infinity
        guard largest > -.infinity, largest < .infinity else { throw Self.nothingLeft }
        let needsOrder =
            parameters.topK != nil || parameters.topP < 1 || parameters.minP > 0 || parameters.typicalP < 1
        var kept: [Int]
        if needsOrder {
            kept = Self.likeliest(parameters.topK ?? scores.count, of: scores)
            var logs = Self.normalised(kept.map { scores[$0] })
            if parameters.typicalP < 1 {
                let entropy = -logs.reduce(0) { $0 + (exp($1) == 0 ? 0 : exp($1) * $1) }
                let byTypicality = kept.indices.sorted {
                    let (a, b) = (abs(-logs[$0] - entropy), abs(-logs[$1] - entropy))
                    return a == b ? $0 < $1 : a < b
                }
                let places = Self.upTo(parameters.typicalP, byTypicality.map { logs[$0] })
                let chosen = byTypicality.prefix(places).sorted()
                kept = chosen.map { kept[$0] }
                logs = Self.normalised(kept.map { scores[$0] })
            }
            if parameters.topP < 1 {
                kept.removeSubrange(Self.upTo(parameters.topP, logs)...)
                logs = Self.normalised(kept.map { scores[$0] })
            }
            if parameters.minP > 0 {
                let floor = logs[0] + log(parameters.minP)
                kept.removeSubrange((logs.firstIndex { $0 < floor } ?? kept.count)...)
            }
        } else {
            kept = scores.indices.filter { scores[$0] > -.infinity }
        }
        tokens = kept.map(Token.init)
        logProbabilities = Self.normalised(kept.map { scores[$0] / parameters.temperature })
    }

    /// The places of the `count` largest of `scores`, largest first; equal ones in order. None at -infinity.
    private static func likeliest(_ count: Int, of scores: [Double]) -> [Int] {
        var places = scores.indices.filter { scores[$0] > -.infinity }
        if count < places.count {
            // A heap of the best so far would do; a vocabulary sorts in milliseconds only where all of it is asked for.
            let threshold = nthLargest(count, of: places.map { scores[$0] })
            places = places.filter { scores[$0] >= threshold }
        }
        places.sort { scores[$0] == scores[$1] ? $0 < $1 : scores[$0] > scores[$1] }
        return Array(places.prefix(count))
    }

    /// The `rank`-th largest of `values`, by quickselect.
    private static func nthLargest(_ rank: Int, of values: [Double]) -> Double {
        var values = values
        var low = 0
        var high = values.count - 1
        let place = rank - 1
        while low < high {
            let pivot = values[(low + high) / 2]
            var (left, right) = (low, high)
            while left <= right {
                while values[left] > pivot { left += 1 }
                while values[right] < pivot { right -= 1 }
                if left <= right {
                    values.swapAt(left, right)
                    left += 1
                    right -= 1
                }
            }
            if place <= right { high = right } else if place >= left { low = left } else { break }
        }
        return values[place]
    }

    /// How many of `logs` it takes for their probabilities to add up to `share`; at least one.
    private static func upTo(_ share: Double, _ logs: [Double]) -> Int {
        var total = 0.0
        for (index, value) in logs.enumerated() {
            total += exp(value)
            if total >= share { return index + 1 }
        }
        return logs.count
    }

    private static func normalised(_ scores: [Double]) -> [Double] {
        let total = logSumExp(scores)
        return scores.map { $0 - total }
    }

    /// A token drawn by `random`.
    public func sample(using random: inout Random) -> Token {
        if tokens.count == 1 { return tokens[0] }
        var rest = random.uniform()
        for (token, logProbability) in zip(tokens, logProbabilities) {
            rest -= exp(logProbability)
            if rest < 0 { return token }
        }
        return tokens[logProbabilities.indices.max { logProbabilities[$0] < logProbabilities[$1] }!]
    }

    /// The log-probability of `token`; -infinity where it can't come.
    public func logProbability(of token: Token) -> Double {
        tokens.firstIndex(of: token).map { logProbabilities[$0] } ?? -.infinity
    }
}

extension SamplingParameters {
    /// Takes from the logits of tokens at the end of `history` what the penalties say.
    func penalise(_ scores: inout [Double], history: [Token]) {
        guard repetitionPenalty != 1 || frequencyPenalty != 0 || presencePenalty != 0 else { return }
        var counts: [Token: Double] = [:]
        for token in history.suffix(penaltyWindow) { counts[token, default: 0] += 1 }
        for (token, count) in counts where scores.indices.contains(Int(token)) {
            let score = scores[Int(token)]
            scores[Int(token)] =
                (score > 0 ? score / repetitionPenalty : score * repetitionPenalty) - count * frequencyPenalty
                - presencePenalty
        }
    }
}
