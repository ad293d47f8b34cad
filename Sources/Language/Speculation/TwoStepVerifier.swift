/// Chooses one of the drafts first, then tries it as if it were the only one.
///
/// The chosen draft has a law m that is known exactly; it is taken with min(1, p(x) / m(x)), and where it is refused the
/// token comes from max(0, p - m). Every optimal rule can be brought into this form (paper 215, which calls the first step
/// importance sampling); what a rule is good for is decided by how near m comes to the target:
///
///     probability that a draft is taken = Σ_x min(p(x), m(x))
public struct TwoStepVerifier: DraftVerifier {
    /// The first step.
    enum Selection: Sendable {
        case tournament(ImportanceTournament)
        case quantiles(SharedQuantiles)

        /// The law of the chosen class, `[classes]`.
        var law: [Double] {
            switch self {
            case .tournament(let tournament): tournament.law
            case .quantiles(let quantiles): quantiles.law
            }
        }

        /// The probability that each draft is chosen, given their classes.
        func probabilities(_ classes: [Int]) -> [Double] {
            switch self {
            case .tournament(let tournament): tournament.probabilities(classes)
            case .quantiles(let quantiles): quantiles.probabilities(classes)
            }
        }
    }

    private let target: TokenDistribution
    private let draft: TokenDistribution
    private let candidates: DraftCandidates
    private let selection: Selection
    private let law: [Double]
    /// m(x) / q(x) of a token that is no candidate.
    private let restFactor: Double
    /// The probability that each of the present drafts is taken.
    private var taken: [Double] = []
    /// The probability that none of the drafts before the next one is taken.
    private var left = 1.0

    init(target: TokenDistribution, draft: TokenDistribution, candidates: DraftCandidates, selection: Selection) {
        self.target = target
        self.draft = draft
        self.candidates = candidates
        self.selection = selection
        law = selection.law
        let rest = candidates.drafts[0][candidates.tokens.count]
        restFactor = rest > 0 ? law[candidates.tokens.count] / rest : 0
    }

    public mutating func acceptance(of index: Int, among drafts: [Token]) -> Double {
        if index == 0 {
            let classes = drafts.map { candidates.index(of: $0) }
            taken = selection.probabilities(classes)
            for (place, index) in classes.enumerated() where taken[place] > 0 {
                let own: (p: Double, m: Double)
                if index < candidates.tokens.count {
                    own = (candidates.target[index], law[index])
                } else {
                    let token = drafts[place]
                    own = (target.probability(of: token), restFactor * draft.probability(of: token))
                }
                if own.p < own.m { taken[place] *= own.p / own.m }
            }
            left = 1
        }
        // Rounding may leave a little less than what is still to be given out.
        let probability = left > 0 ? min(1, taken[index] / left) : 0
        left -= taken[index]
        return probability
    }

    public mutating func remainder(after drafts: [Token]) -> TokenDistribution {
        remainder() ?? target
    }

    private func remainder() -> TokenDistribution? {
        guard let rest = target.part(above: restFactor, times: draft) else {
            return restFactor == 0 ? target : candidateRemainder(Array(repeating: 0, count: target.weights.count))
        }
        return candidateRemainder(rest.weights)
    }

    /// `weights` with what is left of each candidate in its place.
    private func candidateRemainder(_ weights: [Double]) -> TokenDistribution? {
        var weights = weights
        for (index, token) in candidates.tokens.enumerated() {
            if let place = target.place(of: token) {
                weights[place] = max(0, candidates.target[index] - law[index])
            }
        }
        let total = weights.withUnsafeBufferPointer(VectorSums.sum)
        return total > 0 ? TokenDistribution(support: target.support, weights: weights, total: total) : nil
    }

    public var expectedAcceptance: Double? { overlap }

    /// Σ min(p, m).
    private var overlap: Double {
        var sum = 0.0
        for index in candidates.tokens.indices { sum += min(candidates.target[index], law[index]) }
        let listed = Set(candidates.tokens)
        for token in draft.tokens where !listed.contains(token) {
            sum += min(target.probability(of: token), restFactor * draft.probability(of: token))
        }
        return sum
    }

    /// By how much the probability that a draft is taken falls short, at most, of the same rule without a floor.
    ///
    /// The classes' own optimum is no smaller than the vocabulary's, and the rule reaches it but for what the tokens below
    /// the floor lose when they share one weight: Σ min(p, m) over them as one class, less the same over each by itself.
    public var lossBound: Double {
        let rest = candidates.tokens.count
        let together = min(candidates.target[rest], law[rest])
        let listed = zip(candidates.target, law).prefix(rest).reduce(0) { $0 + min($1.0, $1.1) }
        return max(0, listed + together - overlap)
    }
}
