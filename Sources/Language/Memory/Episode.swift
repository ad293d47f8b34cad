/// Something that an agent did and how it went: what long-term memory is made of.
public struct Episode: Sendable, Hashable, Codable {
    /// Its number, never used again in its memory.
    public internal(set) var id: Int
    /// The situation: what was asked.
    public var situation: String
    /// What was done: the answer given.
    public var action: String
    /// How it went, from 0 (badly) to 1 (well); a running mean where several were made one.
    public var outcome: Double
    /// When it was last lived or recalled, in the memory's own steps.
    public internal(set) var time: Int
    /// How well it is kept: 1 when written, more with every recall.
    public internal(set) var strength: Double
    /// How many like it were made one.
    public internal(set) var count: Int

    /// An episode that is not in a memory yet.
    public init(situation: String, action: String, outcome: Double) {
        id = -1
        self.situation = situation
        self.action = action
        self.outcome = outcome
        time = 0
        strength = 1
        count = 1
    }

    /// What is wrong with it, if anything.
    func fault() -> String? {
        // Far from where counting on would overflow.
        let counts = 0...(1 << 53)
        if !counts.contains(id) { return "'id': expected a whole number of 0 or more" }
        if !(0...1).contains(outcome) { return "'outcome': expected a number from 0 to 1" }
        if !(strength >= 1 && strength < .infinity) { return "'strength': expected a number of 1 or more" }
        return count < 1 || !counts.contains(count) || !counts.contains(time)
            ? "'count' and 'time': expected 1 or more, and 0 or more"
            : nil
    }
}

/// An episode that came to mind.
public struct Recollection: Sendable, Hashable {
    /// The episode as it was before it was recalled.
    public var episode: Episode
    /// How alike the situations are, from 0 to 1.
    public var relevance: Double
    /// Relevance, recency and outcome together.
    public var score: Double
}
