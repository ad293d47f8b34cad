/// Tries each draft against what the ones before it have left of the target.
///
///     r_1 = p;   draft i is taken with min(1, r_i(x_i) / q_i(x_i));   r_(i+1) ∝ max(0, r_i - q_i)
///
/// With one draft this is speculative sampling (Leviathan et al., 2023; Chen et al., 2023), which is then optimal; with
/// several it is the rule of SpecInfer (Miao et al., 2024). The drafts may come from different models, or without
/// replacement: q_i is the law of draft i given those before it.
///
/// Since max(0, max(0, a) - b) = max(0, a - b), what is left is the target less multiples of the drafts' distributions, and
/// only the multiples are kept: with Z_i = Σ r_i before normalising, r_(i+1) ∝ max(0, r_i - Z_i q_i).
public struct RecursiveRejection: DraftVerifier {
    private let target: TokenDistribution
    private let drafts: DraftLaw
    /// What is left of the target when the first `place` drafts are refused.
    private var left: TokenRemainder
    /// Its sum, once that was asked for.
    private var sum: Double? = 1
    private var place = 0

    /// A verifier of drafts of this law.
    public init(target: TokenDistribution, drafts: DraftLaw) {
        self.target = target
        self.drafts = drafts
        left = TokenRemainder(of: target, sources: drafts.distributions)
    }

    public mutating func acceptance(of index: Int, among tokens: [Token]) -> Double {
        advance(to: index, tokens)
        let draft = drafts.distribution(after: tokens[..<index])?.probability(of: tokens[index]) ?? 0
        return draft > 0 ? min(1, left.value(of: tokens[index]) / (total() * draft)) : 0
    }

    public mutating func remainder(after tokens: [Token]) -> TokenRemainder {
        advance(to: tokens.count, tokens)
        return left
    }

    /// Without replacement what is left depends on the drafts.
    public var expectedAcceptance: Double? {
        if drafts.isWithoutReplacement { return nil }
        var left = TokenRemainder(of: target, sources: drafts.distributions)
        for source in drafts.sources { left.factors[source] += left.total }
        return 1 - left.total
    }

    private mutating func total() -> Double {
        if let sum { return sum }
        var total = left.total
        if total <= 0 {
            // Where rounding leaves nothing, a refusal had probability zero but for rounding.
            left = TokenRemainder(of: target, sources: drafts.distributions)
            total = 1
        }
        sum = total
        return total
    }

    private mutating func advance(to index: Int, _ tokens: [Token]) {
        if index < place {
            left = TokenRemainder(of: target, sources: drafts.distributions)
            sum = 1
            place = 0
        }
        while place < index {
            let source = drafts.sources[place]
            let whole = drafts.distributions[source]
            let own = drafts.distribution(after: tokens[..<place]) ?? whole
            left.factors[source] += total() * whole.total / own.total
            if drafts.isWithoutReplacement {
                // Later drafts are other tokens, and take nothing from this one any more.
                left.set(tokens[place], to: left.value(of: tokens[place]))
            }
            sum = nil
            place += 1
        }
    }
}
