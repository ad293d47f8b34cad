internal import Foundation
internal import NumericalMethods

/// The binomial distribution: successes among `trials` that succeed independently.
public struct Binomial: DiscreteDistribution, Equatable {
    /// The number of trials.
    public let trials: Int
    /// The probability of a success.
    public let probability: Double

    /// - Throws: ``DistributionError`` unless the trials are not negative and the probability lies in [0, 1].
    public init(trials: Int, probability: Double) throws(DistributionError) {
        guard trials >= 0, trials <= 1 << 52 else {
            throw .parameter(
                distribution: "Binomial", name: "trials", value: Double(trials), requirement: "from 0 to 2^52")
        }
        try requireUnit(probability, "probability", of: "Binomial")
        self.trials = trials
        self.probability = probability
    }

    /// From 0 to the number of trials.
    public var support: ClosedRange<Int> { 0...trials }

    /// A draw: gaps between successes where few are expected, else transformed rejection.
    ///
    /// - Source: W. Hörmann, "The generation of binomial random variates", 1993, BTRD without its table; L. Devroye,
    ///   "Non-uniform random variate generation", 1986, chapter X.4.3, second waiting time method.
    public func sample(using random: inout Random) -> Int {
        if probability > 0.5 { return trials - Self.sample(trials, 1 - probability, using: &random) }
        return Self.sample(trials, probability, using: &random)
    }

    private static func sample(_ trials: Int, _ p: Double, using random: inout Random) -> Int {
        let n = Double(trials)
        if n * p < 10 {
            guard p > 0, trials > 0 else { return 0 }
            // Exponential gaps, each stretched by the trials that are left.
            let end = -log1p(-p)
            var sum = 0.0
            var successes = 0
            while successes < trials {
                sum += random.exponential() / (n - Double(successes))
                if sum > end { break }
                successes += 1
            }
            return successes
        }
        let deviation = (n * p * (1 - p)).squareRoot()
        let b = 1.15 + 2.53 * deviation
        let a = -0.0873 + 0.0248 * b + 0.01 * p
        let alpha = (2.83 + 5.1 / b) * deviation
        let squeeze = 0.92 - 4.2 / b
        let odds = log(p) - log1p(-p)
        let mode = ((n + 1) * p).rounded(.down)
        let peak = logGamma(mode + 1) + logGamma(n - mode + 1)
        while true {
            let u = random.uniform() - 0.5
            let v = random.uniformOpen()
            let us = 0.5 - abs(u)
            let k = ((2 * a / us + b) * u + n * p + 0.5).rounded(.down)
            if us >= 0.07, v <= squeeze { return Int(k) }
            guard k >= 0, k <= n else { continue }
            let ratio = peak - logGamma(k + 1) - logGamma(n - k + 1) + (k - mode) * odds
            if log(v * alpha / (a / (us * us) + b)) <= ratio { return Int(k) }
        }
    }

    /// The logarithm of the mass.
    public func logDensity(_ k: Int) -> Double {
        guard k >= 0, k <= trials else { return -.infinity }
        let n = Double(trials)
        let x = Double(k)
        let choose = logGamma(n + 1) - logGamma(x + 1) - logGamma(n - x + 1)
        // 0 log 0 is 0.
        return choose + (k == 0 ? 0 : x * log(probability)) + (k == trials ? 0 : (n - x) * log1p(-probability))
    }

    /// The mean.
    public var mean: Double { Double(trials) * probability }

    /// The variance.
    public var variance: Double { Double(trials) * probability * (1 - probability) }

    /// P(X ≤ k).
    public func cumulative(_ k: Int) -> Double {
        if k < 0 { return 0 }
        if k >= trials { return 1 }
        return regularizedBeta(1 - probability, Double(trials - k), Double(k) + 1)
    }
}
