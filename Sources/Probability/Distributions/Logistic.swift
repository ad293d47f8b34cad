internal import Foundation
internal import NumericalMethods

/// The logistic distribution: P(X ≤ x) = 1 / (1 + exp(-(x - location) / scale)).
public struct Logistic: ContinuousDistribution, Equatable {
    /// The mean and median.
    public let location: Double
    /// The scale.
    public let scale: Double

    /// - Throws: ``DistributionError`` unless the location is finite and the scale finite and above 0.
    public init(location: Double, scale: Double) throws(DistributionError) {
        try requireFinite(location, "location", of: "Logistic")
        try requirePositive(scale, "scale", of: "Logistic")
        self.location = location
        self.scale = scale
    }

    /// A draw.
    public func sample(using random: inout Random) -> Double {
        location + scale * logit(random.uniformOpen())
    }

    /// The log-density.
    public func logDensity(_ x: Double) -> Double {
        let z = abs(x - location) / scale
        return -z - 2 * softplus(-z) - log(scale)
    }

    /// The mean.
    public var mean: Double { location }

    /// The variance.
    public var variance: Double { scale * scale * Double.pi * Double.pi / 3 }

    /// P(X ≤ x).
    public func cumulative(_ x: Double) -> Double {
        sigmoid((x - location) / scale)
    }

    /// The x with P(X ≤ x) = `probability`.
    public func quantile(_ probability: Double) -> Double {
        requireProbability(probability)
        return location + scale * logit(probability)
    }
}
