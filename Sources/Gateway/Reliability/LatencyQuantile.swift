import Foundation

/// Learns quantiles of a latency that changes: counts in buckets five per cent wide, old ones fading.
///
/// The error of a quantile is half a bucket, 2.5%; a count halves every `halfLife` observations.
struct LatencyQuantile: Sendable {
    /// The shortest latency that is told from shorter ones, in seconds.
    static let smallest = 1e-5
    private static let step = log(1.05)
    private static let buckets = 380

    /// Observations after which older ones count half.
    let halfLife: Double
    /// What is known, in observations of now.
    private(set) var weight = 0.0
    private var counts = [Double](repeating: 0, count: buckets)
    /// What the next observation counts: it grows instead of all others shrinking.
    private var next = 1.0

    init(halfLife: Double = 1000) { self.halfLife = halfLife }

    mutating func observe(_ seconds: Double) {
        guard seconds >= 0 else { return }
        counts[Self.bucket(seconds)] += next
        weight = weight * exp2(-1 / halfLife) + 1
        next *= exp2(1 / halfLife)
        if next > 1e12 {
            for index in counts.indices { counts[index] /= next }
            next = 1
        }
    }

    /// The latency below which a `share` of them lie; nil before anything was seen.
    func quantile(_ share: Double) -> Double? {
        let total = counts.reduce(0, +)
        guard total > 0 else { return nil }
        var below = 0.0
        for (index, count) in counts.enumerated() {
            below += count
            if below >= share * total { return Self.smallest * exp((Double(index) - 0.5) * Self.step) }
        }
        return nil
    }

    private static func bucket(_ seconds: Double) -> Int {
        guard seconds > smallest else { return 0 }
        return min(buckets - 1, Int((log(seconds / smallest) / step).rounded(.up)))
    }
}
