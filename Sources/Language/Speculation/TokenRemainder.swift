public import Probability

/// What is left of a target where drafts were refused: the law, up to a factor, of the token that comes then.
///
///     r(x) = max(0, p(x) - Σ_s c_s q_s(x)), but for a list of tokens that have numbers of their own
///
/// with the drafts' distributions q_s. A token is drawn without adding r up over the vocabulary: one from the target is
/// kept with probability r(x) / p(x), else another one is tried. Drafts are refused with probability Σ r, and then 1 / Σ r
/// tokens are tried, so that this costs one draw a place on average, whatever the models are.
public struct TokenRemainder: Sendable {
    let target: TokenDistribution
    let sources: [TokenDistribution]
    /// c_s.
    var factors: [Double]
    /// Tokens, in order, and r of each.
    private(set) var tokens: [Token] = []
    private(set) var values: [Double] = []

    /// The whole target.
    init(of target: TokenDistribution, sources: [TokenDistribution] = []) {
        self.target = target
        self.sources = sources
        factors = [Double](repeating: 0, count: sources.count)
    }

    /// What is left off `tokens`, which are in order, and `values` on them.
    init(
        of target: TokenDistribution, sources: [TokenDistribution], factors: [Double], tokens: [Token], values: [Double]
    ) {
        self.target = target
        self.sources = sources
        self.factors = factors
        self.tokens = tokens
        self.values = values
    }

    /// Gives `token` a number of its own.
    mutating func set(_ token: Token, to value: Double) {
        let place = tokens.place(ofFirstNotBelow: token)
        if place < tokens.count, tokens[place] == token {
            values[place] = value
        } else {
            tokens.insert(token, at: place)
            values.insert(value, at: place)
        }
    }

    /// r of `token`.
    func value(of token: Token) -> Double { value(of: token, target: target.probability(of: token)) }

    private func value(of token: Token, target: Double) -> Double {
        let place = tokens.place(ofFirstNotBelow: token)
        if place < tokens.count, tokens[place] == token { return values[place] }
        var value = target
        for (source, factor) in zip(sources, factors) where factor > 0 && value > 0 {
            value -= factor * source.probability(of: token)
        }
        return max(0, value)
    }

    /// A token; from the target where rounding left nothing.
    public func sample(using random: inout Random) -> Token {
        for _ in 0..<64 {
            let token = target.sample(using: &random)
            let own = target.probability(of: token)
            if random.uniform() * own < value(of: token, target: own) { return token }
        }
        return (distribution ?? target).sample(using: &random)
    }

    /// Σ r.
    var total: Double {
        if let law = target.law, zip(sources, factors).allSatisfy({ $0.law != nil || $1 == 0 }) {
            var sum = total(law)
            // The tokens with numbers of their own were added up like the others.
            for (token, value) in zip(tokens, values) {
                var other = target.probability(of: token)
                for (source, factor) in zip(sources, factors) { other -= factor * source.probability(of: token) }
                sum += value - max(0, other)
            }
            return max(0, sum)
        }
        return weights.withUnsafeBufferPointer(VectorSums.sum)
    }

    /// Σ r as if no token had a number of its own, in single precision piece by piece; nothing is stored.
    private func total(_ law: LogitLaw) -> Double {
        let active = sources.indices.filter { factors[$0] > 0 }
        var sum = 0.0
        withUnsafeTemporaryAllocation(of: Float.self, capacity: 2 * 1024) { space in
            for start in stride(from: 0, to: law.row.count, by: 1024) {
                let count = min(1024, law.row.count - start)
                let left = UnsafeMutableBufferPointer(rebasing: space[..<count])
                let other = UnsafeMutableBufferPointer(rebasing: space[1024..<1024 + count])
                law.terms(from: start, into: left)
                for source in active {
                    guard let draft = sources[source].law else { continue }
                    draft.terms(from: start, into: other)
                    // In units of the target's weights.
                    VectorSums.subtract(other, times: Float(factors[source] / draft.total * law.total), from: left)
                }
                sum += VectorSums.positiveSum(left)
            }
        }
        return sum / law.total
    }

    /// r as a distribution; nil where nothing is left.
    public var distribution: TokenDistribution? {
        let weights = weights
        let total = weights.withUnsafeBufferPointer(VectorSums.sum)
        return total > 0 ? TokenDistribution(support: target.support, weights: weights, total: total) : nil
    }

    /// r of the target's tokens.
    private var weights: [Double] {
        var left = target.weights
        for place in left.indices { left[place] /= target.total }
        for (source, factor) in zip(sources, factors) where factor > 0 {
            let scale = factor / source.total
            let others = source.weights
            if let tokens = source.support {
                for (token, other) in zip(tokens, others) {
                    if let place = target.place(of: token) { left[place] -= scale * other }
                }
            } else if let tokens = target.support {
                for (place, token) in tokens.enumerated() where Int(token) < others.count {
                    left[place] -= scale * others[Int(token)]
                }
            } else {
                for place in 0..<min(left.count, others.count) { left[place] -= scale * others[place] }
            }
        }
        for place in left.indices { left[place] = max(0, left[place]) }
        for (token, value) in zip(tokens, values) {
            if let place = target.place(of: token) { left[place] = max(0, value) }
        }
        return left
    }
}

extension Array where Element: Comparable {
    /// In order: the place of the first element that is not below `element`.
    func place(ofFirstNotBelow element: Element) -> Int {
        var low = 0
        var high = count
        while low < high {
            let middle = (low + high) >> 1
            if self[middle] < element { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
