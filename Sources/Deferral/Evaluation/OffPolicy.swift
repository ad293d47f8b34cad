public import Cascades
import Foundation
import NumericalMethods
public import Probability

/// What a policy would have reached on a log in which cells are missing, with four estimators side by side.
///
/// A run can be replayed where all cells that the policy asks for are there; such an item counts with the inverse of
/// the probability p that they are.
///
///     direct          mean of the replayed items, as if they were all alike
///     inverse         (1/n) sum of 1[replayed] y / p                       unbiased where p is right
///     selfNormalised  sum of 1[replayed] y / p over sum of 1[replayed] / p  less variance, slight bias
///     doublyRobust    (1/n) sum of m(x) + 1[replayed] (y - m(x)) / p        right where p or the model m is
///
/// m(x) is a ridge regression of the outcome on the item's context, fitted out of fold to the replayed items.
///
/// - Source: Dudík, Langford and Li 2011, "Doubly Robust Policy Evaluation and Learning"; Swaminathan and Joachims
///   2015, "The Self-Normalized Estimator for Counterfactual Learning".
public struct OffPolicy: Sendable {
    /// Estimates of one outcome.
    public struct Estimates: Sendable, Hashable, Codable {
        /// The mean of the replayed items.
        public var direct: MeanInterval
        /// Inverse propensities.
        public var inverse: MeanInterval
        /// Self-normalised inverse propensities.
        public var selfNormalised: MeanInterval
        /// Doubly robust.
        public var doublyRobust: MeanInterval
    }

    /// Mean quality.
    public var quality: Estimates
    /// Mean scalar cost.
    public var cost: Estimates
    /// The share of items that could be replayed.
    public var replayedShare: Double
    /// (sum of weights)² over the sum of their squares: how many items of equal weight the replayed ones are worth.
    public var effectiveItems: Double
    /// Whether propensities were logged; otherwise each stage's share of present cells stands for them.
    public var hasLoggedPropensities: Bool

    /// Estimates what `policy` reaches on `log`.
    public init(
        _ policy: any Policy, on log: CostedLog, confidence: Double = 0.95, replicates: Int = 1000,
        using random: inout Random
    ) throws {
        let parts = (policy as? MixturePolicy)?.components.map { ($0.weight, $0.policy) } ?? [(1, policy)]
        let fork = random.fork()
        let outcomes = parts.map { (weight: $0.0, outcomes: Replay.outcomes(of: $0.1, on: log)) }
        func estimates(_ column: (ReplayedOutcomes) -> [Double]) throws -> Estimates {
            let each = try outcomes.map { part in
                try Self.columns(column(part.outcomes), part.outcomes, log: log)
            }
            // Parts of a mixture add up item by item; an item that no part could replay stays missing in `direct`.
            func mixed(_ values: (Columns) -> [Double]) -> [Double] {
                (0..<log.count).map { item in
                    zip(outcomes, each).reduce(0) { $0 + $1.0.weight * values($1.1)[item] }
                }
            }
            func interval(_ values: [Double], weights: [Double] = []) -> MeanInterval {
                MeanInterval(of: values, weights: weights, confidence: confidence, replicates: replicates, random: fork)
            }
            let weights = mixed(\.weights)
            let weighted = mixed(\.weighted)
            return Estimates(
                direct: interval(mixed(\.values)), inverse: interval(weighted),
                selfNormalised: interval(
                    zip(weighted, weights).map { $1 > 0 ? $0 / $1 : .nan }, weights: weights),
                doublyRobust: interval(mixed(\.doublyRobust)))
        }
        quality = try estimates(\.quality)
        cost = try estimates(\.cost)
        let replayed = outcomes[0].outcomes
        replayedShare = Double(replayed.replayed) / Double(max(log.count, 1))
        let weights = replayed.weights.isEmpty ? [Double](repeating: 1, count: log.count) : replayed.weights
        let sum = weights.reduce(0, +)
        effectiveItems = sum * sum / max(weights.reduce(0) { $0 + $1 * $1 }, .leastNormalMagnitude)
        hasLoggedPropensities = !log.log.propensities.isEmpty
    }

    private struct Columns {
        var values: [Double]
        var weights: [Double]
        var weighted: [Double]
        var doublyRobust: [Double]
    }

    private static func columns(_ values: [Double], _ outcomes: ReplayedOutcomes, log: CostedLog) throws -> Columns {
        let masked = zip(values, outcomes.quality).map { $1.isNaN ? .nan : $0 }
        let weights = outcomes.weights.isEmpty ? [Double](repeating: 1, count: values.count) : outcomes.weights
        let weighted = zip(masked, weights).map { $0.isNaN ? 0 : $0 * $1 }
        let model = try outcomeModel(masked, log: log)
        let doublyRobust = masked.indices.map { item in
            model[item] + (masked[item].isNaN ? 0 : weights[item] * (masked[item] - model[item]))
        }
        return Columns(values: masked, weights: weights, weighted: weighted, doublyRobust: doublyRobust)
    }

    /// Out-of-fold predictions of the outcome from the context, in two folds by turns; the mean where there is no context.
    private static func outcomeModel(_ values: [Double], log: CostedLog) throws -> [Double] {
        let width = log.log.schema.context.count
        let known = values.filter { !$0.isNaN }
        let mean = known.isEmpty ? 0 : known.reduce(0, +) / Double(known.count)
        guard width > 0, known.count > 4 * (width + 2) else { return [Double](repeating: mean, count: values.count) }
        var predictions = [Double](repeating: mean, count: values.count)
        let contexts = Matrix(rows: values.count, columns: width, storage: log.log.context)
        for fold in 0...1 {
            let fitted = values.indices.filter { $0 % 2 != fold && !values[$0].isNaN }
            let predicted = values.indices.filter { $0 % 2 == fold }
            let model = try RidgeRegression().fit(
                features: contexts.rows(fitted),
                targets: Matrix(rows: fitted.count, columns: 1, storage: fitted.map { values[$0] }))
            let answers = model.predict(contexts.rows(predicted))
            for (row, item) in predicted.enumerated() { predictions[item] = answers[row, 0] }
        }
        return predictions
    }
}
