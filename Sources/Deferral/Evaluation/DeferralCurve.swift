/// How good a cascade of two stages is at every share of items that it defers, when items go in the order of a score.
///
///     quality(s) = (1/n) [ sum of after_i over the share s of items with the largest scores + sum of before_i over the rest ]
///
/// Items of equal score go together, in random order. Unlike a ``Frontier`` the curve goes all the way to deferring
/// everything, whether that helps or hurts.
///
/// - Source: Jitkrittum et al. 2023, "When Does Confidence-Based Cascade Deferral Suffice?", section 5.
public struct DeferralCurve: Sendable, Hashable {
    /// Shares deferred, rising from 0 to 1; between two of them quality is linear.
    public let shares: [Double]
    /// Mean quality at each of `shares`.
    public let qualities: [Double]

    /// - Parameters:
    ///   - scores: the larger, the earlier an item is deferred, `[items]`; no `NaN`.
    ///   - before: quality of the first stage's answers, `[items]`.
    ///   - after: quality of the second stage's, `[items]`.
    public init(scores: [Double], before: [Double], after: [Double]) {
        let count = scores.count
        precondition(
            count > 0 && before.count == count && after.count == count, "a deferral curve needs equally many of all")
        precondition(!scores.contains { $0.isNaN }, "an item without a score has no place in the order")
        let order = scores.indices.sorted { (scores[$1], $0) < (scores[$0], $1) }
        var shares = [0.0]
        var qualities = [before.reduce(0, +) / Double(count)]
        var sum = before.reduce(0, +)
        for (place, item) in order.enumerated() {
            sum += after[item] - before[item]
            if place + 1 < count && scores[order[place + 1]] == scores[item] { continue }
            shares.append(Double(place + 1) / Double(count))
            qualities.append(sum / Double(count))
        }
        self.shares = shares
        self.qualities = qualities
    }

    /// The mean quality over all shares: the area under the curve.
    public var area: Double {
        var sum = 0.0
        for place in 1..<shares.count {
            sum += (qualities[place] + qualities[place - 1]) / 2 * (shares[place] - shares[place - 1])
        }
        return sum
    }

    /// The mean quality where `share` in [0, 1] of the items are deferred.
    public func quality(atShare share: Double) -> Double {
        let upper = shares.firstIndex { $0 >= share } ?? shares.count - 1
        if upper == 0 { return qualities[0] }
        let (low, high) = (shares[upper - 1], shares[upper])
        return qualities[upper - 1] + (qualities[upper] - qualities[upper - 1]) * (min(share, high) - low)
            / (high - low)
    }
}
