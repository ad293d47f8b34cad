/// What a small model's own distribution says of how unsure it is of the next token.
public struct TokenEvidence: Sendable, Hashable, Codable {
    /// The entropy in nats.
    public var entropy: Double
    /// The likeliest token's probability less the next one's.
    public var margin: Double
    /// The likeliest token's log-probability in nats.
    public var topLogProbability: Double

    /// Evidence.
    public init(entropy: Double, margin: Double, topLogProbability: Double) {
        self.entropy = entropy
        self.margin = margin
        self.topLogProbability = topLogProbability
    }

    /// What a row of logits says.
    public init(logits: some Collection<Float>) {
        let summary = LogitSummary(logits)
        self.init(
            entropy: summary.entropy, margin: summary.margin, topLogProbability: -summary.logNormaliser)
    }
}

/// Passes the pen to the larger model where the smaller one is more unsure than a threshold.
public struct TokenDeferralRule: Sendable, Hashable, Codable {
    /// What is looked at; larger is more unsure.
    public enum Signal: String, Sendable, Hashable, Codable, CaseIterable {
        /// The entropy.
        case entropy
        /// 1 less the margin.
        case margin
        /// The surprise of the likeliest token.
        case surprise

        /// How unsure the evidence is by this.
        public func uncertainty(_ evidence: TokenEvidence) -> Double {
            switch self {
            case .entropy: evidence.entropy
            case .margin: 1 - evidence.margin
            case .surprise: -evidence.topLogProbability
            }
        }
    }

    /// What is looked at.
    public var signal: Signal
    /// The larger model writes the tokens of which the smaller one is more unsure than this.
    public var threshold: Double

    /// A rule.
    public init(signal: Signal, threshold: Double) {
        self.signal = signal
        self.threshold = threshold
    }

    /// Whether the larger model is to write the next token.
    public func defers(_ evidence: TokenEvidence) -> Bool { signal.uncertainty(evidence) > threshold }

    /// One token of a log: what the smaller model said, and what the larger one would have been worth.
    public struct Record: Sendable, Hashable, Codable {
        /// The smaller model's evidence.
        public var evidence: TokenEvidence
        /// What is gained where the larger model writes this token: 1 where it would have written another one that was
        /// wanted, or a difference of log-probabilities.
        public var gain: Double

        /// A record.
        public init(evidence: TokenEvidence, gain: Double) {
            self.evidence = evidence
            self.gain = gain
        }
    }

    /// A rule learned from a log, and what it did there.
    public struct Fit: Sendable, Hashable {
        /// The rule.
        public var rule: TokenDeferralRule
        /// The share of tokens passed on.
        public var share: Double
        /// The gain a token, over all tokens.
        public var gain: Double
    }

    /// The signal and threshold that gain the most on `log` while no more than `maximumShare` of its tokens are passed on.
    ///
    /// All thresholds are looked at: each lies at a value that occurred. Of equal gains the smallest share wins.
    /// - Throws: ``LanguageError/improperParameter(name:value:expected:)`` for an empty log, a share outside 0 to 1, or
    ///   numbers that are none.
    public static func fit(_ log: [Record], maximumShare: Double) throws(LanguageError) -> Fit {
        guard !log.isEmpty else {
            throw .improperParameter(name: "log", value: "no tokens", expected: "at least one")
        }
        guard (0...1).contains(maximumShare) else {
            throw .improperParameter(name: "maximumShare", value: "\(maximumShare)", expected: "0 to 1")
        }
        var best: Fit?
        for signal in Signal.allCases {
            let points = log.map { (uncertainty: signal.uncertainty($0.evidence), gain: $0.gain) }
                .sorted { $0.uncertainty > $1.uncertainty }
            if let bad = points.first(where: { !$0.uncertainty.isFinite || !$0.gain.isFinite }) {
                throw .improperParameter(
                    name: "log", value: "uncertainty \(bad.uncertainty), gain \(bad.gain)", expected: "finite numbers")
            }
            var gained = 0.0
            // Passing on nothing: the threshold is the largest value.
            for count in 0...points.count {
                if count > 0 { gained += points[count - 1].gain }
                let share = Double(count) / Double(points.count)
                if share > maximumShare { break }
                // Between two equal values no threshold lies.
                if count > 0, count < points.count, points[count].uncertainty == points[count - 1].uncertainty {
                    continue
                }
                let gain = gained / Double(points.count)
                let isBetter = best.map { gain > $0.gain || gain == $0.gain && share < $0.share } ?? true
                if isBetter {
                    let threshold = count < points.count ? points[count].uncertainty : -.greatestFiniteMagnitude
                    best = Fit(rule: TokenDeferralRule(signal: signal, threshold: threshold), share: share, gain: gain)
                }
            }
        }
        return best!
    }
}

/// A small model that a larger one takes the pen from where a rule says so; over one vocabulary.
///
/// The larger model reads all tokens since it last wrote in one batch.
public struct DeferringScorer: TokenScorer {
    private let small: any TokenScorer
    private let large: any TokenScorer
    private let rule: TokenDeferralRule

    /// - Throws: ``LanguageError/vocabularyMismatch(first:second:reason:)`` where vocabularies differ in size.
    public init(
        small: any TokenScorer, large: any TokenScorer, rule: TokenDeferralRule
    ) throws(LanguageError) {
        guard small.vocabularyCount == large.vocabularyCount else {
            throw .vocabularyMismatch(
                first: "the small model", second: "the large model",
                reason: "\(small.vocabularyCount) and \(large.vocabularyCount) tokens")
        }
        self.small = small
        self.large = large
        self.rule = rule
    }

    public var vocabularyCount: Int { small.vocabularyCount }

    public func logits(after prefixes: [[Token]]) async throws -> LogitRows {
        let rows = try await small.logits(after: prefixes)
        let passed = (0..<rows.count).filter { rule.defers(TokenEvidence(logits: rows[$0])) }
        guard !passed.isEmpty else { return rows }
        let others = try await large.logits(after: passed.map { prefixes[$0] })
        var values = rows.values
        for (index, row) in passed.enumerated() {
            values.replaceSubrange(row * vocabularyCount..<(row + 1) * vocabularyCount, with: others[index])
        }
        return LogitRows(values: values, vocabularyCount: vocabularyCount)
    }
}
