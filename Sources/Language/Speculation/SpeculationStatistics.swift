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
    /// Seconds of the models that draft, of the target, and of everything else: what speculation itself costs.
    public var draftSeconds = 0.0
    public var targetSeconds = 0.0
    public var otherSeconds = 0.0
    /// Of everything else, what verification takes once the target has spoken: its law, the selection, the token. The rest is
    /// the drafts' laws and the draws from them.
    public var verificationSeconds = 0.0

    /// Nothing yet.
    public init() {}

    /// Tokens written a call of the target.
    public var blockEfficiency: Double { blocks > 0 ? Double(tokens) / Double(blocks) : 0 }
    /// The share of tried places at which a draft was taken.
    public var acceptance: Double { tried > 0 ? Double(accepted) / Double(tried) : 0 }
}
