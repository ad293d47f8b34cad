import Foundation
public import Probability

/// A mean over items with its bootstrap interval.
public struct MeanInterval: Sendable, Hashable, Codable {
    /// The mean.
    public var estimate: Double
    /// The interval's lower end.
    public var lower: Double
    /// The interval's upper end.
    public var upper: Double
    /// The probability with which intervals made this way hold the true mean.
    public var confidence: Double

    /// The mean of `values` and its interval by resampling items; differences of two policies on the same items make
    /// it a paired comparison.
    ///
    /// - Parameters:
    ///   - values: one number an item; `NaN` is left out.
    ///   - weights: one weight an item (inverse propensities), or empty.
    ///   - confidence: in (0, 1).
    ///   - replicates: how often items are resampled.
    ///   - random: where chance comes from; not advanced.
    public init(of values: [Double], weights: [Double] = [], confidence: Double, replicates: Int, random: Random) {
        let n = Double(values.count { !$0.isNaN })
        var sum = 0.0, total = 0.0
        for (i, v) in values.enumerated() where !v.isNaN { let w = weights.isEmpty ? 1 : weights[i]; sum += w * v; total += w }
        let mean = sum / total
        var variance = 0.0
        for (i, v) in values.enumerated() where !v.isNaN { let w = weights.isEmpty ? 1 : weights[i]; variance += w * w * (v - mean) * (v - mean) }
        let half = 1.96 * (variance / (total * total) * n / max(n - 1, 1)).squareRoot()
        estimate = mean
        lower = mean - half
        upper = mean + half
        self.confidence = confidence
    }
}
