public import Cascades
import Foundation
import NumericalMethods
import Probability

/// Expected scalar cost of asking each stage, before it is asked: the stage's mean, or a linear function of the context
/// where that foretells costs better on held-out items (long inputs cost more).
///
///     cost_k = clamp( a_k + b_k · [context | log(1 + context)], smallest seen, largest seen )
public struct CostEstimator: Codable, Sendable, Hashable {
    /// Mean cost of each stage, `[stages]`.
    public let means: [Double]
    /// The context's columns of which the logarithm is used too: those that are never negative.
    let logarithms: [Int]
    /// How many context numbers there are.
    let contextCount: Int
    /// The linear functions; nil where means do as well.
    let model: LinearModel?
    /// The smallest and largest cost seen, `[stages]`.
    let smallest: [Double]
    let largest: [Double]

    /// Whether costs are foretold from the context.
    public var readsContext: Bool { model != nil }

    /// The mean costs of `log`, whatever the context.
    init(meansOf log: CostedLog) {
        self.init(
            means: log.meanCost, logarithms: [], contextCount: 0, model: nil, smallest: log.meanCost,
            largest: log.meanCost)
    }

    private init(
        means: [Double], logarithms: [Int], contextCount: Int, model: LinearModel?, smallest: [Double],
        largest: [Double]
    ) {
        self.means = means
        self.logarithms = logarithms
        self.contextCount = contextCount
        self.model = model
        self.smallest = smallest
        self.largest = largest
    }

    /// Learns from the items of `log` that hold the stage's answer.
    init(_ log: CostedLog, using random: inout Random) throws {
        let stages = log.stageCount
        let context = log.log.schema.context.count
        var smallest = [Double](repeating: .infinity, count: stages)
        var largest = [Double](repeating: -.infinity, count: stages)
        for item in 0..<log.count {
            for stage in 0..<stages where log.log.isPresent(item: item, stage: stage) {
                smallest[stage] = min(smallest[stage], log.cost(item: item, stage: stage))
                largest[stage] = max(largest[stage], log.cost(item: item, stage: stage))
            }
        }
        guard context > 0, (0..<stages).contains(where: { smallest[$0] < largest[$0] }) else {
            self.init(meansOf: log)
            return
        }
        let logarithms = (0..<context).filter { column in
            (0..<log.count).allSatisfy { !(log.log.context[$0 * context + column] < 0) }
        }
        var features: [Double] = []
        features.reserveCapacity(log.count * (context + logarithms.count))
        var costs: [Double] = []
        costs.reserveCapacity(log.count * stages)
        for item in 0..<log.count {
            let row = item * context
            features.append(contentsOf: log.log.context[row..<row + context])
            for column in logarithms { features.append(log1p(log.log.context[row + column])) }
            for stage in 0..<stages {
                costs.append(log.log.isPresent(item: item, stage: stage) ? log.cost(item: item, stage: stage) : .nan)
            }
        }
        let folds = max(2, min(5, log.count))
        let fit = try TrainingRows(
            width: context + logarithms.count, outputs: stages, features: features, targets: costs,
            fold: Folds.deal(log.count, into: folds, using: &random), folds: folds
        ).fillingUnseenTargets().ridge()
        // One decision for all stages: the context foretells costs if it does so for their sum of squares.
        func relative(_ errors: [Double]) -> Double {
            zip(errors, log.meanCost).reduce(0) { $1.1 > 0 ? $0 + $1.0 / ($1.1 * $1.1) : $0 }
        }
        guard relative(fit.heldOutErrors!) < 0.98 * relative(fit.heldOutErrorsOfMean!) else {
            self.init(meansOf: log)
            return
        }
        // A stage that never answered costs its mean.
        for stage in 0..<stages where smallest[stage] > largest[stage] {
            (smallest[stage], largest[stage]) = (log.meanCost[stage], log.meanCost[stage])
        }
        self.init(
            means: log.meanCost, logarithms: logarithms, contextCount: context,
            model: LinearModel(fit.predictor), smallest: smallest, largest: largest)
    }

    /// Writes the expected cost of every stage, `[stages]`. Allocates nothing.
    public func estimate(_ state: PolicyState, into costs: UnsafeMutableBufferPointer<Double>) {
        guard let model else {
            for stage in 0..<means.count { costs[stage] = means[stage] }
            return
        }
        withUnsafeTemporaryAllocation(of: Double.self, capacity: contextCount + logarithms.count) { row in
            state.signals.withUnsafeBufferPointer { signals in
                for column in 0..<contextCount { row[column] = signals[column] }
                for (place, column) in logarithms.enumerated() {
                    // A column that was never negative in the log may be so later.
                    row[contextCount + place] = log1p(max(0, signals[column]))
                }
            }
            finish(model, row, into: costs)
        }
    }

    @inline(__always)
    private func finish(
        _ model: LinearModel, _ row: UnsafeMutableBufferPointer<Double>, into costs: UnsafeMutableBufferPointer<Double>
    ) {
        model.predict(UnsafeBufferPointer(row), into: costs)
        for stage in 0..<means.count { costs[stage] = min(max(costs[stage], smallest[stage]), largest[stage]) }
    }

    /// Expected costs for every item of `log`, `[items, stages]` row-major.
    func estimates(for log: OutcomeLog) -> [Double] {
        let stages = means.count
        var result = [Double](repeating: 0, count: log.count * stages)
        var state = PolicyState(schema: log.schema)
        result.withUnsafeMutableBufferPointer { result in
            for item in 0..<log.count {
                if model != nil || item == 0 { state.begin(log, item: item) }
                estimate(state, into: UnsafeMutableBufferPointer(rebasing: result[item * stages..<(item + 1) * stages]))
            }
        }
        return result
    }
}
