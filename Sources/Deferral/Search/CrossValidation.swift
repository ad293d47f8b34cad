import Cascades
import NumericalMethods
import Probability

/// A family learned on the other folds and looked at on each fold in turn: what it does on items it has not seen.
struct CrossValidation: Sendable {
    /// The items of each fold.
    let folds: [[Int]]
    /// The path learned without each fold.
    let paths: [any PolicyPath]
    /// The path learned on the whole training log, where one was given.
    let whole: (any PolicyPath)?
    /// The log of each fold.
    let logs: [CostedLog]
    let count: Int

    /// Learns a path for each fold, and one on all of `training`, from a stream of its own each: side by side, since
    /// much of what families do is one step after the other.
    init(
        _ learner: any PolicyLearner, on log: CostedLog, folds: [[Int]], training: CostedLog? = nil, random: Random,
        work: ProgressTracker
    ) throws {
        self.folds = folds
        count = log.count
        logs = folds.map { log.subset($0) }
        // The largest comes first, so that it does not come alone at the end.
        let parts =
            (training.map { [(fold: folds.count, log: $0)] } ?? []) + folds.indices.map { (fold: $0, log: nil) }
        var paths = try Parallel.map(count: parts.count) { index in
            let part = parts[index]
            let rest = folds.indices.filter { $0 != part.fold }.flatMap { folds[$0] }.sorted()
            var stream = random.split(UInt64(part.fold))
            let path = try learner.fit(part.log ?? log.subset(rest), using: &stream)
            work.advance()
            return path
        }
        whole = training == nil ? nil : paths.removeFirst()
        self.paths = paths
    }

    /// Mean cost and quality at each price over all folds.
    func points(_ prices: [Double]) -> [FrontierPoint] {
        let sweeps = Parallel.map(count: folds.count) { paths[$0].sweep(logs[$0], prices: prices) }
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
        let outcomes = Parallel.map(count: folds.count) { fold in
            Replay.outcomes(of: mixture.policy(of: paths[fold]), on: logs[fold])
        }
        for (fold, outcomes) in outcomes.enumerated() {
            for (place, item) in folds[fold].enumerated() {
                quality[item] = outcomes.quality[place]
                cost[item] = outcomes.cost[place]
            }
        }
        return (quality, cost)
    }
}
