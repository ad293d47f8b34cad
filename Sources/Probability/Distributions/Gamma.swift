internal import Foundation
internal import NumericalMethods

/// The gamma distribution: density rateᵏ xᵏ⁻¹ exp(-rate x) / Γ(k) for x > 0, with shape k.
public struct Gamma: ContinuousDistribution, Equatable {
    /// The shape k.
    public let shape: Double
    /// The rate: one over the scale.
    public let rate: Double

    /// - Throws: ``DistributionError`` unless both are finite and above 0.
    public init(shape: Double, rate: Double) throws(DistributionError) {
        try requirePositive(shape, "shape", of: "Gamma")
        try requirePositive(rate, "rate", of: "Gamma")
        self.shape = shape
        self.rate = rate
    }

    /// A draw.
    public func sample(using random: inout Random) -> Double {
        exp(logSample(using: &random)) / rate
    }

    /// The log-density.
    public func logDensity(_ x: Double) -> Double {
        guard x >= 0, x < .infinity else { return -.infinity }
        // At 0 the power rules: 0, the rate, or infinity.
        let power = shape == 1 ? 0 : (shape - 1) * log(x)
        return shape * log(rate) + power - rate * x - logGamma(shape)
    }

    /// The mean.
    public var mean: Double { shape / rate }

    /// The variance.
    public var variance: Double { shape / rate / rate }

    /// P(X ≤ x).
    public func cumulative(_ x: Double) -> Double {
        x > 0 ? regularizedGammaP(shape, rate * x) : 0
    }

    /// The x with P(X ≤ x) = `probability`.
    public func quantile(_ probability: Double) -> Double {
        requireProbability(probability)
        return inverseRegularizedGammaP(shape, probability) / rate
    }

    /// The logarithm of a draw at rate 1, which does not underflow where the shape is small.
    ///
    /// - Source: G. Marsaglia and W. Tsang, "A simple method for generating gamma variables", 2000; below shape 1 a draw of
    ///   shape + 1 is shrunk by a power of a uniform number (their section 6).
    func logSample(using random: inout Random) -> Double {
        let boosted = shape < 1 ? shape + 1 : shape
        let boost = shape < 1 ? -random.exponential() / shape : 0
        let d = boosted - 1.0 / 3
        let c = 1 / (9 * d).squareRoot()
        while true {
            let x = random.normal()
            let t = 1 + c * x
            guard t > 0 else { continue }
            let v = t * t * t
            let logV = 3 * log(t)
            if log(random.uniformOpen()) < 0.5 * x * x + d * (1 - v + logV) { return log(d) + logV + boost }
        }
    }
}
