internal import Foundation
internal import NumericalMethods

/// The normal distribution: density exp(-(x - mean)² / (2 sd²)) / (sd √(2π)).
public struct Normal: ContinuousDistribution, Equatable {
    /// The mean.
    public let mean: Double
    /// The standard deviation.
    public let standardDeviation: Double

    /// - Throws: ``DistributionError`` unless the mean is finite and the standard deviation finite and above 0.
    public init(mean: Double, standardDeviation: Double) throws(DistributionError) {
        try requireFinite(mean, "mean", of: "Normal")
        try requirePositive(standardDeviation, "standardDeviation", of: "Normal")
        self.mean = mean
        self.standardDeviation = standardDeviation
    }

    /// A draw.
    public func sample(using random: inout Random) -> Double {
        mean + standardDeviation * random.normal()
    }

    /// The log-density.
    public func logDensity(_ x: Double) -> Double {
        let z = (x - mean) / standardDeviation
        return -0.5 * z * z - log(standardDeviation) - 0.5 * log(2 * Double.pi)
    }

    /// The variance.
    public var variance: Double { standardDeviation * standardDeviation }

    /// P(X ≤ x).
    public func cumulative(_ x: Double) -> Double {
        normalCDF((x - mean) / standardDeviation)
    }

    /// The x with P(X ≤ x) = `probability`.
    public func quantile(_ probability: Double) -> Double {
        requireProbability(probability)
        return mean + standardDeviation * normalQuantile(probability)
    }

    /// The standard normal distribution: mean 0, standard deviation 1.
    public static let standard = Normal(standard: ())

    private init(standard: Void) {
        mean = 0
        standardDeviation = 1
    }
}
