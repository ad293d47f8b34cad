/// The ways to select among drafts.
public enum SelectionRule: String, Sendable, Hashable, Codable, CaseIterable {
    /// Each draft is tried against what the ones before it have left of the target (Leviathan et al. and Chen et al., 2023,
    /// for one draft; Miao et al., 2024, "SpecInfer", for several). Any law of the drafts.
    case recursiveRejection
    /// Each draft is tried against one scaled-down target (Sun et al., 2023, "SpecTr", k-sequential selection). Drafts of one
    /// model, each on its own.
    case sequential
    /// One draft is chosen by tuned importance weights, then tried as the only one (paper 215). Drafts of one model or
    /// several, each on its own.
    case importanceSampling
    /// The most likely acceptance that any rule can have: the solution of the linear program of optimal transport. In closed
    /// form for drafts of one model; over a small vocabulary by the program itself, for drafts of any law; for drafts of several
    /// models over a large one by a program truncated to the likely tokens, whose loss is bounded at each place
    /// (``TwoStepVerifier/lossBound``).
    case optimal

    /// The most lists of drafts for which independent drafts of several models have the linear program solved as it stands.
    public static let exactLists = 4096

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
        if drafts.count <= 1 { return RecursiveRejection(target: target, drafts: drafts) }
        let kind = DraftKind(isOfOneSource: drafts.isOfOneSource, isWithoutReplacement: drafts.isWithoutReplacement)
        switch self {
        case .recursiveRejection: return RecursiveRejection(target: target, drafts: drafts)
        case .sequential where kind == .identical:
            return SequentialSelection(
                target: target, draft: drafts.distributions[drafts.sources[0]], count: drafts.count, floor: floor)
        case .importanceSampling where kind != .withoutReplacement:
            let candidates = DraftCandidates(
                target: target, drafts: drafts.distributions, floor: floor, limit: floor > 0 ? 192 : 2048)
            return TwoStepVerifier(
                target: target, drafts: drafts, candidates: candidates,
                selection: .tournament(ImportanceTournament(candidates, draftRows: drafts.sources)))
        case .optimal where kind == .identical:
            let single = DraftLaw.identical(drafts.distributions[drafts.sources[0]], count: drafts.count)
            let candidates = DraftCandidates(
                target: target, drafts: single.distributions, floor: floor, limit: 2048)
            return TwoStepVerifier(
                target: target, drafts: single, candidates: candidates,
                selection: .quantiles(SharedQuantiles(candidates, count: drafts.count)))
        case .optimal:
            let limit = kind == .withoutReplacement ? TransportVerifier.limit : Self.exactLists
            if let verifier = TransportVerifier(target: target, drafts: drafts, limit: limit) { return verifier }
            if kind == .withoutReplacement { break }
            let candidates = DraftCandidates(
                target: target, drafts: drafts.distributions, floor: floor, limit: floor > 0 ? 192 : 2048)
            return TwoStepVerifier(
                target: target, drafts: drafts, candidates: candidates,
                selection: .priorities(PriorityMixture(candidates, sources: drafts.sources)))
        default: break
        }
        throw refusal(of: kind, vocabularyCount: target.vocabularyCount, count: drafts.count)
    }

    /// Checks that the rule can take `count` drafts of such a law over any distributions of a vocabulary.
    /// - Throws: ``LanguageError/unsupported(model:what:remedy:)``, which says which rules can.
    public func check(
        count: Int, models: Int, isWithoutReplacement: Bool, vocabularyCount: Int
    ) throws(LanguageError) {
        let kind = DraftKind(isOfOneSource: models == 1, isWithoutReplacement: isWithoutReplacement)
        if !takes(kind, count: count, vocabularyCount: vocabularyCount) {
            throw refusal(of: kind, vocabularyCount: vocabularyCount, count: count)
        }
    }

    private func takes(_ kind: DraftKind, count: Int, vocabularyCount: Int) -> Bool {
        if count <= 1 { return true }
        return switch self {
        case .recursiveRejection: true
        case .sequential: kind == .identical
        case .importanceSampling: kind != .withoutReplacement
        case .optimal:
            kind != .withoutReplacement
                || TransportVerifier.lists(tokens: vocabularyCount, count: count, limit: TransportVerifier.limit) != nil
        }
    }

    private func refusal(of kind: DraftKind, vocabularyCount: Int, count: Int) -> LanguageError {
        let rules = Self.allCases.filter { $0.takes(kind, count: count, vocabularyCount: vocabularyCount) }
        return .unsupported(
            model: "speculation",
            what: "the rule \(rawValue) can't take \(count) drafts \(kind.words) over \(vocabularyCount) tokens",
            remedy: "Rules that can: \(rules.map(\.rawValue).joined(separator: ", ")).")
    }
}

/// What matters to a rule of the law of several drafts.
private enum DraftKind {
    case identical
    case independent
    case withoutReplacement

    init(isOfOneSource: Bool, isWithoutReplacement: Bool) {
        self = isWithoutReplacement ? .withoutReplacement : isOfOneSource ? .identical : .independent
    }

    var words: String {
        switch self {
        case .identical: "of one model"
        case .independent: "of several models"
        case .withoutReplacement: "without replacement"
        }
    }
}
