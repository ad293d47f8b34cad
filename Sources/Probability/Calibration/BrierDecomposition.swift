/// The Brier score, taken apart: `score = reliability − resolution + uncertainty + withinBins`, exactly.
///
/// - Source: A. Murphy, "A new vector partition of the probability score", 1973; D. Stephenson, C. Coelho, I. Jolliffe, "Two
///   extra components in the Brier score decomposition", 2008, for predictions that differ within a bin.
public struct BrierDecomposition: Sendable, Hashable {
    /// The mean of (probability − target)².
    public let score: Double
    /// Squared gap between mean prediction and mean target of a bin: 0 is perfect.
    public let reliability: Double
    /// Variance of the bins' mean targets: how much the predictions tell apart.
    public let resolution: Double
    /// Variance of the targets.
    public let uncertainty: Double
    /// Variance of the predictions within bins less twice their covariance with the targets; 0 without bins.
    public let withinBins: Double

    /// - Parameters:
    ///   - probabilities, targets: `[items]`, in [0, 1].
    ///   - bins: number of bins of equal mass; nil puts equal predictions, and only those, together.
    /// - Throws: ``StatisticsError``.
    public init(probabilities: [Double], targets: [Double], bins: Int? = nil) throws(StatisticsError) {
        try Check.pairs(probabilities, targets, nil, scores: "probability")
        try Check.values(probabilities, in: 0...1, "probability")
        if let bins { try Check.count(bins, atLeast: 1, "bins") }
        let n = Double(probabilities.count)
        let overall = targets.reduce(0, +) / n
        var score = 0.0
        var uncertainty = 0.0
        for i in targets.indices {
            score += (probabilities[i] - targets[i]) * (probabilities[i] - targets[i])
            uncertainty += (targets[i] - overall) * (targets[i] - overall)
        }
        var reliability = 0.0
        var resolution = 0.0
        var within = 0.0
        // With as many bins as items, ties alone decide.
        for members in ReliabilityCurve.bins(probabilities, bins: bins ?? probabilities.count, binning: .equalMass) {
            let size = Double(members.count)
            let p = members.reduce(0) { $0 + probabilities[$1] } / size
            let t = members.reduce(0) { $0 + targets[$1] } / size
            reliability += size * (p - t) * (p - t)
            resolution += size * (t - overall) * (t - overall)
            for i in members {
                let d = probabilities[i] - p
                within += d * d - 2 * d * (targets[i] - t)
            }
        }
        self.score = score / n
        self.reliability = reliability / n
        self.resolution = resolution / n
        self.uncertainty = uncertainty / n
        withinBins = within / n
    }
}
