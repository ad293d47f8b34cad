internal import Foundation

/// The Laplace distribution: density exp(-|x - location| / scale) / (2 scale).
public struct Laplace: ContinuousDistribution, Equatable {
    /// The mean and median.
    public let location: Double
    /// The mean distance from the location.
    public let scale: Double

    /// - Throws: ``DistributionError`` unless the location is finite and the scale finite and above 0.
    public init(location: Double, scale: Double) throws(DistributionError) {
        try requireFinite(location, "location", of: "Laplace")
        try requirePositive(scale, "scale", of: "Laplace")
        self.location = location
        self.scale = scale
    }

    /// A draw.
    public func sample(using random: inout Random) -> Double {
        let size = scale * random.exponential()
        return random.next() & 1 == 0 ? location + size : location - size
    }

    /// The log-density.
    public func logDensity(_ x: Double) -> Double {
        -abs(x - location) / scale - log(2 * scale)
    }

    /// The mean.
    public var mean: Double { location }

    /// The variance.
    public var variance: Double { 2 * scale * scale }

    /// P(X ≤ x).
    public func cumulative(_ x: Double) -> Double {
        let z = (x - location) / scale
        return z < 0 ? 0.5 * exp(z) : 1 - 0.5 * exp(-z)
    }

    /// The x with P(X ≤ x) = `probability`.
    public func quantile(_ probability: Double) -> Double {
        requireProbability(probability)
        return probability < 0.5
            ? location + scale * log(2 * probability) : location - scale * log(2 * (1 - probability))
    }
}
