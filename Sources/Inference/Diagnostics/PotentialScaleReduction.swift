/// R̂: how much wider all chains together are than each alone; 1 where they agree.
///
/// Chains are split in halves, so that a drift within one shows. Rank-normalised values keep the number meaningful for
/// heavy tails; folded ones (distances from the median) see chains that differ in width and not in place. ``value`` is the
/// larger of the two; above 1.01 the chains should not be trusted.
///
/// - Source: A. Vehtari, A. Gelman, D. Simpson, B. Carpenter and P.-C. Bürkner, "Rank-normalization, folding, and
///   localization: an improved R̂", Bayesian Analysis 16, 2021, sections 3 and 4.
public struct PotentialScaleReduction: Sendable, Equatable {
    /// Of the rank-normalised split chains; NaN where the chains have no spread.
    public let bulk: Double
    /// Of the rank-normalised distances from the median.
    public let folded: Double
    /// The larger of the two, or NaN.
    public var value: Double { bulk.isNaN || folded.isNaN ? .nan : max(bulk, folded) }

    /// R̂ of `chains`, `[chains][draws]`.
    ///
    /// One chain is held against itself, half against half. Constant chains have no R̂: NaN, as their agreement can't be
    /// told from a sampler that is stuck.
    /// - Throws: `InferenceError.empty`, `.wrongShape`, `.nonFinite` naming chain and draw.
    public init(_ chains: [[Double]]) throws(InferenceError) {
        self.init(split: try ChainMatrix(chains).split())
    }

    init(split: ChainMatrix) {
        bulk = split.isConstant ? .nan : Self.plain(split.rankNormalized())
        let folds = split.folded()
        // Two values at equal distances from their median fold into one: no sign of different widths.
        folded = split.isConstant ? .nan : folds.isConstant ? bulk : Self.plain(folds.rankNormalized())
    }

    /// R̂ without ranks and without splitting: √((B/W + n − 1) / n).
    static func plain(_ chains: ChainMatrix) -> Double {
        let n = Double(chains.draws)
        let means = chains.means
        var within = 0.0
        for chain in 0..<chains.chains {
            var squares = 0.0
            for value in chains.values[chain * chains.draws..<(chain + 1) * chains.draws] {
                squares += (value - means[chain]) * (value - means[chain])
            }
            within += squares / (n - 1) / Double(chains.chains)
        }
        let mean = means.reduce(0, +) / Double(means.count)
        let between = means.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(means.count - 1) * n
        return ((between / within + n - 1) / n).squareRoot()
    }
}
