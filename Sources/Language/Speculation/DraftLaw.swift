public import Probability

/// How the drafts for one place of a text are drawn: from one distribution or several, each on its own or each among the
/// tokens that have not been drawn.
public struct DraftLaw: Sendable {
    /// What drafts are drawn from: a distribution for each model.
    public let distributions: [TokenDistribution]
    /// Which of them each draft is drawn from, in order.
    public let sources: [Int]
    /// Whether no token is drawn twice.
    public let isWithoutReplacement: Bool

    private init(_ distributions: [TokenDistribution], _ sources: [Int], isWithoutReplacement: Bool) {
        precondition(sources.allSatisfy(distributions.indices.contains), "a draft comes from one of the distributions")
        self.distributions = distributions
        self.sources = sources
        self.isWithoutReplacement = isWithoutReplacement
    }

    /// `count` drafts from one distribution, each on its own.
    public static func identical(_ distribution: TokenDistribution, count: Int) -> DraftLaw {
        DraftLaw([distribution], [Int](repeating: 0, count: count), isWithoutReplacement: false)
    }

    /// Drafts from several distributions, each on its own; one from each where `sources` does not say from which.
    public static func independent(_ distributions: [TokenDistribution], sources: [Int]? = nil) -> DraftLaw {
        DraftLaw(distributions, sources ?? Array(distributions.indices), isWithoutReplacement: false)
    }

    /// `count` drafts from one distribution, one after the other, each among the tokens that have not been drawn; fewer where
    /// none is left.
    public static func withoutReplacement(_ distribution: TokenDistribution, count: Int) -> DraftLaw {
        DraftLaw([distribution], [Int](repeating: 0, count: count), isWithoutReplacement: true)
    }

    /// The same with drafts from several distributions.
    public static func withoutReplacement(_ distributions: [TokenDistribution], sources: [Int]) -> DraftLaw {
        DraftLaw(distributions, sources, isWithoutReplacement: true)
    }

    /// How many drafts there are; fewer where drafts without replacement have no more tokens.
    public var count: Int { sources.count }

    /// Whether all drafts come from one distribution.
    public var isOfOneSource: Bool { sources.allSatisfy { $0 == sources.first } }

    /// Drafts.
    public func sample(using random: inout Random) -> [Token] {
        var drafts: [Token] = []
        drafts.reserveCapacity(count)
        while let next = distribution(after: drafts) { drafts.append(next.sample(using: &random)) }
        return drafts
    }

    /// The distribution of the draft that comes after `drafts`; nil where that were all.
    func distribution(after drafts: some Collection<Token>) -> TokenDistribution? {
        guard drafts.count < sources.count else { return nil }
        let whole = distributions[sources[drafts.count]]
        guard isWithoutReplacement, !drafts.isEmpty else { return whole }
        let left = whole.removing(drafts)
        return left.total > 0 ? left : nil
    }

    /// The probability of these drafts, in this order.
    public func probability(of drafts: [Token]) -> Double {
        var product = 1.0
        for index in drafts.indices where product > 0 {
            product *= distribution(after: drafts[..<index])?.probability(of: drafts[index]) ?? 0
        }
        return product
    }
}

extension TokenDistribution {
    /// The distribution given that none of `tokens` comes; its total is 0 where no other is left.
    func removing(_ tokens: some Collection<Token>) -> TokenDistribution {
        if let law {
            var left = law
            for token in tokens where token >= 0 && Int(token) < law.row.count { left.remove(token) }
            return TokenDistribution(left)
        }
        var weights = weights
        for token in tokens { if let place = place(of: token) { weights[place] = 0 } }
        // Added up anew: what is left may be small beside what was taken out.
        return TokenDistribution(
            support: support, weights: weights, total: weights.withUnsafeBufferPointer(VectorSums.sum))
    }
}
