internal import Foundation

/// The uniform distribution on an interval.
public struct Uniform: ContinuousDistribution, Equatable {
    /// The lower end.
    public let lowerBound: Double
    /// The upper end.
    public let upperBound: Double

    /// - Throws: ``DistributionError`` unless both are finite, in order, and their difference is finite.
    public init(lowerBound: Double, upperBound: Double) throws(DistributionError) {
        try requireFinite(lowerBound, "lowerBound", of: "Uniform")
        try requireFinite(upperBound, "upperBound", of: "Uniform")
        guard lowerBound < upperBound, (upperBound - lowerBound).isFinite else {
            throw .parameter(
                distribution: "Uniform", name: "upperBound", value: upperBound,
                requirement: "above lowerBound (\(lowerBound)) by a finite amount")
        }
        self.lowerBound = lowerBound
        self.upperBound = upperBound
    }

    /// A draw.
    public func sample(using random: inout Random) -> Double {
        random.uniform(in: lowerBound..<upperBound)
    }

    /// The log-density.
    public func logDensity(_ x: Double) -> Double {
        x >= lowerBound && x <= upperBound ? -log(upperBound - lowerBound) : -.infinity
    }

    /// The mean.
    public var mean: Double { lowerBound + 0.5 * (upperBound - lowerBound) }

    /// The variance.
    public var variance: Double { (upperBound - lowerBound) * (upperBound - lowerBound) / 12 }

    /// P(X ≤ x).
    public func cumulative(_ x: Double) -> Double {
        min(1, max(0, (x - lowerBound) / (upperBound - lowerBound)))
    }

    /// The x with P(X ≤ x) = `probability`.
    public func quantile(_ probability: Double) -> Double {
        requireProbability(probability)
        return probability == 1 ? upperBound : lowerBound + probability * (upperBound - lowerBound)
    }
}
