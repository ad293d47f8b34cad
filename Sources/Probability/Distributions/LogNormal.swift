internal import Foundation
internal import NumericalMethods

/// The distribution of exp(Y) where Y is normal.
public struct LogNormal: ContinuousDistribution, Equatable {
    /// The mean of log X.
    public let logMean: Double
    /// The standard deviation of log X.
    public let logStandardDeviation: Double

    /// - Throws: ``DistributionError`` unless the first is finite and the second finite and above 0.
    public init(logMean: Double, logStandardDeviation: Double) throws(DistributionError) {
        try requireFinite(logMean, "logMean", of: "LogNormal")
        try requirePositive(logStandardDeviation, "logStandardDeviation", of: "LogNormal")
        self.logMean = logMean
        self.logStandardDeviation = logStandardDeviation
    }

    /// A draw.
    public func sample(using random: inout Random) -> Double {
        exp(logMean + logStandardDeviation * random.normal())
    }

    /// The log-density.
    public func logDensity(_ x: Double) -> Double {
        guard x > 0, x < .infinity else { return -.infinity }
        let y = log(x)
        let z = (y - logMean) / logStandardDeviation
        return -0.5 * z * z - y - log(logStandardDeviation) - 0.5 * log(2 * Double.pi)
    }

    /// The mean.
    public var mean: Double { exp(logMean + 0.5 * logStandardDeviation * logStandardDeviation) }

    /// The variance.
    public var variance: Double { expm1(logStandardDeviation * logStandardDeviation) * mean * mean }

    /// P(X ≤ x).
    public func cumulative(_ x: Double) -> Double {
        x > 0 ? normalCDF((log(x) - logMean) / logStandardDeviation) : 0
    }

    /// The x with P(X ≤ x) = `probability`.
    public func quantile(_ probability: Double) -> Double {
        requireProbability(probability)
        return exp(logMean + logStandardDeviation * normalQuantile(probability))
    }
}
