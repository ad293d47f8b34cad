/// Chooses one of the drafts first, then tries it as if it were the only one.
///
/// The chosen draft has a law m that is known exactly; it is taken with min(1, p(x) / m(x)), and where it is refused the
/// token comes from max(0, p - m). Every optimal rule can be brought into this form (paper 215, which calls the first step
/// importance sampling); what a rule is good for is decided by how near m comes to the target:
///
///     probability that a draft is taken = Σ_x min(p(x), m(x))
///
/// The drafts are independent, from one distribution or several.
public struct TwoStepVerifier: DraftVerifier {
    /// The first step.
    enum Selection: Sendable {
        case tournament(ImportanceTournament)
        case quantiles(SharedQuantiles)
        case priorities(PriorityMixture)

        /// The law of the chosen class, `[tokens + sources]`.
        var law: [Double] {
            switch self {
            case .tournament(let tournament): tournament.law
            case .quantiles(let quantiles): quantiles.law
            case .priorities(let priorities): priorities.law
            }
        }

        /// A probability with which no rule at all takes a draft more often; nil where the rule does not know one.
        var bound: Double? {
            switch self {
            case .tournament: nil
            case .quantiles(let quantiles): quantiles.bound
            case .priorities(let priorities): priorities.bound
            }
        }

        /// The probability that each draft is chosen, given their classes.
        func probabilities(_ classes: [Int]) -> [Double] {
            switch self {
            case .tournament(let tournament): tournament.probabilities(classes)
            case .quantiles(let quantiles): quantiles.probabilities(classes)
            case .priorities(let priorities): priorities.probabilities(classes)
            }
        }
    }

    private let target: TokenDistribution
    private let drafts: DraftLaw
    private let candidates: DraftCandidates
    private let selection: Selection
    private let law: [Double]
    /// For each distribution the factor that it has in m(x) of tokens that are no candidates.
    private let restFactors: [Double]
    /// The probability that each of the present drafts is taken.
    private var taken: [Double] = []
    /// The probability that none of the drafts before the next one is taken.
    private var left = 1.0

    init(target: TokenDistribution, drafts: DraftLaw, candidates: DraftCandidates, selection: Selection) {
        self.target = target
        self.drafts = drafts
        self.candidates = candidates
        self.selection = selection
        let law = selection.law
        self.law = law
        restFactors = drafts.distributions.indices.map { source in
            let rest = candidates.drafts[source][candidates.tokens.count + source]
            return rest > 0 ? law[candidates.tokens.count + source] / rest : 0
        }
    }

    public mutating func acceptance(of index: Int, among tokens: [Token]) -> Double {
        if index == 0 {
            let classes = zip(tokens, drafts.sources).map { candidates.index(of: $0, from: $1) }
            taken = selection.probabilities(classes)
            for (place, index) in classes.enumerated() where taken[place] > 0 {
                let own: (p: Double, m: Double)
                if index < candidates.tokens.count {
                    own = (candidates.target[index], law[index])
                } else {
                    let token = tokens[place]
                    var m = 0.0
                    for (source, factor) in zip(drafts.distributions, restFactors) where factor > 0 {
                        m += factor * source.probability(of: token)
                    }
                    own = (target.probability(of: token), m)
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

    public mutating func remainder(after tokens: [Token]) -> TokenRemainder { remainder }

    private var remainder: TokenRemainder {
        TokenRemainder(
            of: target, sources: drafts.distributions, factors: restFactors, tokens: candidates.tokens,
            values: candidates.tokens.indices.map { max(0, candidates.target[$0] - law[$0]) })
    }

    /// Σ min(p, m) = 1 - Σ max(0, p - m).
    public var expectedAcceptance: Double? { 1 - remainder.total }

    /// By how much the probability that a draft is taken falls short, at most, of the best rule that there is over the whole
    /// vocabulary; nil where the rule does not know. For every set H of tokens no rule takes a draft more often than
    ///
    ///     p(H) + P(not all drafts are in H)
    ///
    /// for what is taken lies in H, which the target allows p(H) of the time, or outside, where some draft must be. The rule
    /// knows a set of candidates, with or without all others, for which that is least; its own probability is added up
    /// exactly. The difference is what lies between, whether by the floor or by steps that were saved.
    public var lossBound: Double? {
        selection.bound.map { max(0, $0 - (1 - remainder.total)) }
    }
}
