internal import Foundation
public import NumericalMethods

/// What a bootstrap found: the estimates and their replicates.
public struct BootstrapResult: Sendable {
    /// How an interval is read off the replicates.
    public enum Method: String, Sendable, Codable, CaseIterable {
        /// Between quantiles of the replicates.
        case percentile
        /// Bias-corrected and accelerated: quantiles moved for the bias and the skewness of the estimate (B. Efron, "Better
        /// bootstrap confidence intervals", 1987).
        case bca
    }

    /// The statistics of the data themselves, `[statistics]`.
    public let estimates: [Double]
    /// `[replicates, statistics]`.
    public let replicates: Matrix
    /// The acceleration of each statistic, `[statistics]`.
    let accelerations: [Double]
    /// Number of resampled units.
    public let count: Int

    /// A statistic with the standard deviation of its replicates as standard error.
    public func estimate(_ statistic: Int = 0) -> Estimate {
        let values = replicates.column(statistic)
        let mean = values.reduce(0, +) / Double(values.count)
        let squares = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
        return Estimate(
            value: estimates[statistic], standardError: (squares / Double(values.count - 1)).squareRoot(), count: count)
    }

    /// The interval of a statistic.
    ///
    /// Where BCa's correction has no value (no replicate on one side of the estimate, or all equal) it is the percentile
    /// interval.
    public func interval(_ statistic: Int = 0, confidence: Double = 0.95, method: Method = .bca) -> Interval {
        precondition(confidence > 0 && confidence < 1, "a confidence lies in (0, 1), not \(confidence)")
        let sorted = replicates.column(statistic).sorted()
        var low = 0.5 * (1 - confidence)
        var high = 0.5 * (1 + confidence)
        if method == .bca {
            let estimate = estimates[statistic]
            // Ties count half: with whole-numbered data many replicates equal the estimate. Equal up to rounding, that is.
            let slack = 1e-12 * max(abs(estimate), abs(sorted[0]), abs(sorted[sorted.count - 1]))
            var below = 0.0
            for value in sorted { below += value < estimate - slack ? 1 : value <= estimate + slack ? 0.5 : 0 }
            let bias = normalQuantile(below / Double(sorted.count))
            let a = accelerations[statistic]
            if bias.isFinite {
                func moved(_ level: Double) -> Double {
                    let z = bias + normalQuantile(level)
                    let shrink = 1 - a * z
                    return shrink > 0 ? normalCDF(bias + z / shrink) : (z > 0 ? 1 : 0)
                }
                (low, high) = (moved(low), moved(high))
            }
        }
        return Interval(lower: Self.quantile(sorted, low), upper: Self.quantile(sorted, high), confidence: confidence)
    }

    /// The share of replicates above a value, ties half: how sure the data are that the statistic is above it.
    public func share(above value: Double, _ statistic: Int = 0) -> Double {
        let values = replicates.column(statistic)
        return values.reduce(0) { $0 + ($1 > value ? 1 : $1 == value ? 0.5 : 0) } / Double(values.count)
    }

    /// The order statistic at place p (n + 1), between neighbours where it is not whole.
    static func quantile(_ sorted: [Double], _ p: Double) -> Double {
        let place = p * Double(sorted.count + 1) - 1
        if place <= 0 { return sorted[0] }
        if place >= Double(sorted.count - 1) { return sorted[sorted.count - 1] }
        let i = Int(place)
        return sorted[i] + (place - Double(i)) * (sorted[i + 1] - sorted[i])
    }

    /// Σ l³ / (6 (Σ l²)^1.5); 0 where nothing has any influence.
    static func acceleration(_ influences: [Double]) -> Double {
        var squares = 0.0
        var cubes = 0.0
        // On the scale of the largest, cubes neither overflow nor vanish.
        let largest = influences.reduce(0) { max($0, abs($1)) }
        guard largest > 0 else { return 0 }
        for influence in influences {
            let l = influence / largest
            squares += l * l
            cubes += l * l * l
        }
        return cubes / (6 * squares * squares.squareRoot())
    }
}
