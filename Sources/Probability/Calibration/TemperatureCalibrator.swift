internal import Foundation
public import NumericalMethods

/// Temperature scaling: logits divided by one number T, `P = sigmoid(logit / T)` or `softmax(logits / T)`.
///
/// Never changes which of two scores is higher, nor which class is the likeliest. A score that is a probability becomes its
/// logit first, drawn in to 1e-15 from 0 and 1. T is infinite where the scores know nothing (1 / T = 0), and not below 1e-6
/// where they are never wrong.
///
/// - Source: C. Guo, G. Pleiss, Y. Sun, K. Weinberger, "On calibration of modern neural networks", 2017, equation 9.
public struct TemperatureCalibrator: Calibrator {
    /// 1 / T.
    public let inverseTemperature: Double
    /// What the scores are.
    public let scale: ScoreScale

    /// T, above 1 where the scores were too sure of themselves.
    public var temperature: Double { 1 / inverseTemperature }

    /// The fit on the scale that ``ScoreScale/guess(_:)`` says.
    public static func fit(
        scores: [Double], targets: [Double], weights: [Double]? = nil
    ) throws(StatisticsError) -> TemperatureCalibrator {
        try fit(scores: scores, targets: targets, weights: weights, scale: .guess(scores))
    }

    /// The fit that maximises the likelihood of the targets.
    public static func fit(
        scores: [Double], targets: [Double], weights: [Double]? = nil, scale: ScoreScale
    ) throws(StatisticsError) -> TemperatureCalibrator {
        try Check.pairs(scores, targets, weights)
        if scale == .probability { try Check.values(scores, in: 0...1, "score") }
        let logits = scores.map { logit(of: $0, scale) }
        let beta = bestInverse { beta in
            var slope = 0.0
            var curvature = 0.0
            for i in logits.indices {
                let w = weights?[i] ?? 1
                let p = sigmoid(beta * logits[i])
                slope += w * (p - targets[i]) * logits[i]
                curvature += w * p * (1 - p) * logits[i] * logits[i]
            }
            return (slope, curvature)
        }
        return TemperatureCalibrator(inverseTemperature: beta, scale: scale)
    }

    /// The fit for several classes.
    ///
    /// - Parameters:
    ///   - logits: `[items, classes]`, finite; log-probabilities do as well.
    ///   - labels: `[items]`, the class that was right.
    /// - Throws: ``StatisticsError``.
    public static func fit(logits: Matrix, labels: [Int]) throws(StatisticsError) -> TemperatureCalibrator {
        try Check.count(logits.rows, atLeast: 1, "items")
        try Check.count(logits.columns, atLeast: 2, "classes")
        try Check.sameCount(labels.count, logits.rows, "labels")
        try Check.finite(logits.storage, "logit")
        for (i, label) in labels.enumerated() where label < 0 || label >= logits.columns {
            throw .value(
                what: "label", index: i, value: Double(label), requirement: "a class from 0 to \(logits.columns - 1)")
        }
        let classes = logits.columns
        let beta = bestInverse { beta in
            var slope = 0.0
            var curvature = 0.0
            for (i, label) in labels.enumerated() {
                var largest = -Double.infinity
                for c in 0..<classes { largest = max(largest, logits[i, c]) }
                // Moments of the logits, taken from the largest one, under the tempered softmax.
                var total = 0.0
                var first = 0.0
                var second = 0.0
                for c in 0..<classes {
                    let x = logits[i, c] - largest
                    let e = exp(beta * x)
                    total += e
                    first += e * x
                    second += e * x * x
                }
                let mean = first / total
                slope += mean - (logits[i, label] - largest)
                curvature += second / total - mean * mean
            }
            return (slope, curvature)
        }
        return TemperatureCalibrator(inverseTemperature: beta, scale: .logit)
    }

    /// The probability for a score.
    public func calibrate(_ score: Double) -> Double {
        if score.isNaN { return .nan }
        let x = max(-Double.greatestFiniteMagnitude, min(Self.logit(of: score, scale), .greatestFiniteMagnitude))
        return sigmoid(inverseTemperature * x)
    }

    /// The probabilities of the classes, `[classes]`, for their logits.
    public func calibrate(logits: [Double]) -> [Double] { softmax(logits.map { $0 * inverseTemperature }) }

    private static func logit(of score: Double, _ scale: ScoreScale) -> Double {
        switch scale {
        case .logit: score
        case .probability: NumericalMethods.logit(min(1 - 1e-15, max(1e-15, score)))
        }
    }

    /// The root of a non-decreasing derivative on [0, 1e6]: Newton's method inside a bracket, halved where Newton leaves it.
    private static func bestInverse(_ derivatives: (Double) -> (slope: Double, curvature: Double)) -> Double {
        if derivatives(0).slope >= 0 { return 0 }
        var low = 0.0
        var high = 1.0
        while derivatives(high).slope < 0 {
            if high >= 1e6 { return 1e6 }
            low = high
            high = min(1e6, high * 4)
        }
        var beta = 0.5 * (low + high)
        for _ in 0..<200 {
            let (slope, curvature) = derivatives(beta)
            if slope == 0 { return beta }
            if slope < 0 { low = beta } else { high = beta }
            let newton = beta - slope / curvature
            let next = newton > low && newton < high ? newton : 0.5 * (low + high)
            if abs(next - beta) <= 1e-14 * high { return next }
            beta = next
        }
        return beta
    }
}
