/// A map from a score to the probability that it stands for: a small value, fitted once, applied everywhere.
public protocol Calibrator: Codable, Hashable, Sendable {
    /// Fits the map to `scores` and the `targets` in [0, 1] that came of them (soft targets are averages of outcomes).
    ///
    /// - Parameters:
    ///   - scores: `[items]`, finite.
    ///   - targets: `[items]`.
    ///   - weights: `[items]`, not negative; nil for equal ones.
    /// - Throws: ``StatisticsError``.
    static func fit(scores: [Double], targets: [Double], weights: [Double]?) throws(StatisticsError) -> Self

    /// The probability for a score; NaN for NaN, nothing else.
    func calibrate(_ score: Double) -> Double
}

/// What a score is a number on.
public enum ScoreScale: String, Codable, Sendable, CaseIterable {
    /// A probability, from 0 to 1.
    case probability
    /// A logit: any real number, 0 for even odds.
    case logit

    /// `probability` where all scores lie in [0, 1], else `logit`.
    public static func guess(_ scores: [Double]) -> ScoreScale {
        scores.allSatisfy { $0 >= 0 && $0 <= 1 } ? .probability : .logit
    }
}
