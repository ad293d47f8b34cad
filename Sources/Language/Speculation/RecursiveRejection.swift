/// Tries each draft against what the ones before it have left of the target.
///
///     r_1 = p;   draft i is taken with min(1, r_i(x_i) / q_i(x_i));   r_(i+1) ∝ max(0, r_i - q_i)
///
/// With one draft this is speculative sampling (Leviathan et al., 2023; Chen et al., 2023), which is then optimal; with
/// several it is the rule of SpecInfer (Miao et al., 2024). The drafts may come from different models, or without
/// replacement: q_i is the law of draft i given those before it.
public struct RecursiveRejection: DraftVerifier {
    private let target: TokenDistribution
    private let drafts: DraftLaw
    /// What is left of the target when the first `place` drafts are refused.
    private var left: TokenDistribution
    private var place = 0

    /// A verifier of drafts of this law.
    public init(target: TokenDistribution, drafts: DraftLaw) {
        self.target = target
        self.drafts = drafts
        left = target
    }

    public mutating func acceptance(of index: Int, among tokens: [Token]) -> Double {
        advance(to: index, tokens)
        let draft = drafts.distribution(of: index, after: tokens).probability(of: tokens[index])
        return draft > 0 ? min(1, left.probability(of: tokens[index]) / draft) : 0
    }

    public mutating func remainder(after tokens: [Token]) -> TokenDistribution {
        advance(to: tokens.count, tokens)
        return left
    }

    /// Without replacement what is left depends on the drafts.
    public var expectedAcceptance: Double? {
        if case .withoutReplacement = drafts { return nil }
        var refused = 1.0
        var left = target
        for index in 0..<drafts.count {
            let draft = drafts.distribution(of: index, after: [])
            // The mass above the draft is what a refusal leaves.
            guard let part = left.part(above: 1, times: draft) else { return 1 }
            refused *= part.total
            left = part
        }
        return 1 - refused
    }

    private mutating func advance(to index: Int, _ tokens: [Token]) {
        if index < place {
            left = target
            place = 0
        }
        while place < index {
            // Where rounding leaves nothing, a refusal had probability zero but for rounding.
            left = left.part(above: 1, times: drafts.distribution(of: place, after: tokens)) ?? target
            place += 1
        }
    }
}
