import Foundation
import NumericalMethods

/// A linear head over a language model's vectors, learned from pairs of responses.
///
///     r(y | x) = w · e(x, y),   P(y better than y') = sigmoid(r(y | x) - r(y' | x))
///
/// w has the largest likelihood of the pairs less ridge |w|² / 2 (the Bradley-Terry model).
public struct LearnedReward: RewardModel {
    /// The model that the vectors come from.
    public let model: any LanguageModel
    /// The weights, `[embedding]`.
    public let weights: [Double]
    /// The mean log-likelihood of the pairs that it was learned from, in nats.
    public let logLikelihood: Double
    private let text: @Sendable (String, String) -> String

    public var name: String { "\(model.name), learned head" }

    /// Learns from the same-style responses of `pairs`.
    /// - Parameters:
    ///   - ridge: for each pair; larger is smoother.
    ///   - text: what the vector of a prompt and a response is of.
    /// - Throws: ``LanguageError``; also for no pairs.
    public static func fit(
        _ pairs: [PreferencePair], model: any LanguageModel, ridge: Double = 0.01,
        text: @escaping @Sendable (String, String) -> String = { "\($0)\n\($1)" }
    ) async throws -> LearnedReward {
        guard !pairs.isEmpty, ridge > 0 else {
            throw LanguageError.improperParameter(
                name: "pairs", value: "\(pairs.count), ridge \(ridge)",
                expected: "one pair or more, and a ridge above 0")
        }
        // Differences of vectors, right less wrong.
        var rows: [[Double]] = []
        for pair in pairs {
            let vectors = try await model.embeddings(of: (pair.chosen + pair.rejected).map { text(pair.prompt, $0) })
            let styles = pair.chosen.count
            for style in 0..<styles { rows.append(zip(vectors[style], vectors[styles + style]).map { $0 - $1 }) }
        }
        let width = rows[0].count
        guard rows.allSatisfy({ $0.count == width }), width > 0 else {
            throw LanguageError.unsupported(
                model: model.name, what: "its vectors differ in length or have none",
                remedy: "Use a model with vectors.")
        }
        // One scale for all numbers, so that the ridge means the same for every model.
        let scale = (rows.reduce(0) { $0 + $1.reduce(0) { $0 + $1 * $1 } } / Double(rows.count)).squareRoot()
        guard scale > 0 else {
            throw LanguageError.improperParameter(
                name: "pairs", value: "all alike", expected: "responses with vectors that differ")
        }
        let features = rows.map { $0.map { $0 / scale } }
        let count = Double(features.count)
        let minimum = try minimize(
            withGradient: { point, gradient in
                var loss = 0.5 * ridge * point.reduce(0) { $0 + $1 * $1 }
                for index in point.indices { gradient[index] = ridge * point[index] }
                for row in features {
                    let margin = zip(row, point).reduce(0) { $0 + $1.0 * $1.1 }
                    // ln(1 + e^-m) without overflow, and the probability of the wrong one.
                    loss += (max(0, -margin) + log1p(exp(-abs(margin)))) / count
                    let wrong = 1 / (1 + exp(margin))
                    for index in row.indices { gradient[index] -= wrong * row[index] / count }
                }
                return loss
            }, from: [Double](repeating: 0, count: width))
        let norm = minimum.point.reduce(0) { $0 + $1 * $1 }
        return LearnedReward(
            model: model, weights: minimum.point.map { $0 / scale },
            logLikelihood: 0.5 * ridge * norm - minimum.value, text: text)
    }

    public func rewards(of responses: [String], to prompt: String) async throws -> [Double] {
        try await model.embeddings(of: responses.map { text(prompt, $0) }).map { vector in
            zip(vector, weights).reduce(0) { $0 + $1.0 * $1.1 }
        }
    }
}
