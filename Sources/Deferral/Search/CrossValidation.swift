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
    /// All items.
    private let log: CostedLog
    var count: Int { log.count }

    /// Learns a path for each fold, and one on all of `training`, from a stream of its own each: side by side, since
    /// much of what families do is one step after the other.
    init(
        _ learner: any PolicyLearner, on log: CostedLog, folds: [[Int]], training: CostedLog? = nil, random: Random,
        work: ProgressTracker
    ) throws {
        self.folds = folds
        self.log = log
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
    func points(_ prices: [Double]) -> [FrontierPoint] { points(prices, on: logs) { paths[$0] } }

    /// Mean cost and quality over `logs`, one for each fold, of a path for each.
    private func points(
        _ prices: [Double], on logs: [CostedLog], _ path: @Sendable (Int) -> any PolicyPath
    ) -> [FrontierPoint] {
        let total = Double(logs.reduce(0) { $0 + $1.count })
        let sweeps = Parallel.map(count: logs.count) { path($0).sweep(logs[$0], prices: prices) }
        return prices.indices.map { index in
            var point = FrontierPoint(price: prices[index], cost: 0, quality: 0)
            for (log, sweep) in zip(logs, sweeps) {
                let share = Double(log.count) / total
                point.cost += share * sweep[index].cost
                point.quality += share * sweep[index].quality
            }
            return point
        }
    }

    /// Where on the path of all items the policies of the folds at `mixture` are: where it costs on its own items what
    /// they cost on theirs. The same price would not do: a path learned on other items may turn to another chain of
    /// stages there, and quality follows cost far more closely than price.
    ///
    /// Each fold's policy is looked at on the next fold, which it has learned from, so that learning by heart changes
    /// both sides alike.
    func transferred(_ mixture: PriceMixture, grid: [Double]) -> PriceMixture {
        guard let whole, !(mixture.prices.count == 1 && !(mixture.prices[0] > 0 && mixture.prices[0] < .infinity))
        else { return mixture }
        let samples = folds.map { Array($0.prefix(1000)) }
        let own = points(mixture.prices, on: samples.map { log.subset($0) }) {
            paths[($0 + folds.count - 1) % folds.count]
        }
        let cost = zip(own, mixture.weights).reduce(0) { $0 + $1.1 * $1.0.cost }
        guard cost.isFinite else { return mixture }
        let sample = log.subset(samples.flatMap(\.self))
        return GoalSolver.solve(.budget(cost), reference: 0, grid: grid, rounds: 1) { prices in
            whole.sweep(sample, prices: prices)
        }.mixture
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
