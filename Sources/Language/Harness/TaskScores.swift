import Foundation
import NumericalMethods
import Probability

/// How good the answers to a task are, by each of its metrics.
public struct TaskScores: Sendable, Hashable {
    /// A score by one metric.
    public struct Score: Sendable, Hashable {
        /// The metric.
        public var metric: CapabilityMetric
        /// The score.
        public var value: Double
        /// Its standard error over questions; nil where the score is no mean over questions.
        public var standardError: Double?
        /// The scores of one who knows nothing and of one who is always right; nil where there are none.
        public var low: Double?
        public var high: Double?

        /// The score on the scale on which 0 is knowing nothing and 100 is always right:
        /// 100 (value - low) / (high - low); nil where there is none.
        ///
        /// - Source: paper 127, section 2.2 (normalised preferred metric).
        public var normalized: Double? {
            guard let low, let high, high != low else { return nil }
            return 100 * (value - low) / (high - low)
        }
    }

    /// The task's name.
    public let task: String
    /// The scores, in the order of the task's metrics.
    public let scores: [Score]
    /// The score by the task's preferred metric.
    public let preferred: Score
    /// Questions answered, and questions that the model could not take.
    public let answered: Int
    public let refused: Int
    /// The probability of every choice and its share of the question's scores, `[all choices]`; empty without choices.
    public let probabilities: [Double]
    public let shares: [Double]

    /// The scores of `answers` to `task`; questions without an answer are left out.
    /// - Throws: ``LanguageError/improperParameter(name:value:expected:)`` where no question was answered, or answers lack
    ///   what a metric looks at.
    public init(_ task: CapabilityTask, _ answers: [TaskAnswer]) throws {
        let given = answers.filter { $0.refusal == nil }
        guard !given.isEmpty else {
            throw LanguageError.improperParameter(name: "answers", value: "none", expected: "one at least")
        }
        self.task = task.name
        answered = given.count
        refused = answers.count - given.count
        var probabilities: [Double] = []
        var shares: [Double] = []
        if task.needsChoices {
            for answer in given {
                probabilities += try Self.probabilities(of: answer, task)
                shares += task.examples[answer.example].shares
            }
        }
        self.probabilities = probabilities
        self.shares = shares
        var scores: [Score] = []
        for metric in task.metrics {
            let range = task.range(of: metric)
            var score = Score(metric: metric, value: .nan, low: range?.low, high: range?.high)
            switch metric {
            case .calibrationError:
                score.value =
                    try ReliabilityCurve(
                        probabilities: probabilities, targets: shares, bins: 10, binning: .equalWidth
                    ).expectedCalibrationError
            case .bleu:
                score.value =
                    BLEUScore(
                        texts: try given.map { try Self.text(of: $0) },
                        references: given.map { task.examples[$0.example].targets }
                    ).value
            default:
                let estimate = try Estimate(meanOf: try Self.values(of: metric, task, given))
                score.value = estimate.value
                score.standardError = estimate.count > 1 ? estimate.standardError : nil
            }
            scores.append(score)
        }
        self.scores = scores
        preferred = scores.first { $0.metric == task.preferred } ?? scores[0]
    }

    /// The score by `metric`, where the task has it.
    public subscript(metric: CapabilityMetric) -> Score? { scores.first { $0.metric == metric } }

    /// The score of each of `answers` by a metric that is a mean over questions, `[answers]`.
    /// - Throws: ``LanguageError/improperParameter(name:value:expected:)`` for a metric that is none, or for answers that
    ///   lack what it looks at.
    public static func values(
        of metric: CapabilityMetric, _ task: CapabilityTask, _ answers: [TaskAnswer]
    ) throws -> [Double] {
        try answers.map { answer in
            let example = task.examples[answer.example]
            switch metric {
            case .multipleChoiceGrade:
                let probabilities = try probabilities(of: answer, task)
                let best = probabilities.max()
                let chosen = probabilities.indices.filter { probabilities[$0] == best }
                return chosen.reduce(0) { $0 + example.scores[$1] } / Double(chosen.count)
            case .brierScore: return example.brierScore(try probabilities(of: answer, task))
            case .exactMatch:
                let text = try text(of: answer)
                return example.targets.contains { $0.trimmingCharacters(in: .whitespacesAndNewlines) == text } ? 1 : 0
            case .caseInsensitiveMatch:
                let text = try text(of: answer).lowercased()
                return example.targets.contains {
                    $0.trimmingCharacters(in: .whitespacesAndNewlines).lowercased() == text
                } ? 1 : 0
            case .logLikelihood:
                guard let best = answer.targets?.max() else { throw lacking("the log-probabilities of its targets") }
                return best
            case .rouge1, .rouge2, .rougeLines:
                let text = try text(of: answer)
                return 100 * (example.targets.map { ROUGEScore.value(metric, text, $0) }.max() ?? 0)
            case .calibrationError, .bleu:
                throw LanguageError.improperParameter(
                    name: "metric", value: metric.rawValue, expected: "one that is a mean over questions")
            }
        }
    }

    /// The probabilities of the choices, normalised over them.
    private static func probabilities(of answer: TaskAnswer, _ task: CapabilityTask) throws -> [Double] {
        guard let logs = answer.choices, logs.count == task.examples[answer.example].choices.count else {
            throw lacking("the log-probabilities of its choices")
        }
        let total = logSumExp(logs)
        // Where no choice can come at all, none is likelier than another.
        return total > -.infinity ? logs.map { exp($0 - total) } : logs.map { _ in 1 / Double(logs.count) }
    }

    private static func text(of answer: TaskAnswer) throws -> String {
        guard let text = answer.text else { throw lacking("a text") }
        return text
    }

    private static func lacking(_ what: String) -> LanguageError {
        .improperParameter(name: "answer", value: "without \(what)", expected: "an answer to a question of this task")
    }
}
