import Cascades
import NumericalMethods

/// Routes by one estimator at every price.
///
/// For each item the *expected* cost of the chosen stage never rises with the price; the mean realised cost follows
/// it exactly where a stage costs the same whatever the item.
struct RoutePath: PolicyPath {
    let estimator: Estimator
    let costs: CostEstimator
    let stages: StageSet

    func policy(price: Double) -> any Policy {
        RoutePolicy(estimator: estimator, costs: costs, price: price, stages: stages)
    }

    /// Estimates once for all prices.
    func sweep(_ log: CostedLog, prices: [Double]) -> [FrontierPoint] {
        let stageCount = log.stageCount
        let quality = estimator.estimates(for: log.log)
        let cost = costs.estimates(for: log.log)
        return Parallel.map(count: prices.count) { index in
            let price = prices[index]
            var (qualitySum, costSum, count) = (0.0, 0.0, 0.0)
            for item in 0..<log.count {
                let row = item * stageCount
                var best = -1
                var bestValue = -Double.infinity
                for stage in stages {
                    let value =
                        price == .infinity
                        ? -cost[row + stage] : quality.storage[row + stage] - price * cost[row + stage]
                    if best < 0 || value > bestValue || (value == bestValue && cost[row + stage] < cost[row + best]) {
                        (best, bestValue) = (stage, value)
                    }
                }
                let reached = log.log.quality(item: item, stage: best)
                if reached.isNaN { continue }
                qualitySum += reached
                costSum += log.cost(item: item, stage: best)
                count += 1
            }
            return FrontierPoint(
                price: price, cost: count > 0 ? costSum / count : .nan, quality: count > 0 ? qualitySum / count : .nan)
        }
    }
}
