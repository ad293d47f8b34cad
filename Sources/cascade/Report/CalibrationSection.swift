import Cascades
import Deferral
import Foundation
import Reports

/// How far each stage's best score can be believed.
struct CalibrationSection {
    let context: ReportContext

    init(_ context: ReportContext) { self.context = context }

    /// The score of a stage that says most about its quality.
    private struct Score {
        var stage: Int
        var name: String
        /// Spearman's rank correlation with quality.
        var correlation: Double
        var values: [Double]
        var qualities: [Double]

        /// Whether it can be read as a probability.
        var isProbability: Bool { values.allSatisfy { (0...1).contains($0) } && correlation > 0 }
    }

    /// Nil where no stage has a score.
    var section: HTMLPage.Section? {
        let scores = context.stages.indices.compactMap(best)
        guard !scores.isEmpty else { return nil }
        let isShare = scores.allSatisfy { $0.qualities.allSatisfy { (0...1).contains($0) } }
        var table = TextTable(columns: [
            "stage", "score", .init("rank correlation with quality"), .init("calibration error"),
        ])
        var curves: [CalibrationCurve] = []
        for score in scores {
            var error = TableCell.missing
            if score.isProbability, isShare {
                let curve = CalibrationCurve(
                    context.stages[score.stage], predictions: score.values, outcomes: score.qualities)
                curves.append(curve)
                let total = Double(curve.bins.reduce(0) { $0 + $1.count })
                error = .number(
                    curve.bins.reduce(0) { $0 + Double($1.count) * abs($1.predicted - $1.observed) } / total,
                    significant: 2)
            }
            table.add([
                .text(context.stages[score.stage]), .text(score.name), .number(score.correlation, significant: 2),
                error,
            ])
        }
        var blocks: [HTMLPage.Block] = [
            .prose(
                "For each stage the evidence number that orders its answers best by quality. Calibration error is the mean distance of the curve from the diagonal; it has none where the score is no probability."
            ),
            .table(table),
        ]
        if !curves.isEmpty {
            blocks.append(
                .figure(
                    Chart.calibration("Reliability", curves: curves, predicted: "score", observed: "mean quality"),
                    caption: "On the diagonal, a score of 80% means right in 80 of 100 cases"))
        }
        return .init("Calibration", blocks)
    }

    private func best(_ stage: Int) -> Score? {
        let log = context.log.log
        var best: Score?
        for (name, signal) in zip(log.schema.stages[stage].evidence, log.schema.evidenceRange(of: stage)) {
            let items = (0..<log.count).filter {
                log.isPresent(item: $0, stage: stage) && !log.signal(item: $0, signal).isNaN
            }
            let values = items.map { log.signal(item: $0, signal) }
            let qualities = items.map { log.quality(item: $0, stage: stage) }
            guard let correlation = Self.rankCorrelation(values, qualities) else { continue }
            if best.map({ abs(correlation) > abs($0.correlation) }) ?? true {
                best = Score(stage: stage, name: name, correlation: correlation, values: values, qualities: qualities)
            }
        }
        return best
    }

    /// Spearman's rank correlation, ties sharing their mean rank; nil where one side is constant.
    private static func rankCorrelation(_ a: [Double], _ b: [Double]) -> Double? {
        guard a.count > 2 else { return nil }
        let (x, y) = (ranks(a), ranks(b))
        let mean = Double(a.count - 1) / 2
        var (xy, xx, yy) = (0.0, 0.0, 0.0)
        for index in x.indices {
            xy += (x[index] - mean) * (y[index] - mean)
            xx += (x[index] - mean) * (x[index] - mean)
            yy += (y[index] - mean) * (y[index] - mean)
        }
        return xx > 0 && yy > 0 ? xy / (xx * yy).squareRoot() : nil
    }

    private static func ranks(_ values: [Double]) -> [Double] {
        let order = values.indices.sorted { values[$0] < values[$1] }
        var ranks = [Double](repeating: 0, count: values.count)
        var start = 0
        while start < order.count {
            var end = start
            while end + 1 < order.count, values[order[end + 1]] == values[order[start]] { end += 1 }
            for place in start...end { ranks[order[place]] = Double(start + end) / 2 }
            start = end + 1
        }
        return ranks
    }
}
