import Cascades
import Deferral
import Foundation
import NumericalMethods

/// What two classifiers said of some items, with the true labels: the input of every two-stage deferral experiment.
struct TwoClassifiers: Sendable {
    /// Class probabilities of the cheap and the dear classifier, each `[items, classes]`.
    var probabilities: [Matrix]
    /// The true labels, `[items]`.
    var labels: [Int]

    /// The class with the largest probability, `[items]`.
    func answers(of stage: Int) -> [Int] {
        let values = probabilities[stage]
        return (0..<values.rows).map { row in
            (1..<values.columns).reduce(0) { values[row, $1] > values[row, $0] ? $1 : $0 }
        }
    }

    /// 1 where the classifier is right, else 0, `[items]`.
    func correct(_ stage: Int) -> [Double] { zip(answers(of: stage), labels).map { $0 == $1 ? 1 : 0 } }

    /// The probability that each answer is right, where `truth`, `[items, classes]`, holds the true probabilities.
    func chances(_ stage: Int, truth: Matrix) -> [Double] { answers(of: stage).enumerated().map { truth[$0, $1] } }

    /// One of the usual confidences of the cheap classifier in its answers, `[items]`.
    func confidence(_ name: String) -> [Double] {
        let column = Self.summaries.firstIndex(of: name)!
        let sign: Double = name == "entropy" ? -1 : 1
        return (0..<labels.count).map { sign * summary(stage: 0, item: $0)[column] }
    }

    static let summaries = ["max_probability", "margin", "entropy"]

    private func summary(stage: Int, item: Int) -> [Double] {
        let values = probabilities[stage]
        let row = (0..<values.columns).map { values[item, $0] }.sorted(by: >)
        let entropy = row.reduce(0) { $1 > 0 ? $0 - $1 * log($1) : $0 }
        return [row[0], row[0] - row[1], entropy]
    }

    /// A log in which the second stage costs one call and the first nothing, so that mean cost is the share deferred.
    /// Evidence: every class probability, the usual summaries, and the true label's probability, which only learners see.
    func outcomes() -> CostedLog {
        let classes = probabilities[0].columns
        let names = (0..<classes).map { "p\($0)" } + Self.summaries + [FeatureMap.labelProbability]
        let schema = LogSchema(stages: ["small", "large"].map { StageSchema(name: $0, evidence: names) })
        let right = [correct(0), correct(1)]
        var quality: [Double] = []
        var evidence: [Double] = []
        for (item, label) in labels.enumerated() {
            for stage in 0..<2 {
                quality.append(right[stage][item])
                evidence += (0..<classes).map { probabilities[stage][item, $0] }
                evidence += summary(stage: stage, item: item)
                evidence.append(probabilities[stage][item, label])
            }
        }
        var log = OutcomeLog(schema: schema, ids: labels.indices.map { "item \($0)" }, quality: quality)
        log.evidence = evidence
        log.money = labels.flatMap { _ in [0.0, 1.0] }
        return CostedLog(log)
    }
}
