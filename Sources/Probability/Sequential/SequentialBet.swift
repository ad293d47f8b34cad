internal import Foundation

/// A bet, number by number, that a mean which should be at least 0 is below: a test that may be looked at after every item.
///
/// The hypothesis is E[x_i | all before] ≥ 0, with x_i ≤ u. A stake ν ≤ 1 / u that is put on item after item from item s on
/// multiplies its capital by 1 − ν x_i. The test starts with capital 1 and lays it on six stakes and on all starts s:
///
///     E_t = mean over ν of ∑_s w_s ∏_{i = s..t} (1 − ν x_i) + ∑_{s > t} w_s,      ∑_{s > t} w_s = 1 / log(t + e)
///
/// Under the hypothesis E is a non-negative supermartingale, so that it ever reaches 1 / δ with probability at most δ
/// (Ville). Starts that are spread over all of time keep the test awake: a mean that falls after a long good while is seen
/// soon, for the bets that start then have lost nothing before.
///
///     var bet = SequentialBet()
///     for quality in qualities { bet.observe(quality - 0.9, atMost: 0.1) }
///     bet.rejects(level: 0.05)     // true: the mean quality is below 0.9, or one in twenty was unlucky
///
/// One item costs six multiplications and no memory.
///
/// - Source: I. Waudby-Smith and A. Ramdas, "Estimating means of bounded random variables by betting", 2024, section 4
///   (capital); J. Shin, A. Ramdas, A. Rinaldo, "E-detectors", 2024, section 2 (mixtures over starts).
public struct SequentialBet: Sendable, Hashable, Codable {
    /// Stakes, as shares of the largest that leaves the capital positive.
    static let shares = [0.5, 0.25, 0.125, 0.0625, 0.03125, 0.015625]
    /// Capital beyond this is more than anyone asks for; it is kept from overflowing.
    static let most = 1e200

    /// How many items were seen.
    public private(set) var count = 0
    /// What has been staked, by stake.
    private var capital = [Double](repeating: 0, count: shares.count)
    /// The largest e-value so far.
    public private(set) var largest = 1.0

    /// A test that has seen nothing.
    public init() {}

    /// The capital now: how strongly the items speak against the hypothesis.
    public var eValue: Double { capital.reduce(0, +) / Double(capital.count) + Self.unstaked(after: count) }

    /// Whether the hypothesis was rejected at any time: if it is true, that happens with at most this probability.
    public func rejects(level: Double) -> Bool { largest >= 1 / level }

    /// Takes note of the next item.
    /// - Parameters:
    ///   - value: x, at most `upper`; what is above counts as `upper`.
    ///   - upper: u > 0, which must hang on earlier items only.
    public mutating func observe(_ value: Double, atMost upper: Double) {
        precondition(upper > 0, "the largest possible value must be positive, not \(upper)")
        guard !value.isNaN else { return }
        let value = min(value, upper)
        let added = Self.unstaked(after: count) - Self.unstaked(after: count + 1)
        for index in capital.indices {
            let factor = 1 - Self.shares[index] / upper * value
            capital[index] = min((capital[index] + added) * factor, Self.most)
        }
        count += 1
        largest = max(largest, eValue)
    }

    /// The capital whose bets start later.
    private static func unstaked(after count: Int) -> Double { 1 / log(Double(count) + M_E) }
}
