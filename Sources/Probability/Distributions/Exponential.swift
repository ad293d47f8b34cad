internal import Foundation

/// The exponential distribution: density rate exp(-rate x) for x ≥ 0.
public struct Exponential: ContinuousDistribution, Equatable {
    /// The rate: one over the mean.
    public let rate: Double

    /// - Throws: ``DistributionError`` unless the rate is finite and above 0.
    public init(rate: Double) throws(DistributionError) {
        try requirePositive(rate, "rate", of: "Exponential")
        self.rate = rate
    }

    /// A draw.
    public func sample(using random: inout Random) -> Double { random.exponential() / rate }

    /// The log-density.
    public func logDensity(_ x: Double) -> Double { x >= 0 ? log(rate) - rate * x : -.infinity }

    /// The mean.
    public var mean: Double { 1 / rate }

    /// The variance.
    public var variance: Double { 1 / rate / rate }

    /// P(X ≤ x).
    public func cumulative(_ x: Double) -> Double { x > 0 ? -expm1(-rate * x) : 0 }

    /// The x with P(X ≤ x) = `probability`.
    public func quantile(_ probability: Double) -> Double {
        requireProbability(probability)
        return -log1p(-probability) / rate
    }
}
