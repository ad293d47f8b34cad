import Cascades
import NumericalMethods
import Probability

/// A family learned on the other folds and looked at on each fold in turn: what it does on items it has not seen.
struct CrossValidation: Sendable {
    /// The items of each fold.
    let folds: [[Int]]
    /// The path learned without each fold.
    let paths: [any PolicyPath]
    /// The log of each fold.
    let logs: [CostedLog]
    let count: Int

    /// Learns a path for each fold.
    init(
        _ learner: any PolicyLearner, on log: CostedLog, folds: [[Int]], random: Random, work: ProgressTracker
    ) throws {
        self.folds = folds
        count = log.count
        logs = folds.map { log.subset($0) }
        paths = try folds.indices.map { fold in
            let rest = folds.indices.filter { $0 != fold }.flatMap { folds[$0] }.sorted()
            var stream = random.split(UInt64(fold))
            let path = try learner.fit(log.subset(rest), using: &stream)
            work.advance()
            return path
        }
    }

    /// Mean cost and quality at each price over all folds.
    func points(_ prices: [Double]) -> [FrontierPoint] {
        let sweeps = zip(paths, logs).map { $0.sweep($1, prices: prices) }
        return prices.indices.map { index in
            var point = FrontierPoint(price: prices[index], cost: 0, quality: 0)
            for (fold, sweep) in sweeps.enumerated() {
                let share = Double(folds[fold].count) / Double(count)
                point.cost += share * sweep[index].cost
                point.quality += share * sweep[index].quality
            }
            return point
        }
    }

    /// Quality and cost of every item under the policy of its fold at `mixture`, `[items]`.
    func outcomes(_ mixture: PriceMixture) -> (quality: [Double], cost: [Double]) {
        var quality = [Double](repeating: .nan, count: count)
        var cost = quality
        for fold in folds.indices {
            let outcomes = Replay.outcomes(of: mixture.policy(of: paths[fold]), on: logs[fold])
            for (place, item) in folds[fold].enumerated() {
                quality[item] = outcomes.quality[place]
                cost[item] = outcomes.cost[place]
            }
        }
        return (quality, cost)
    }
}
