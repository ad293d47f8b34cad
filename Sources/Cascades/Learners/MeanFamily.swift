import Foundation
import NumericalMethods
public import Probability

/// A family of distributions of one number, told apart by their mean: noise around what a map gives.
///
/// In each of them `d/dm ln p(y | m) = (y - m) / V(m)` with the family's variance function `V`, which turns a gradient
/// in the mean into the observation that has this gradient.
/// Source: McCullagh and Nelder (1989), "Generalized Linear Models", on variance functions.
public enum MeanFamily: Sendable, Hashable, Codable {
    /// Any mean; `V(m)` is the variance, above 0.
    case gaussian(variance: Double)
    /// 0 or 1, means from 0 to 1; `V(m) = m (1 - m)`.
    case bernoulli
    /// 0, 1, 2, ..., means above 0 and up to 1e15; `V(m) = m`.
    case poisson
    /// Numbers above 0, means above 0; `V(m) = m^2`.
    case exponential

    /// `V(mean)`.
    public func variance(at mean: Double) -> Double {
        switch self {
        case .gaussian(let variance): variance
        case .bernoulli: mean * (1 - mean)
        case .poisson: mean
        case .exponential: mean * mean
        }
    }

    /// `d/dm ln p(value | m)` at `mean`: `(value - mean) / V(mean)`, and 0 where the value is the mean.
    public func score(of value: Double, mean: Double) -> Double {
        // A mean at the edge of its range has no variance left.
        value == mean ? 0 : (value - mean) / variance(at: mean)
    }

    /// Whether a distribution of the family has the mean `mean`.
    public func allows(mean: Double) -> Bool {
        switch self {
        case .gaussian(let variance): mean.isFinite && variance > 0 && variance.isFinite
        case .bernoulli: mean >= 0 && mean <= 1
        case .poisson: mean > 0 && mean <= 1e15
        case .exponential: mean > 0 && mean.isFinite
        }
    }

    /// `ln p(value | mean)` in nats; −infinity where the family has no such value or no such mean.
    public func logDensity(of value: Double, mean: Double) -> Double {
        guard allows(mean: mean), !value.isNaN else { return -.infinity }
        switch self {
        case .gaussian(let variance):
            return -0.5 * ((value - mean) * (value - mean) / variance + log(2 * Double.pi * variance))
        case .bernoulli:
            return value == 1 ? log(mean) : value == 0 ? log1p(-mean) : -.infinity
        case .poisson:
            guard value >= 0, value == value.rounded(), value.isFinite else { return -.infinity }
            return value * log(mean) - mean - logGamma(value + 1)
        case .exponential:
            return value < 0 || value == .infinity ? -.infinity : -log(mean) - value / mean
        }
    }

    /// A value with the mean `mean`, which the family must allow.
    public func sample(mean: Double, using random: inout Random) -> Double {
        precondition(allows(mean: mean), "the family has no distribution with mean \(mean)")
        switch self {
        case .gaussian(let variance): return mean + variance.squareRoot() * random.normal()
        case .bernoulli: return random.bernoulli(mean) ? 1 : 0
        case .poisson:
            guard let poisson = try? Poisson(rate: mean) else { preconditionFailure("a Poisson mean above 0 is legal") }
            return Double(poisson.sample(using: &random))
        case .exponential: return mean * random.exponential()
        }
    }
}
