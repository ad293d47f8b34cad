public import Probability

/// How drafts are made and selected.
public struct SpeculationSettings: Sendable, Hashable, Codable {
    /// How many tokens are drafted in a row.
    public enum Length: Sendable, Hashable, Codable {
        /// Always as many.
        case fixed(Int)
        /// What is fastest by the times and the acceptance seen, up to a most; none where speculation does not pay.
        case automatic(maximum: Int)
    }

    /// How one of several drafts is selected.
    public var rule = SelectionRule.optimal
    /// How many texts are drafted side by side.
    public var drafts = 1
    /// How long they are.
    public var length = Length.automatic(maximum: 8)
    /// Whether the first tokens of the drafts are drawn without replacement; not every rule can take that.
    public var isWithoutReplacement = false
    /// How the draft model's tokens are drawn; nil for the way the target's are. Anything keeps the target's law.
    public var sampling: SamplingParameters?

    /// One draft, as long as pays.
    public init() {}

    /// - Throws: ``LanguageError/improperParameter(name:value:expected:)``.
    public func check() throws(LanguageError) {
        guard (1...31).contains(drafts) else {
            throw .improperParameter(name: "drafts", value: "\(drafts)", expected: "1 to 31")
        }
        let most =
            switch length {
            case .fixed(let length): length;
            case .automatic(let maximum): maximum
            }
        guard (1...64).contains(most) else {
            throw .improperParameter(name: "length", value: "\(most)", expected: "1 to 64")
        }
        try sampling?.check()
    }
}

/// What drafts were worth.
public struct SpeculationStatistics: Sendable, Hashable, Codable {
    /// Times that the target was asked.
    public var blocks = 0
    /// Tokens written.
    public var tokens = 0
    /// Places at which drafts were tried, and at which one was taken.
    public var tried = 0
    public var accepted = 0
    /// Tokens that the target looked at, drafted ones and one more a block.
    public var targetTokens = 0
    /// Seconds of the draft model, the target and everything else.
    public var draftSeconds = 0.0
    public var targetSeconds = 0.0
    public var otherSeconds = 0.0

    /// Nothing yet.
    public init() {}

    /// Tokens written a call of the target.
    public var blockEfficiency: Double { blocks > 0 ? Double(tokens) / Double(blocks) : 0 }
    /// The share of tried places at which a draft was taken.
    public var acceptance: Double { tried > 0 ? Double(accepted) / Double(tried) : 0 }
}

/// Writes tokens with the law of one model, several at a time, by looking at another one's drafts.
///
/// The law is the target's, whatever the draft model says and however its tokens are drawn: the law of the target as it
/// was evaluated, in that batch and with the cache's cells where they lay (see the article Decoding on what that means for
/// llama.cpp).
public struct SpeculativeDecoder: Sendable {
    /// One written token with what the target said before it.
    public struct Written: Sendable {
        /// The token.
        public var token: Token
        /// The target's logits, `[vocabulary]`.
        public var logits: ArraySlice<Float>
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
    private let draft: any TokenScorer
    private let settings: SpeculationSettings
    /// Whether a token ends a text: nothing is drafted behind it.
    private let isEnd: @Sendable (Token) -> Bool
    /// What has been found out of lengths.
    public private(set) var controller: SpeculationController
    /// What drafts were worth so far.
    public private(set) var statistics = SpeculationStatistics()

    /// A decoder of `target` with drafts by `draft`.
    /// - Throws: ``LanguageError`` for settings out of range or vocabularies of different size.
    public init(
        target: any TokenScorer, draft: any TokenScorer, settings: SpeculationSettings = SpeculationSettings(),
        isEnd: @escaping @Sendable (Token) -> Bool = { _ in false }
    ) throws(LanguageError) {
        try settings.check()
        guard target.vocabularyCount == draft.vocabularyCount else {
            throw .vocabularyMismatch(
                first: "the target", second: "the draft",
                reason: "\(target.vocabularyCount) and \(draft.vocabularyCount) tokens")
        }
        self.target = target
        self.draft = draft
        self.settings = settings
        self.isEnd = isEnd
        let most =
            switch settings.length {
            case .fixed(let length): length;
            case .automatic(let maximum): maximum
            }
        controller = SpeculationController(maximumLength: most)
    }

    /// Drafts at one place, and the nodes that they became.
    private struct Proposal {
        var law: DraftLaw
        var drafts: [Token]
        var children: [Token: Int] = [:]
    }

    private struct Drafted {
        var tree = DraftTree()
        /// By the number of the node that they come behind, -1 for the beginning.
        var proposals: [Int: Proposal] = [:]
        var length = 0
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
        let drafted = try await draw(after: history, length: min(wanted, limit - 1), state: &state)
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
            written.append(Written(token: token, logits: row))
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
        let (draftSeconds, targetSeconds) = (
            start.duration(to: middle) / .seconds(1), middle.duration(to: end) / .seconds(1)
        )
        statistics.draftSeconds += draftSeconds
        statistics.targetSeconds += targetSeconds
        statistics.otherSeconds += end.duration(to: finish) / .seconds(1)
        controller.observe(
            length: drafted.length, accepted: accepted, written: written.count, draftSeconds: draftSeconds,
            targetSeconds: targetSeconds)
        return written
    }

    /// Drafts of this length, level by level, each level in one batch.
    private func draw(after history: [Token], length: Int, state: inout State) async throws -> Drafted {
        var drafted = Drafted()
        var parameters = settings.sampling ?? state.sampler.parameters
        parameters.mirostat = nil
        struct Open {
            var node: Int
            var path: [Token]
            var constraint: (any TokenConstraint)?
            /// How many drafts have come this way.
            var count: Int
        }
        var open = [Open(node: -1, path: [], constraint: state.constraint, count: settings.drafts)]
        for level in 0..<max(0, length) where !open.isEmpty {
            let rows = try await draft.logits(after: open.map { history + $0.path })
            var next: [Open] = []
            for (index, place) in open.enumerated() {
                // A place at which no token may come gets no drafts; the target will say what is wrong.
                guard
                    let distribution = try? TokenDistribution(
                        logits: rows[index], parameters: parameters, history: history + place.path,
                        allowed: place.constraint?.allowedTokens())
                else { continue }
                let law: DraftLaw =
                    settings.isWithoutReplacement && level == 0
                    ? .withoutReplacement(distribution, count: place.count)
                    : .identical(distribution, count: place.count)
                var proposal = Proposal(law: law, drafts: law.sample(using: &state.random))
                for token in proposal.drafts where proposal.children[token] == nil {
                    let child = drafted.tree.add(token, after: place.node < 0 ? nil : place.node)
                    proposal.children[token] = child
                    drafted.length = level + 1
                    var constraint = place.constraint
                    guard !isEnd(token), (try? constraint?.accept(token)) != nil || constraint == nil,
                        constraint?.mustEnd != true
                    else { continue }
                    next.append(
                        Open(
                            node: child, path: place.path + [token], constraint: constraint,
                            count: proposal.drafts.count { $0 == token }))
                }
                drafted.proposals[place.node] = proposal
            }
            open = next
        }
        return drafted
    }
}
