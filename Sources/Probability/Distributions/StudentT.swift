internal import Foundation
internal import NumericalMethods

/// Student's t: `location + scale Z / √(V / ν)`, with Z normal and V chi-squared of ν degrees of freedom.
public struct StudentT: ContinuousDistribution, Equatable {
    /// The degrees of freedom ν.
    public let degreesOfFreedom: Double
    /// The median.
    public let location: Double
    /// The scale; not the standard deviation.
    public let scale: Double

    /// - Throws: ``DistributionError`` unless ν and the scale are finite and above 0 and the location is finite.
    public init(degreesOfFreedom: Double, location: Double = 0, scale: Double = 1) throws(DistributionError) {
        try requirePositive(degreesOfFreedom, "degreesOfFreedom", of: "StudentT")
        try requireFinite(location, "location", of: "StudentT")
        try requirePositive(scale, "scale", of: "StudentT")
        self.degreesOfFreedom = degreesOfFreedom
        self.location = location
        self.scale = scale
        half = try Gamma(shape: degreesOfFreedom / 2, rate: 1)
    }

    private let half: Gamma

    /// A draw.
    public func sample(using random: inout Random) -> Double {
        let logV = log(2.0) + half.logSample(using: &random)
        return location + scale * random.normal() * exp(0.5 * (log(degreesOfFreedom) - logV))
    }

    /// The log-density.
    public func logDensity(_ x: Double) -> Double {
        let z = (x - location) / scale
        let v = degreesOfFreedom
        return -0.5 * (v + 1) * log1p(z * z / v) - 0.5 * log(v) - logBeta(0.5, 0.5 * v) - log(scale)
    }

    /// The mean; NaN where ν ≤ 1, for then there is none.
    public var mean: Double { degreesOfFreedom > 1 ? location : .nan }

    /// The variance; infinite where 1 < ν ≤ 2, NaN where ν ≤ 1, for then there is no mean to vary around.
    public var variance: Double {
        let v = degreesOfFreedom
        return v > 2 ? scale * scale * v / (v - 2) : v > 1 ? .infinity : .nan
    }

    /// P(X ≤ x).
    public func cumulative(_ x: Double) -> Double {
        let z = (x - location) / scale
        let v = degreesOfFreedom
        guard z.isFinite else { return z < 0 ? 0 : z > 0 ? 1 : .nan }
        // The tail from the side that does not cancel.
        let tail =
            z * z < v
            ? 0.5 - 0.5 * regularizedBeta(z * z / (v + z * z), 0.5, 0.5 * v)
            : 0.5 * regularizedBeta(v / (v + z * z), 0.5 * v, 0.5)
        return z < 0 ? tail : 1 - tail
    }

    /// The x with P(X ≤ x) = `probability`.
    public func quantile(_ probability: Double) -> Double {
        requireProbability(probability)
        let v = degreesOfFreedom
        let tail = min(probability, 1 - probability)
        let size: Double
        if tail < 0.25 {
            let y = inverseRegularizedBeta(2 * tail, 0.5 * v, 0.5)
            size = (v * (1 - y) / y).squareRoot()
        } else {
            let y = inverseRegularizedBeta(1 - 2 * tail, 0.5, 0.5 * v)
            size = (v * y / (1 - y)).squareRoot()
        }
        return probability < 0.5 ? location - scale * size : location + scale * size
    }
}
