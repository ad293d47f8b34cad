internal import Foundation

/// Watches a stream of numbers for a change of their law: of where they lie, or how far they spread.
///
/// Each number's rank among those before it is uniform as long as all come from one law, whatever it is. Bets against that,
/// started anew at every item (Shiryaev and Roberts), grow when the ranks drift up or down, or towards the middle or the
/// ends; an alarm is raised when their mean reaches `every`, which takes at least that many items on average where nothing
/// changes.
///
///     R_t = mean over ε of R_t(ε),     R_t(ε) = (R_{t-1}(ε) + 1) (1 + ε (p_t − 1/2)),     ε in ±1/2, ±1, ±2
///
/// Ranks are taken among the first `reference` numbers once there are so many. That is exact up to the sampling error of the
/// reference, about 1 / √reference in the ranks; bets with |ε| ≥ 1/2 lose against shifts of the mean rank below 1/48, so
/// that the error of 2,000 numbers raises no alarms.
///
/// - Source: V. Vovk et al., "Retrain or not retrain: conformal test martingales for change-point detection", 2021 (ranks
///   and bets); J. Shin, A. Ramdas, A. Rinaldo, "E-detectors", 2024, theorem 2.4 (the run length).
public struct DriftDetector: Sendable, Hashable, Codable {
    /// Which way the numbers went.
    public enum Change: String, Sendable, Hashable, Codable, CaseIterable {
        /// Larger than they were.
        case up
        /// Smaller than they were.
        case down
        /// Further from the middle than they were.
        case wider
        /// Nearer to the middle than they were.
        case narrower
    }

    static let stakes = [0.5, 1, 2]

    /// How many numbers the reference holds at most.
    public let reference: Int
    /// The mean number of items between alarms where nothing changes is at least this.
    public let every: Double
    /// Numbers that are there before any bet is made.
    public let start: Int
    /// How many numbers were seen.
    public private(set) var count = 0
    /// The reference, rising.
    private var sorted: [Double] = []
    /// R(ε), `[changes][stakes]`.
    private var capital = [Double](repeating: 0, count: Change.allCases.count * stakes.count)

    /// A detector.
    /// - Parameters:
    ///   - reference: numbers that the others are compared with, at least 2.
    ///   - every: items to a false alarm, on average, at least.
    ///   - start: numbers before the first bet.
    public init(reference: Int = 2000, every: Double = 100_000, start: Int = 100) {
        precondition(reference >= 2 && every > 1 && start >= 1, "a reference of 2 and a run length above 1 are needed")
        self.reference = reference
        self.every = every
        self.start = min(start, reference)
    }

    /// How far it is from an alarm, from 0 to 1 on the scale of logarithms.
    public var alertness: Double {
        let mean = capital.reduce(0, +) / Double(capital.count)
        return mean > 1 ? min(1, log(mean) / log(every)) : 0
    }

    /// The median of the reference; `NaN` before the first number.
    public var median: Double { sorted.isEmpty ? .nan : sorted[sorted.count / 2] }

    /// Takes note of `value`; the change that it makes certain enough, if any. After an alarm the reference is forgotten,
    /// and what comes then is compared with what came after the alarm.
    /// - Parameter tie: a uniform number in [0, 1): the rank among equals.
    public mutating func observe(_ value: Double, tie: Double) -> Change? {
        guard !value.isNaN else { return nil }
        count += 1
        let below = Self.place(of: value, in: sorted) { $0 < $1 }
        let upTo = Self.place(of: value, in: sorted) { $0 <= $1 }
        let size = Double(sorted.count)
        if sorted.count >= start {
            let rank = (Double(below) + tie * (Double(upTo - below) + 1)) / (size + 1)
            let outer = abs(2 * rank - 1)
            for (place, change) in Change.allCases.enumerated() {
                let lean: Double =
                    switch change {
                    case .up: rank - 0.5
                    case .down: 0.5 - rank
                    case .wider: outer - 0.5
                    case .narrower: 0.5 - outer
                    }
                for (index, stake) in Self.stakes.enumerated() {
                    let cell = place * Self.stakes.count + index
                    capital[cell] = (capital[cell] + 1) * (1 + stake * lean)
                }
            }
        }
        if sorted.count < reference { sorted.insert(value, at: upTo) }
        guard capital.reduce(0, +) / Double(capital.count) >= every else { return nil }
        let strongest = capital.indices.max { capital[$0] < capital[$1] } ?? 0
        self = DriftDetector(reference: reference, every: every, start: start)
        return Change.allCases[strongest / Self.stakes.count]
    }

    /// How many of `sorted` are `before` the value.
    private static func place(
        of value: Double, in sorted: [Double], _ before: (Double, Double) -> Bool
    ) -> Int {
        var (low, high) = (0, sorted.count)
        while low < high {
            let middle = (low + high) / 2
            if before(sorted[middle], value) { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
