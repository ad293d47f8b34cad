import Foundation

extension Evidence {
    /// The names that ``classProbabilities(_:)`` gives.
    public static let classProbabilityNames = ["topProbability", "margin", "entropy"]

    /// What a classifier's probabilities say of its answer.
    ///
    ///     topProbability = max_k p_k
    ///     margin         = largest p less second largest p (the only p, where there is one class)
    ///     entropy        = - sum_k p_k ln p_k, in nats
    ///
    /// - Parameter probabilities: `[classes]`, not negative, adding up to 1 within 1e-6.
    /// - Throws: ``CascadeError/badEvidence(reason:)`` for anything else.
    public static func classProbabilities(_ probabilities: some Collection<Double>) throws -> Evidence {
        var largest = -Double.infinity
        var second = 0.0
        var total = 0.0
        var entropy = 0.0
        for (index, probability) in probabilities.enumerated() {
            guard probability >= 0, probability.isFinite else {
                throw CascadeError.badEvidence(
                    reason: "class \(index) has probability \(probability); expected a number from 0 to 1")
            }
            total += probability
            if probability > 0 { entropy -= probability * log(probability) }
            if probability > largest {
                if index > 0 { second = largest }
                largest = probability
            } else if probability > second {
                second = probability
            }
        }
        guard !probabilities.isEmpty, abs(total - 1) <= 1e-6 else {
            throw CascadeError.badEvidence(
                reason: "\(probabilities.count) class probabilities add up to \(total); expected 1")
        }
        // Where one class has all, rounding may leave -0 or a hair below 0.
        return Evidence(names: classProbabilityNames, values: [largest, largest - second, max(entropy, 0)])
    }

    /// The names that ``tokens(logProbabilities:)`` gives.
    public static let tokenNames = ["meanLogProbability", "minimumLogProbability", "length"]

    /// What a language model's token log-probabilities say of its text.
    ///
    ///     meanLogProbability = (1/T) sum_t ln p_t;  minimumLogProbability = min_t ln p_t;  length = T
    ///
    /// - Parameter logProbabilities: one a token written, in nats, `[tokens]`. For an empty text mean and minimum
    ///   are missing (`NaN`) and the length is 0.
    /// - Throws: ``CascadeError/badEvidence(reason:)`` for a `NaN` or a positive log-probability.
    public static func tokens(logProbabilities: some Collection<Double>) throws -> Evidence {
        var total = 0.0
        var smallest = Double.infinity
        for (index, logProbability) in logProbabilities.enumerated() {
            guard logProbability <= 0 else {
                throw CascadeError.badEvidence(
                    reason: "token \(index) has log-probability \(logProbability); expected a number up to 0")
            }
            total += logProbability
            smallest = min(smallest, logProbability)
        }
        let count = logProbabilities.count
        return Evidence(
            names: tokenNames,
            values: count == 0 ? [.nan, .nan, 0] : [total / Double(count), smallest, Double(count)])
    }
}
