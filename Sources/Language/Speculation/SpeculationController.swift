import Foundation

/// Decides how many tokens to draft, from what drafts have been worth so far: a pure state machine, fed with times.
///
/// With a chance a that a draft is taken, a block of g drafted tokens comes to (1 - a^(g+1)) / (1 - a) tokens and costs g
/// steps of the draft and one of the target over g + 1 places. The length with the most tokens a second is taken; where
/// that is none, speculation is off, and tried again after ever longer stretches of text.
public struct SpeculationController: Sendable, Hashable, Codable {
    /// The most tokens that are drafted in a row.
    public let maximumLength: Int
    /// By how much speculation must be faster than plain decoding to be used.
    public var margin = 0.05
    /// What is remembered of a block after the next one.
    public var memory = 0.95

    private var taken = 0.0
    private var tried = 0.0
    /// Seconds of one step of the draft.
    private var draftSeconds: Double?
    /// Seconds of the target for a block, by drafted length.
    private var targetSeconds: [Double?]
    /// Tokens written since speculation was last tried, while it is off.
    private var idle = 0
    private var patience = 32
    private var blocks = 0

    /// A controller that has seen nothing.
    public init(maximumLength: Int = 8) {
        precondition(maximumLength >= 1, "at least one token is drafted")
        self.maximumLength = maximumLength
        targetSeconds = [Double?](repeating: nil, count: maximumLength + 1)
    }

    /// The chance that a draft is taken, as far as it is known.
    public var acceptance: Double { (taken + 1) / (tried + 2) }

    /// Whether drafting is at present found to pay.
    public var isOn: Bool { best > 0 }

    /// How many tokens to draft next; 0 for none.
    public var nextLength: Int {
        if targetSeconds[0] == nil { return 0 }
        if draftSeconds == nil { return min(2, maximumLength) }
        let best = best
        // Now and then a plain step, so that its time stays known.
        if best > 0 { return blocks % 64 == 63 ? 0 : best }
        return idle >= patience ? min(2, maximumLength) : 0
    }

    private var best: Int {
        guard let plain = targetSeconds[0], draftSeconds != nil else { return 0 }
        let rates = (1...maximumLength).map { tokens(of: $0) / seconds(of: $0) }
        let length = rates.indices.max { rates[$0] < rates[$1] }!
        return rates[length] > (1 + margin) / plain ? length + 1 : 0
    }

    /// Tokens that a block of this drafted length comes to, on average.
    public func tokens(of length: Int) -> Double {
        let chance = min(acceptance, 1 - 1e-9)
        return (1 - pow(chance, Double(length + 1))) / (1 - chance)
    }

    /// Seconds that a block of this drafted length is thought to take.
    public func seconds(of length: Int) -> Double {
        Double(length) * (draftSeconds ?? 0) + verification(length)
    }

    /// The target's time, between and beyond the lengths that have been seen along a straight line.
    private func verification(_ length: Int) -> Double {
        if let known = targetSeconds[length] { return known }
        let plain = targetSeconds[0] ?? 0
        let below = (0..<length).last { targetSeconds[$0] != nil } ?? 0
        let above = (length..<targetSeconds.count).first { targetSeconds[$0] != nil }
        let start = targetSeconds[below] ?? plain
        if let above, let end = targetSeconds[above] {
            return start + (end - start) * Double(length - below) / Double(above - below)
        }
        let slope = below > 0 ? max(0, start - plain) / Double(below) : 0
        return start + slope * Double(length - below)
    }

    /// Learns from a block.
    /// - Parameters:
    ///   - length: tokens drafted in a row; 0 for a plain step.
    ///   - accepted: how many of them were taken.
    ///   - written: tokens that the text grew by.
    ///   - draftSeconds: the draft's time in all.
    ///   - targetSeconds: the target's time.
    public mutating func observe(
        length: Int, accepted: Int, written: Int, draftSeconds: Double, targetSeconds: Double
    ) {
        blocks += 1
        let slot = min(length, maximumLength)
        self.targetSeconds[slot] = Self.blend(self.targetSeconds[slot], targetSeconds)
        guard length > 0 else {
            idle += written
            return
        }
        self.draftSeconds = Self.blend(self.draftSeconds, draftSeconds / Double(length))
        taken = memory * taken + Double(accepted)
        // The draft behind the last one taken was tried too, where there was one.
        tried = memory * tried + Double(min(length, accepted + 1))
        patience = isOn ? 32 : min(1024, idle >= patience ? 2 * patience : patience)
        idle = 0
    }

    private static func blend(_ old: Double?, _ new: Double) -> Double { old.map { 0.8 * $0 + 0.2 * new } ?? new }
}
