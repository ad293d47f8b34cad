internal import Foundation
internal import NumericalMethods

/// The Poisson distribution: P(X = k) = rateᵏ exp(-rate) / k! for k = 0, 1, 2, …
public struct Poisson: DiscreteDistribution, Equatable {
    /// The rate: mean and variance.
    public let rate: Double

    /// - Throws: ``DistributionError`` unless the rate is above 0 and at most 1e15.
    public init(rate: Double) throws(DistributionError) {
        guard rate > 0, rate <= 1e15 else {
            throw .parameter(
                distribution: "Poisson", name: "rate", value: rate, requirement: "above 0 and at most 1e15")
        }
        self.rate = rate
    }

    /// From 0 on.
    public var support: ClosedRange<Int> { 0...Int.max }

    /// A draw: arrivals counted below rate 10, above it transformed rejection.
    ///
    /// - Source: W. Hörmann, "The transformed rejection method for generating Poisson random variables", 1993, PTRS.
    public func sample(using random: inout Random) -> Int {
        if rate < 10 {
            var k = 0
            var time = random.exponential()
            while time < rate {
                k += 1
                time += random.exponential()
            }
            return k
        }
        let b = 0.931 + 2.53 * rate.squareRoot()
        let a = -0.059 + 0.02483 * b
        let inverseAlpha = 1.1239 + 1.1328 / (b - 3.4)
        let squeeze = 0.9277 - 3.6224 / (b - 2)
        let logRate = log(rate)
        while true {
            let u = random.uniform() - 0.5
            let v = random.uniformOpen()
            let us = 0.5 - abs(u)
            let k = ((2 * a / us + b) * u + rate + 0.43).rounded(.down)
            if us >= 0.07, v <= squeeze { return Int(k) }
            // A `us` of 0 makes k infinite.
            if k < 0 || !k.isFinite || (us < 0.013 && v > us) { continue }
            if log(v * inverseAlpha / (a / (us * us) + b)) <= k * logRate - rate - logGamma(k + 1) { return Int(k) }
        }
    }

    /// The logarithm of the mass.
    public func logDensity(_ k: Int) -> Double {
        k >= 0 ? Double(k) * log(rate) - rate - logGamma(Double(k) + 1) : -.infinity
    }

    /// The mean.
    public var mean: Double { rate }

    /// The variance.
    public var variance: Double { rate }

    /// P(X ≤ k).
    public func cumulative(_ k: Int) -> Double { k < 0 ? 0 : regularizedGammaQ(Double(k) + 1, rate) }
}
