internal import Foundation
internal import NumericalMethods

/// Beta calibration of a probability s: `logit P = a log s - b log(1 - s) + c`.
///
/// Holds the identity (a = b = 1, c = 0), and maps of either S shape, which Platt's does not on probabilities. Scores are
/// drawn in to 1e-15 from 0 and 1; scores on a logit scale become probabilities first. A ridge of 1e-9 per item keeps
/// separable data finite.
///
/// - Source: M. Kull, T. Silva Filho, P. Flach, "Beta calibration: a well-founded and easily implemented improvement on
///   logistic calibration for binary classifiers", 2017, section 4: a or b below 0 is set to 0 and the rest fitted again.
public struct BetaCalibrator: Calibrator {
    /// Coefficient of log s.
    public let a: Double
    /// Coefficient of -log(1 - s).
    public let b: Double
    /// The constant.
    public let c: Double
    /// What the scores are.
    public let scale: ScoreScale

    /// The monotone fit on the scale that ``ScoreScale/guess(_:)`` says.
    public static func fit(
        scores: [Double], targets: [Double], weights: [Double]? = nil
    ) throws(StatisticsError) -> BetaCalibrator {
        try fit(scores: scores, targets: targets, weights: weights, scale: .guess(scores))
    }

    /// The fit that maximises the likelihood, among non-decreasing maps unless `isMonotone` is false.
    public static func fit(
        scores: [Double], targets: [Double], weights: [Double]? = nil, scale: ScoreScale, isMonotone: Bool = true
    ) throws(StatisticsError) -> BetaCalibrator {
        try Check.pairs(scores, targets, weights)
        if scale == .probability { try Check.values(scores, in: 0...1, "score") }
        let logs = scores.map { logPair($0, scale) }
        let rising = logs.map(\.0)
        let falling = logs.map { -$0.1 }
        let ones = [Double](repeating: 1, count: scores.count)
        func solve(_ features: [[Double]]) -> [Double] {
            LogisticFit.fit(features: features, targets: targets, weights: weights, ridge: 1e-9)
        }
        let free = solve([rising, falling, ones])
        if !isMonotone || (free[0] >= 0 && free[1] >= 0) {
            return BetaCalibrator(a: free[0], b: free[1], c: free[2], scale: scale)
        }
        // The negative one leaves; if the other turns negative too, only the constant stays.
        let keepsRising = free[0] >= free[1]
        let rest = solve([keepsRising ? rising : falling, ones])
        if rest[0] < 0 { return BetaCalibrator(a: 0, b: 0, c: solve([ones])[0], scale: scale) }
        return BetaCalibrator(
            a: keepsRising ? rest[0] : 0, b: keepsRising ? 0 : rest[0], c: rest[1], scale: scale)
    }

    /// The probability for a score.
    public func calibrate(_ score: Double) -> Double {
        if score.isNaN { return .nan }
        let (rising, falling) = Self.logPair(score, scale)
        return sigmoid(a * rising - b * falling + c)
    }

    /// log s and log(1 - s).
    private static func logPair(_ score: Double, _ scale: ScoreScale) -> (Double, Double) {
        switch scale {
        case .probability:
            let s = min(1 - 1e-15, max(1e-15, score))
            return (log(s), log1p(-s))
        case .logit:
            let z = min(34.5, max(-34.5, score))
            return (logSigmoid(z), logSigmoid(-z))
        }
    }
}
