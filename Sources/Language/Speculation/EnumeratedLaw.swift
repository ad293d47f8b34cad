/// The law of the token that a verifier comes to, added up exactly over every list of drafts: for small vocabularies.
public struct EnumeratedLaw: Sendable {
    /// The probability of each token, `[vocabulary]`.
    public private(set) var probabilities: [Double]
    /// The probability that a draft is taken.
    public private(set) var accepted = 0.0

    /// - Complexity: the vocabulary's size to the power of the number of drafts.
    public init(_ verifier: any DraftVerifier, _ drafts: DraftLaw, size: Int) {
        probabilities = [Double](repeating: 0, count: size)
        walk(verifier, drafts, [], 1)
    }

    private mutating func walk(
        _ verifier: any DraftVerifier, _ drafts: DraftLaw, _ list: [Token], _ probability: Double
    ) {
        if let next = drafts.distribution(after: list) {
            for token in 0..<Token(probabilities.count) {
                let share = next.probability(of: token)
                if share > 0 { walk(verifier, drafts, list + [token], probability * share) }
            }
            return
        }
        var verifier = verifier
        let (taken, refused) = verifier.probabilities(of: list)
        for (token, share) in zip(list, taken) {
            probabilities[Int(token)] += probability * share
            accepted += probability * share
        }
        guard refused > 0, let rest = verifier.remainder(after: list).distribution else { return }
        for token in probabilities.indices {
            probabilities[token] += probability * refused * rest.probability(of: Token(token))
        }
    }

    /// The total variation distance to `target`.
    public func distance(to target: TokenDistribution) -> Double {
        probabilities.indices.reduce(0) {
            $0 + abs(probabilities[$1] - target.probability(of: Token($1)))
        } / 2
    }
}
