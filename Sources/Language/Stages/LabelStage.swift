public import Cascades
import Foundation
import NumericalMethods
import Synchronization

/// A language model as a stage that chooses among given answers: the one with the largest log-probability.
///
///     let stage = LabelStage(model, labels: ["positive", "negative"]) { (review: String) in
///         .text("Review: \(review)\nSentiment:")
///     }
///
/// With labels l after the prompt c, and a prompt n without content where one is given:
///
///     score(l) = ln p(l | c) - ln p(l | n);   P(l) = exp score(l) / Σ exp score
///
/// The prompt is read once for all labels. Taking off what the model says without content removes its liking for some
/// labels (Zhao et al., 2021, contextual calibration).
public struct LabelStage<Input: Sendable>: Stage {
    /// What answers.
    public let model: any LanguageModel
    /// The labels to choose from, for an input: two at least.
    public let labels: @Sendable (Input) -> [String]
    /// What the model is asked about an input.
    public let prompt: @Sendable (Input) -> Prompt
    /// The prompt without content, or nil: then scores are the log-probabilities themselves.
    public let contentFree: Prompt?
    /// What ends a label, scored with it: `"\n"` where labels are lines, so that "1" and "12" are no beginnings of each
    /// other.
    public let terminator: String
    private let baselines = Baselines()

    /// `model`, choosing among `labels`.
    public init(
        _ model: any LanguageModel, labels: [String], contentFree: Prompt? = nil,
        prompt: @escaping @Sendable (Input) -> Prompt
    ) {
        self.init(model, labelsOf: { _ in labels }, contentFree: contentFree, prompt: prompt)
    }

    /// `model`, choosing among the labels of each input: a multiple-choice question.
    public init(
        _ model: any LanguageModel, labelsOf labels: @escaping @Sendable (Input) -> [String],
        contentFree: Prompt? = nil, terminator: String = "", prompt: @escaping @Sendable (Input) -> Prompt
    ) {
        self.model = model
        self.labels = labels
        self.contentFree = contentFree
        self.terminator = terminator
        self.prompt = prompt
    }

    /// The names of the evidence: the largest probability, its margin and the entropy over the labels; and the logarithm of
    /// the probability that the model gives to all labels together, which is small where it would say something else.
    public static var evidenceNames: [String] { Evidence.classProbabilityNames + ["labelMass"] }

    public var name: String { model.name }
    public var evidenceNames: [String] { Self.evidenceNames }

    /// - Throws: ``LanguageError``; where the model does not tell log-probabilities, too.
    public func answer(_ input: Input) async throws -> Answer<String> {
        let labels = labels(input)
        guard labels.count >= 2 else { throw Self.badLabels(labels) }
        let law = try await law(given: input)
        return try law.answer(law.likeliest)
    }

    static func badLabels(_ labels: [String]) -> LanguageError {
        .improperParameter(
            name: "labels", value: labels.joined(separator: ", "), expected: "two different ones at least")
    }

    /// How likely each label is as the answer to `input`.
    /// - Throws: ``LanguageError``; where the model does not tell log-probabilities, too.
    public func law(given input: Input) async throws -> LabelLaw {
        let labels = labels(input)
        guard !labels.isEmpty, Set(labels).count == labels.count else { throw Self.badLabels(labels) }
        try model.require(.scoring)
        let prompt = prompt(input)
        let scores = try await model.scores(of: labels.map { prompt.continuation($0) + terminator }, after: prompt)
        guard !scores.logProbabilities.contains(where: \.isNaN) else {
            throw LanguageError.unsupported(
                model: model.name, what: "it does not tell the log-probabilities of given texts",
                remedy: "Let it answer in its own words, or use a model that tells them.")
        }
        let baseline = try await baseline(labels)
        let logs = zip(scores.logProbabilities, baseline).map { $0 - $1 }
        let total = logSumExp(logs)
        return LabelLaw(
            labels: labels, logProbabilities: logs.map { $0 - total },
            labelMass: min(0, logSumExp(scores.logProbabilities)), cost: model.cost(of: scores))
    }

    private func baseline(_ labels: [String]) async throws -> [Double] {
        guard let contentFree else { return [Double](repeating: 0, count: labels.count) }
        return try await baselines.value(of: labels) { [model, terminator] in
            try await model.scores(of: labels.map { contentFree.continuation($0) + terminator }, after: contentFree)
                .logProbabilities
        }
    }

    /// What the model says of labels without content, asked once for each list of labels.
    private final class Baselines: Sendable {
        private let tasks = Mutex<[[String]: Task<[Double], any Error>]>([:])

        func value(
            of labels: [String], _ compute: @escaping @Sendable () async throws -> [Double]
        ) async throws -> [Double] {
            let task = tasks.withLock { tasks in
                if let known = tasks[labels] { return known }
                let task = Task { try await compute() }
                tasks[labels] = task
                return task
            }
            do {
                return try await task.value
            } catch {
                // The next question tries again.
                tasks.withLock { $0[labels] = nil }
                throw error
            }
        }
    }
}
