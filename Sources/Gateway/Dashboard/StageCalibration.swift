import Cascades
import Foundation
import Reports

/// How far a stage's own word can be believed: the number of its evidence that orders its answers best by quality,
/// against the quality that people found.
struct StageCalibration: Sendable {
    /// What stands on the horizontal axis.
    enum Scale: String, Sendable {
        /// The number is a probability.
        case probability
        /// It is the logarithm of one.
        case exponential
        /// It is neither: its rank among the answers is shown, and there is no error of calibration.
        case rank
    }

    var stage: String
    /// The number's name.
    var evidence: String
    var scale: Scale
    /// Spearman's rank correlation with quality.
    var correlation: Double
    var curve: CalibrationCurve
    /// How many answers were judged.
    var count: Int

    /// The mean distance of the curve from the diagonal; nil where the scale is none of probabilities.
    var error: Double? {
        guard scale != .rank else { return nil }
        let count = curve.bins.reduce(0) { $0 + $1.count }
        guard count > 0 else { return nil }
        return curve.bins.reduce(0) { $0 + Double($1.count) * abs($1.predicted - $1.observed) } / Double(count)
    }

    /// The calibration of stage `stage` in `log`; nil where fewer than 20 answers with numbers were judged, or their
    /// quality is always the same.
    init?(_ log: OutcomeLog, stage: Int, name: String) {
        var best: (correlation: Double, evidence: String, pairs: [(value: Double, quality: Double)])?
        for (evidence, signal) in zip(log.schema.stages[stage].evidence, log.schema.evidenceRange(of: stage)) {
            var pairs: [(value: Double, quality: Double)] = []
            for item in 0..<log.count {
                let value = log.signal(item: item, signal)
                let quality = log.quality(item: item, stage: stage)
                // Qualities beyond 0 and 1 are scores of another kind, which no probability tells.
                if value.isFinite, (0...1).contains(quality) { pairs.append((value, quality)) }
            }
            guard pairs.count >= 20, let correlation = Self.correlation(pairs) else { continue }
            if best.map({ abs(correlation) > abs($0.correlation) }) ?? true {
                best = (correlation, evidence, pairs)
            }
        }
        guard let best else { return nil }
        self.stage = name
        evidence = best.evidence
        correlation = best.correlation
        count = best.pairs.count
        let values = best.pairs.map { $0.value }
        let predictions: [Double]
        if best.correlation > 0, values.allSatisfy({ (0...1).contains($0) }) {
            scale = .probability
            predictions = values
        } else if best.correlation > 0, values.allSatisfy({ $0 <= 0 }) {
            scale = .exponential
            predictions = values.map { exp($0) }
        } else {
            scale = .rank
            predictions = Self.ranks(values).map { ($0 + 0.5) / Double(values.count) }
        }
        curve = CalibrationCurve(name, predictions: predictions, outcomes: best.pairs.map { $0.quality })
    }

    var json: JSONTree {
        .members([
            ("stage", .string(stage)), ("evidence", .string(evidence)), ("scale", .string(scale.rawValue)),
            ("correlation", .number(correlation)), ("error", error.map { .number($0) }),
            ("count", .number(Double(count))),
            (
                "bins",
                .array(
                    curve.bins.map { bin in
                        [
                            "predicted": .number(bin.predicted), "observed": .number(bin.observed),
                            "low": .number(bin.low), "high": .number(bin.high), "count": .number(Double(bin.count)),
                        ]
                    })
            ),
        ])
    }

    /// Spearman's rank correlation, ties sharing their mean rank; nil where one side is constant.
    static func correlation(_ pairs: [(value: Double, quality: Double)]) -> Double? {
        let (x, y) = (ranks(pairs.map { $0.value }), ranks(pairs.map { $0.quality }))
        let mean = Double(pairs.count - 1) / 2
        var (xy, xx, yy) = (0.0, 0.0, 0.0)
        for (a, b) in zip(x, y) {
            xy += (a - mean) * (b - mean)
            xx += (a - mean) * (a - mean)
            yy += (b - mean) * (b - mean)
        }
        return xx > 0 && yy > 0 ? xy / (xx * yy).squareRoot() : nil
    }

    /// The place of each value among all, from 0; equal values share the mean of theirs.
    static func ranks(_ values: [Double]) -> [Double] {
        let order = values.indices.sorted { values[$0] < values[$1] }
        var ranks = [Double](repeating: 0, count: values.count)
        var start = 0
        while start < order.count {
            var end = start + 1
            while end < order.count, values[order[end]] == values[order[start]] { end += 1 }
            for place in start..<end { ranks[order[place]] = Double(start + end - 1) / 2 }
            start = end
        }
        return ranks
    }
}
