import NumericalMethods
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

    /// An interval that is known.
    init(estimate: Double, lower: Double, upper: Double, confidence: Double) {
        self.estimate = estimate
        self.lower = lower
        self.upper = upper
        self.confidence = confidence
    }

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
        self.confidence = confidence
        var columns: [Double] = []
        columns.reserveCapacity(values.count * (weights.isEmpty ? 1 : 2))
        for (item, value) in values.enumerated() where !value.isNaN {
            if weights.isEmpty { columns.append(value) } else { columns += [weights[item] * value, weights[item]] }
        }
        let width = weights.isEmpty ? 1 : 2
        let rows = Matrix(rows: columns.count / width, columns: width, storage: columns)
        var random = random
        guard let result = try? Bootstrap(replicates: replicates).means(of: rows, using: &random) else {
            (estimate, lower, upper) = (.nan, .nan, .nan)
            return
        }
        if weights.isEmpty {
            let interval = result.interval(confidence: confidence)
            (estimate, lower, upper) = (result.estimates[0], interval.lower, interval.upper)
        } else {
            // A self-normalised mean is the ratio of two means, replicate by replicate.
            estimate = result.estimates[0] / result.estimates[1]
            let ratios = (0..<result.replicates.rows)
                .map { result.replicates[$0, 0] / result.replicates[$0, 1] }.filter { !$0.isNaN }.sorted()
            func quantile(_ level: Double) -> Double {
                ratios.isEmpty ? .nan : ratios[Int((level * Double(ratios.count - 1)).rounded())]
            }
            lower = quantile((1 - confidence) / 2)
            upper = quantile((1 + confidence) / 2)
        }
    }
}
