public import Probability

/// How the drafts for one place of a text are drawn.
public enum DraftLaw: Sendable {
    /// `count` drafts from one distribution, each on its own.
    case identical(TokenDistribution, count: Int)
    /// A draft from each of several distributions, each on its own.
    case independent([TokenDistribution])
    /// `count` drafts from one distribution, one after the other, each among the tokens that have not been drawn.
    case withoutReplacement(TokenDistribution, count: Int)

    /// How many drafts there are; fewer where a distribution without replacement has no more tokens.
    public var count: Int {
        switch self {
        case .identical(_, let count): count
        case .independent(let all): all.count
        case .withoutReplacement(let distribution, let count):
            min(count, distribution.weights.count { $0 > 0 })
        }
    }

    /// Drafts.
    public func sample(using random: inout Random) -> [Token] {
        switch self {
        case .identical(let distribution, let count):
            return (0..<count).map { _ in distribution.sample(using: &random) }
        case .independent(let all): return all.map { $0.sample(using: &random) }
        case .withoutReplacement:
            var drafts: [Token] = []
            for index in 0..<count { drafts.append(distribution(of: index, after: drafts).sample(using: &random)) }
            return drafts
        }
    }

    /// The distribution of draft `index`, those before it being `drafts`.
    func distribution(of index: Int, after drafts: some Collection<Token>) -> TokenDistribution {
        switch self {
        case .identical(let distribution, _): distribution
        case .independent(let all): all[index]
        case .withoutReplacement(let distribution, _): distribution.removing(drafts.prefix(index))
        }
    }

    /// The probability of these drafts, in this order.
    public func probability(of drafts: [Token]) -> Double {
        drafts.indices.reduce(1) { product, index in
            product * (product > 0 ? distribution(of: index, after: drafts).probability(of: drafts[index]) : 0)
        }
    }
}

extension TokenDistribution {
    /// The distribution given that none of `tokens` comes; at least one other must be left.
    func removing(_ tokens: some Collection<Token>) -> TokenDistribution {
        if tokens.isEmpty { return self }
        var weights = weights
        for token in tokens { if let place = place(of: token) { weights[place] = 0 } }
        // Added up anew: what is left may be small beside what was taken out.
        return TokenDistribution(
            support: support, weights: weights, total: weights.withUnsafeBufferPointer(VectorSums.sum))
    }

    /// The part of this distribution above `factor` times another one, on this one's tokens; nil where nothing is.
    ///
    ///     r(x) = max(0, p(x) - factor q(x))
    func part(above factor: Double, times other: TokenDistribution) -> TokenDistribution? {
        let own = 1 / total
        let theirs = factor / other.total
        var result = weights
        result.withUnsafeMutableBufferPointer { result in
            other.weights.withUnsafeBufferPointer { others in
                switch (support, other.support) {
                case (nil, nil):
                    let count = min(result.count, others.count)
                    var place = 0
                    if let base = result.baseAddress, let second = others.baseAddress {
                        let raw = UnsafeMutableRawPointer(base)
                        while place + 8 <= count {
                            let difference =
                                VectorSums.load(base + place) * own - VectorSums.load(second + place) * theirs
                            raw.storeBytes(
                                of: difference.replacing(with: 0, where: difference .< 0), toByteOffset: place * 8,
                                as: VectorSums.Lane.self)
                            place += 8
                        }
                    }
                    while place < count {
                        result[place] = max(0, result[place] * own - others[place] * theirs)
                        place += 1
                    }
                    while place < result.count {
                        result[place] *= own
                        place += 1
                    }
                case (let tokens?, nil):
                    for (place, token) in tokens.enumerated() {
                        let taken = Int(token) < others.count ? others[Int(token)] * theirs : 0
                        result[place] = max(0, result[place] * own - taken)
                    }
                case (let mine, let tokens?):
                    for place in result.indices { result[place] *= own }
                    var place = 0
                    for (index, token) in tokens.enumerated() {
                        if let mine {
                            while place < mine.count, mine[place] < token { place += 1 }
                            guard place < mine.count, mine[place] == token else { continue }
                        } else {
                            place = Int(token)
                            guard place < result.count else { continue }
                        }
                        result[place] = max(0, result[place] - others[index] * theirs)
                    }
                }
            }
        }
        let sum = result.withUnsafeBufferPointer(VectorSums.sum)
        return sum > 0 ? TokenDistribution(support: support, weights: result, total: sum) : nil
    }
}
