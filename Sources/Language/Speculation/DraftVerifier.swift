public import Probability

/// Turns the drafts for one place of a text into one token that has the target's law, whatever the drafts' law is.
///
/// Drafts are looked at in order. `acceptance(of: i, among: x)` is the probability that x_i is taken, those before it
/// having been refused; where all are refused the token comes from `remainder(after: x)`. Over the drafts' law this adds
/// up to the target:
///
///     p(y) = Σ_x Q(x) (Σ_i [x_i = y] taken_i(x) + refused(x) remainder(y | x))
///
/// These two functions are all the chance there is, so that a test adds it up exactly.
public protocol DraftVerifier: Sendable {
    /// The probability that draft `index` is taken, those before it having been refused. Asked for in order, from 0 on.
    mutating func acceptance(of index: Int, among drafts: [Token]) -> Double

    /// The law of the token where all drafts are refused; asked for after the acceptance of the last one.
    mutating func remainder(after drafts: [Token]) -> TokenDistribution

    /// The probability that a draft is taken, over all drafts; nil where that takes going through all of them.
    var expectedAcceptance: Double? { get }
}

/// The token that a verifier came to.
public struct VerifiedToken: Sendable, Hashable {
    /// The token, which has the target's law.
    public var token: Token
    /// Which draft it is; nil where all were refused.
    public var draft: Int?
}

extension DraftVerifier {
    /// The token that the drafts become.
    public mutating func verify(_ drafts: [Token], using random: inout Random) -> VerifiedToken {
        for index in drafts.indices {
            // A number is drawn also where there is nothing to decide: whether a probability is 1 or 1 - 1e-7 must not
            // change which numbers the rest of the text is drawn with.
            if random.uniform() < acceptance(of: index, among: drafts) {
                return VerifiedToken(token: drafts[index], draft: index)
            }
        }
        return VerifiedToken(token: remainder(after: drafts).sample(using: &random), draft: nil)
    }

    /// For given drafts, the probabilities that each is taken, and that all are refused.
    mutating func probabilities(of drafts: [Token]) -> (taken: [Double], refused: Double) {
        var rest = 1.0
        var taken: [Double] = []
        for index in drafts.indices {
            let probability = acceptance(of: index, among: drafts)
            taken.append(rest * probability)
            rest *= 1 - probability
        }
        return (taken, rest)
    }
}

/// The ways to select among drafts.
public enum SelectionRule: String, Sendable, Hashable, Codable, CaseIterable {
    /// Each draft is tried against what the ones before it have left of the target (Leviathan et al. and Chen et al., 2023,
    /// for one draft; Miao et al., 2024, "SpecInfer", for several). Any law of the drafts.
    case recursiveRejection
    /// Each draft is tried against one scaled-down target (Sun et al., 2023, "SpecTr", k-sequential selection). Identical
    /// drafts.
    case sequential
    /// One draft is chosen by tuned importance weights, then tried as the only one (paper 215). Independent drafts.
    case importanceSampling
    /// The most likely acceptance that any rule can have: the solution of the linear program of optimal transport. For
    /// identical drafts of any vocabulary; for other laws where the vocabulary is small.
    case optimal

    /// A verifier for one place.
    /// - Parameters:
    ///   - target: the law that the token is to have.
    ///   - drafts: the law that the drafts have.
    ///   - floor: tokens that are less likely than this under target and drafts are treated together by the rules that
    ///     look at all tokens; the law stays exact, and what it costs in acceptance is bounded
    ///     (``TwoStepVerifier/lossBound``). 0 treats each token by itself.
    /// - Throws: ``LanguageError/unsupported(model:what:remedy:)`` for a law of drafts that the rule can't take.
    public func verifier(
        target: TokenDistribution, drafts: DraftLaw, floor: Double = 0x1p-10
    ) throws(LanguageError) -> any DraftVerifier {
        // With one draft all rules are this one, which looks at the drafted token only.
        if drafts.count == 1 { return RecursiveRejection(target: target, drafts: drafts) }
        switch (self, drafts) {
        case (.recursiveRejection, _): return RecursiveRejection(target: target, drafts: drafts)
        case (.sequential, .identical(let draft, let count)):
            return SequentialSelection(target: target, draft: draft, count: count, floor: floor)
        case (.importanceSampling, .identical(let draft, let count)):
            let candidates = DraftCandidates(target: target, drafts: [draft], floor: floor, limit: 192)
            return TwoStepVerifier(
                target: target, draft: draft, candidates: candidates,
                selection: .tournament(
                    ImportanceTournament(candidates, draftRows: [Int](repeating: 0, count: count))))
        case (.importanceSampling, .independent(let all)):
            let candidates = DraftCandidates(target: target, drafts: all, floor: 0, limit: .max)
            guard candidates.tokens.count <= 2048 else { break }
            return TwoStepVerifier(
                target: target, draft: all[0], candidates: candidates,
                selection: .tournament(ImportanceTournament(candidates, draftRows: Array(all.indices))))
        case (.optimal, .identical(let draft, let count)):
            let candidates = DraftCandidates(target: target, drafts: [draft], floor: floor, limit: 2048)
            return TwoStepVerifier(
                target: target, draft: draft, candidates: candidates,
                selection: .quantiles(SharedQuantiles(candidates, count: count)))
        case (.optimal, _):
            if let verifier = TransportVerifier(target: target, drafts: drafts) { return verifier }
        default: break
        }
        throw .unsupported(
            model: "speculation", what: "the rule \(rawValue) can't take drafts of this law",
            remedy: "Use recursiveRejection, or identical drafts.")
    }
}
