internal import Foundation
internal import NumericalMethods

/// Platt's calibration: `P = sigmoid(slope · score + intercept)`, for scores on any scale.
///
/// The targets are drawn in from 0 and 1 to `1 / (N₋ + 2)` and `(N₊ + 1) / (N₊ + 2)`, which keeps the fit finite where the
/// scores separate the classes. The slope is whatever the data say: where high scores go with failures it is negative.
///
/// - Source: J. Platt, "Probabilistic outputs for support vector machines", 1999; H. Lin, C. Lin, R. Weng, "A note on Platt's
///   probabilistic outputs", 2007, for the convex form.
public struct PlattCalibrator: Calibrator {
    /// Change of the logit per unit of score.
    public let slope: Double
    /// The logit at score 0.
    public let intercept: Double

    /// The fit with drawn-in targets.
    public static func fit(
        scores: [Double], targets: [Double], weights: [Double]? = nil
    ) throws(StatisticsError) -> PlattCalibrator {
        try Check.pairs(scores, targets, weights)
        var positives = 0.0
        var total = 0.0
        var mean = 0.0
        for i in scores.indices {
            let w = weights?[i] ?? 1
            positives += w * targets[i]
            total += w
            mean += w * scores[i]
        }
        mean /= total
        let high = (positives + 1) / (positives + 2)
        let low = 1 / (total - positives + 2)
        // Centred and scaled, Newton's method does not care about the unit of the scores.
        var spread = 0.0
        for i in scores.indices { spread += (weights?[i] ?? 1) * (scores[i] - mean) * (scores[i] - mean) }
        spread = (spread / total).squareRoot()
        let smooth = targets.map { low + (high - low) * $0 }
        let ones = [Double](repeating: 1, count: scores.count)
        guard spread > 1e-12 * abs(mean), spread > 0 else {
            let theta = LogisticFit.fit(features: [ones], targets: smooth, weights: weights, ridge: 0)
            return PlattCalibrator(slope: 0, intercept: theta[0])
        }
        let theta = LogisticFit.fit(
            features: [scores.map { ($0 - mean) / spread }, ones], targets: smooth, weights: weights, ridge: 0)
        return PlattCalibrator(slope: theta[0] / spread, intercept: theta[1] - theta[0] * mean / spread)
    }

    /// The probability for a score.
    public func calibrate(_ score: Double) -> Double {
        if score.isNaN { return .nan }
        // An infinite score times a slope of 0 is no NaN.
        return sigmoid(slope * max(-Double.greatestFiniteMagnitude, min(score, .greatestFiniteMagnitude)) + intercept)
    }
}
