internal import Foundation
internal import NumericalMethods

/// Standard errors of what is estimated from draws: of the mean, the standard deviation and quantiles.
///
/// - Source: A. Vehtari et al., Bayesian Analysis 16, 2021, section 4.4.
public struct MonteCarloError: Sendable, Equatable {
    /// Of the mean: s / √S with S the effective sample size for the mean.
    public let mean: Double
    /// Of the standard deviation, from the kurtosis and the effective sample size of the squared distances.
    public let standardDeviation: Double
    private let chains: ChainMatrix

    /// The errors for `chains`, `[chains][draws]`; 0 for constant chains.
    ///
    /// - Throws: `InferenceError.empty`, `.wrongShape`, `.nonFinite` naming chain and draw.
    public init(_ chains: [[Double]]) throws(InferenceError) {
        self.init(try ChainMatrix(chains))
    }

    init(_ chains: ChainMatrix) {
        self.chains = chains
        if chains.isConstant {
            mean = 0
            standardDeviation = 0
            return
        }
        let moments = chains.moments
        mean = moments.standardDeviation / EffectiveSampleSize.plain(chains.split()).squareRoot()
        var squares = chains
        for i in squares.values.indices {
            let distance = chains.values[i] - moments.mean
            squares.values[i] = distance * distance
        }
        let count = Double(squares.values.count)
        let variance = squares.values.reduce(0, +) / count
        let fourth = squares.values.reduce(0) { $0 + $1 * $1 } / count
        let ofVariance = max(fourth - variance * variance, 0) / EffectiveSampleSize.plain(squares.split())
        // The delta method from the variance to its root.
        standardDeviation = (ofVariance / variance / 4).squareRoot()
    }

    /// Of the quantile of `probability`: half the distance of the order statistics one standard error of the indicator to
    /// either side, by a beta distribution.
    ///
    /// - Throws: `InferenceError.improperParameter` unless the probability lies between 0 and 1.
    public func quantile(_ probability: Double) throws(InferenceError) -> Double {
        try KernelCheck.open(probability, "probability")
        if chains.isConstant { return 0 }
        let size = EffectiveSampleSize.ofQuantile(chains, probability)
        let (a, b) = (size * probability + 1, size * (1 - probability) + 1)
        let sorted = chains.values.sorted()
        let count = Double(sorted.count)
        func order(_ level: Double, isUpper: Bool) -> Double {
            let place = inverseRegularizedBeta(level, a, b) * count
            let index = isUpper ? place.rounded(.up) : place.rounded(.down)
            return sorted[min(max(Int(index) - 1, 0), sorted.count - 1)]
        }
        return 0.5 * (order(0.8413447460685429, isUpper: true) - order(0.15865525393145707, isUpper: false))
    }
}
