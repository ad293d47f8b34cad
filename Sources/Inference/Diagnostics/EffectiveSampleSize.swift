internal import Foundation

/// How many independent draws the chains are worth.
///
/// The sum of autocorrelations is cut by Geyer's rules: pairs of neighbouring lags are summed while they are positive, and
/// made to fall. Correlations come from all chains at once, so that chains that disagree are worth little.
///
/// - Source: A. Vehtari et al., Bayesian Analysis 16, 2021, section 3.2 (formulas) and 4.3 (tails); C. Geyer, "Practical
///   Markov chain Monte Carlo", 1992.
public struct EffectiveSampleSize: Sendable, Equatable {
    /// Of the rank-normalised split chains: for the bulk of the distribution.
    public let bulk: Double
    /// The smaller one of the indicators of the 5 % and the 95 % quantile.
    public let tail: Double
    /// Of the split chains as they are: for the mean.
    public let mean: Double

    /// The sizes of `chains`, `[chains][draws]`. Constant chains count as independent draws.
    ///
    /// - Throws: `InferenceError.empty`, `.wrongShape`, `.nonFinite` naming chain and draw.
    public init(_ chains: [[Double]]) throws(InferenceError) {
        self.init(try ChainMatrix(chains))
    }

    init(_ chains: ChainMatrix) {
        let split = chains.split()
        bulk = Self.plain(split.rankNormalized())
        mean = Self.plain(split)
        tail = min(Self.ofQuantile(chains, 0.05), Self.ofQuantile(chains, 0.95))
    }

    /// For the quantile of `probability`: that of the indicator of being at most it.
    static func ofQuantile(_ chains: ChainMatrix, _ probability: Double) -> Double {
        plain(chains.indicator(atMost: chains.quantile(probability)).split())
    }

    /// Without ranks and without splitting.
    static func plain(_ chains: ChainMatrix) -> Double {
        let (m, n) = (chains.chains, chains.draws)
        let total = Double(m * n)
        if chains.isConstant { return total }
        guard n >= 4 else { return total }
        let means = chains.means
        var centred = chains.values
        for chain in 0..<m { for draw in 0..<n { centred[chain * n + draw] -= means[chain] } }
        // The mean over chains of the autocovariance at a lag, divided by n.
        func autocovariance(_ lag: Int) -> Double {
            var sum = 0.0
            for chain in 0..<m {
                centred.withUnsafeBufferPointer { all in
                    let row = all.baseAddress! + chain * n
                    var part = SIMD4<Double>()
                    let count = n - lag
                    var i = 0
                    while i + 4 <= count {
                        let a = UnsafeRawPointer(row + i).loadUnaligned(as: SIMD4<Double>.self)
                        let b = UnsafeRawPointer(row + i + lag).loadUnaligned(as: SIMD4<Double>.self)
                        part += a * b
                        i += 4
                    }
                    sum += part.sum()
                    while i < count {
                        sum += row[i] * row[i + lag]
                        i += 1
                    }
                }
            }
            return sum / Double(m * n)
        }
        let within = autocovariance(0) * Double(n) / Double(n - 1)
        var pooled = autocovariance(0)
        if m > 1 {
            let mean = means.reduce(0, +) / Double(m)
            pooled += means.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(m - 1)
        }
        func correlation(_ lag: Int) -> Double { 1 - (within - autocovariance(lag)) / pooled }

        // Pairs (ρ₂ₖ, ρ₂ₖ₊₁) are summed while positive, each at most the one before it; the last pair looked at, positive
        // or not, gives half of its even lag.
        var (even, odd) = (1.0, correlation(1))
        var (sum, least) = (0.0, Double.infinity)
        var lag = 1
        while lag < n - 3, even + odd > 0 {
            least = min(least, even + odd)
            sum += least
            even = correlation(lag + 1)
            odd = correlation(lag + 2)
            lag += 2
        }
        let last = even > 0 || even + odd >= 0 ? even : 0
        // Antithetic chains are worth more than as many independent draws, up to a limit.
        let time = max(-1 + 2 * sum + last, 1 / log10(total))
        return total / time
    }
}
