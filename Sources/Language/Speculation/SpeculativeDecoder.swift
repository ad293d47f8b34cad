public import Probability

/// Writes tokens with the law of one model, several at a time, by looking at the drafts of one or several others.
///
/// The law is the target's, whatever the draft models say and however their tokens are drawn: the law of the target as it
/// was evaluated, in that batch and with the cache's cells where they lay (see the article Decoding on what that means for
/// llama.cpp).
public struct SpeculativeDecoder: Sendable {
    /// One written token with what the target said before it.
    public struct Written: Sendable {
        /// The token.
        public var token: Token
        /// The target's logits, `[vocabulary]`.
        public var logits: ArraySlice<Float>
        /// What they say as a whole, where that came with the law.
        var summary: LogitSummary?
    }

    /// The state of a text that each token moves on.
    public struct State: Sendable {
        /// How the target's tokens are drawn.
        public var sampler: TokenSampler
        /// What may come.
        public var constraint: (any TokenConstraint)?
        /// Chooses the tokens.
        public var random: Random

        /// The start of a text.
        public init(sampler: TokenSampler, constraint: (any TokenConstraint)? = nil, random: Random) {
            self.sampler = sampler
            self.constraint = constraint
            self.random = random
        }
    }

    private let target: any TokenScorer
    private let drafts: [any TokenScorer]
    private let settings: SpeculationSettings
    /// Whether a token ends a text: nothing is drafted behind it.
    private let isEnd: @Sendable (Token) -> Bool
    /// What has been found out of lengths.
    public private(set) var controller: SpeculationController
    /// What drafts were worth so far.
    public private(set) var statistics = SpeculationStatistics()

    /// A decoder of `target` with drafts by `draft`.
    /// - Throws: ``LanguageError`` as the other initialiser.
    public init(
        target: any TokenScorer, draft: any TokenScorer, settings: SpeculationSettings = SpeculationSettings(),
        isEnd: @escaping @Sendable (Token) -> Bool = { _ in false }
    ) throws(LanguageError) {
        try self.init(target: target, drafts: [draft], settings: settings, isEnd: isEnd)
    }

    /// A decoder of `target` with drafts by several models, which take turns: text i is drafted by model i modulo their number.
    /// - Throws: ``LanguageError`` for settings out of range, a rule that can't take such drafts, or vocabularies of different
    ///   size.
    public init(
        target: any TokenScorer, drafts: [any TokenScorer], settings: SpeculationSettings = SpeculationSettings(),
        isEnd: @escaping @Sendable (Token) -> Bool = { _ in false }
    ) throws(LanguageError) {
        try settings.check(models: drafts.count, vocabularyCount: target.vocabularyCount)
        for (index, draft) in drafts.enumerated() where target.vocabularyCount != draft.vocabularyCount {
            throw .vocabularyMismatch(
                first: "the target", second: drafts.count == 1 ? "the draft" : "draft \(index + 1)",
                reason: "\(target.vocabularyCount) and \(draft.vocabularyCount) tokens")
        }
        self.target = target
        self.drafts = drafts
        self.settings = settings
        self.isEnd = isEnd
        controller = SpeculationController(maximumLength: settings.maximumLength)
    }

    /// The tokens that come after `history`, at least one, and at most `limit`.
    public mutating func next(
        after history: [Token], limit: Int = .max, state: inout State
    ) async throws -> [Written] {
        let clock = ContinuousClock()
        let start = clock.now
        let wanted =
            switch settings.length {
            case .fixed(let length): length;
            case .automatic: controller.nextLength
            }
        // The last token of a text needs no draft behind it.
        let drafted = try await DraftWriter(models: drafts, settings: settings, isEnd: isEnd)
            .write(after: history, length: min(wanted, limit - 1), state: &state)
        let middle = clock.now
        let rows = try await target.logits(after: history, tree: drafted.tree)
        let end = clock.now
        var written: [Written] = []
        var accepted = 0
        var tried = 0
        var node = -1
        var text = history
        while true {
            let row = rows[node + 1]
            let next = try state.sampler.next(
                logits: row, history: text, allowed: try state.constraint?.allowedTokens())
            let token: Token
            if let proposal = drafted.proposals[node] {
                var verifier = try settings.rule.verifier(target: next.distribution, drafts: proposal.law)
                let verified = verifier.verify(proposal.drafts, using: &state.random)
                token = verified.token
                tried += 1
                if verified.draft != nil { accepted += 1 }
            } else {
                token = next.distribution.sample(using: &state.random)
            }
            state.sampler.accept(token, from: next)
            try state.constraint?.accept(token)
            written.append(Written(token: token, logits: row, summary: next.distribution.law?.summary))
            text.append(token)
            // Drafts behind a token do not depend on how it was selected: a token that all drafts were refused for goes on
            // all the same where it was drafted.
            guard written.count < limit, let child = drafted.proposals[node]?.children[token], !isEnd(token),
                state.constraint?.mustEnd != true
            else { break }
            node = child
        }
        let finish = clock.now
        statistics.blocks += 1
        statistics.tokens += written.count
        statistics.tried += tried
        statistics.accepted += accepted
        statistics.targetTokens += drafted.tree.nodes.count + 1
        let (drafting, looking, verifying) = (
            start.duration(to: middle) / .seconds(1), middle.duration(to: end) / .seconds(1),
            end.duration(to: finish) / .seconds(1)
        )
        statistics.draftSeconds += drafted.modelSeconds
        statistics.targetSeconds += looking
        statistics.otherSeconds += drafting - drafted.modelSeconds + verifying
        statistics.verificationSeconds += verifying
        controller.observe(
            length: drafted.length, accepted: accepted, written: written.count, draftSeconds: drafting,
            targetSeconds: looking)
        return written
    }
}
