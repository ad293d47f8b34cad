internal import Foundation
internal import NumericalMethods

/// The beta distribution: density x^(alpha - 1) (1 - x)^(beta - 1) / B(alpha, beta) on [0, 1].
public struct Beta: ContinuousDistribution, Equatable {
    /// The first shape.
    public let alpha: Double
    /// The second shape.
    public let beta: Double

    private let gammas: (Gamma, Gamma)

    /// - Throws: ``DistributionError`` unless both are finite and above 0.
    public init(alpha: Double, beta: Double) throws(DistributionError) {
        try requirePositive(alpha, "alpha", of: "Beta")
        try requirePositive(beta, "beta", of: "Beta")
        gammas = (try Gamma(shape: alpha, rate: 1), try Gamma(shape: beta, rate: 1))
        self.alpha = alpha
        self.beta = beta
    }

    /// A draw.
    public func sample(using random: inout Random) -> Double {
        // X / (X + Y) of two gammas, in logs: with small shapes both underflow.
        let x = gammas.0.logSample(using: &random)
        let y = gammas.1.logSample(using: &random)
        return sigmoid(x - y)
    }

    /// The log-density.
    public func logDensity(_ x: Double) -> Double {
        guard x >= 0, x <= 1 else { return -.infinity }
        let low = alpha == 1 ? 0 : (alpha - 1) * log(x)
        let high = beta == 1 ? 0 : (beta - 1) * log1p(-x)
        return low + high - logBeta(alpha, beta)
    }

    /// The mean.
    public var mean: Double { alpha / (alpha + beta) }

    /// The variance.
    public var variance: Double { mean * (beta / (alpha + beta)) / (alpha + beta + 1) }

    /// P(X ≤ x).
    public func cumulative(_ x: Double) -> Double {
        regularizedBeta(min(1, max(0, x)), alpha, beta)
    }

    /// The x with P(X ≤ x) = `probability`.
    public func quantile(_ probability: Double) -> Double {
        requireProbability(probability)
        return inverseRegularizedBeta(probability, alpha, beta)
    }

    /// Equal shapes.
    public static func == (left: Beta, right: Beta) -> Bool { left.alpha == right.alpha && left.beta == right.beta }
}
