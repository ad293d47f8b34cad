import Cascades
import NumericalMethods

/// Post-hoc rules at every price: at each, the chain that is best on the training log by out-of-fold decisions.
struct PostHocPath: PolicyPath {
    let log: CostedLog
    let chains: [[Int]]
    /// Gains by the set of stages that have answered.
    let models: [StageSet: GainModel]
    let costs: CostEstimator
    let target: GainTarget
    /// Expected costs on the training log, `[items, stages]`.
    private let expected: [Double]
    private let singles: SingleStagePath

    init(log: CostedLog, chains: [[Int]], models: [StageSet: GainModel], costs: CostEstimator, target: GainTarget) {
        self.log = log
        self.chains = chains
        self.models = models
        self.costs = costs
        self.target = target
        expected = costs.estimates(for: log.log)
        singles = SingleStagePath(cost: log.meanCost, quality: log.meanQuality)
    }

    /// A chain, what being able to stop later is worth after each of its stages, and its mean value out of fold.
    struct Choice: Sendable {
        var chain: [Int]
        var options: [Double]
        var value: Double
    }

    func policy(price: Double) -> any Policy {
        if price == .infinity { return singles.policy(price: price) }
        let best = best(price: price)
        guard best.chain.count > 1 else { return SingleStagePolicy(stage: best.chain[0]) }
        let steps = best.options.enumerated().map { place, option in
            let model = models[StageSet(best.chain[...place])]!
            return PostHocPolicy.Step(
                estimator: model.estimator, outputs: best.chain[(place + 1)...].map { model.output[$0] },
                baseline: model.baseline, option: option)
        }
        return PostHocPolicy(chain: best.chain, steps: steps, costs: costs, price: price, gainName: target.rawValue)
    }

    /// Estimates once for all prices.
    func sweep(_ log: CostedLog, prices: [Double]) -> [FrontierPoint] {
        let choices = prices.map { price in
            price == .infinity
                ? Choice(chain: [singles.stage(price: price)], options: [], value: 0) : best(price: price)
        }
        var gains: [StageSet: Matrix] = [:]
        for choice in choices {
            for place in choice.options.indices {
                let set = StageSet(choice.chain[...place])
                guard gains[set] == nil, let model = models[set] else { continue }
                gains[set] = GainModel.gains(log.log, answered: set, by: model.estimator, baseline: model.baseline)
            }
        }
        let known = gains
        let expected = costs.estimates(for: log.log)
        return Parallel.map(count: prices.count) { index in
            run(choices[index], price: prices[index], on: log, gains: known, expected: expected)
        }
    }

    /// What `choice` does on `log`, item by item.
    private func run(
        _ choice: Choice, price: Double, on log: CostedLog, gains: [StageSet: Matrix], expected: [Double]
    ) -> FrontierPoint {
        let stages = log.stageCount
        let chain = choice.chain
        let steps = choice.options.indices.map { place in
            let set = StageSet(chain[...place])
            return (gains: gains[set]!, outputs: chain[(place + 1)...].map { models[set]!.output[$0] })
        }
        var (qualitySum, costSum, count) = (0.0, 0.0, 0.0)
        for item in 0..<log.count {
            var cost = 0.0
            for (place, stage) in chain.enumerated() {
                cost += log.cost(item: item, stage: stage)
                let quality = log.log.quality(item: item, stage: stage)
                // A missing cell: this item can't be replayed.
                if quality.isNaN { break }
                if place < steps.count {
                    var best = -Double.infinity
                    var spent = 0.0
                    for (offset, output) in steps[place].outputs.enumerated() {
                        spent += expected[item * stages + chain[place + 1 + offset]]
                        best = max(best, steps[place].gains[item, output] - price * spent)
                    }
                    if best + choice.options[place] > 0 { continue }
                }
                qualitySum += quality
                costSum += cost
                count += 1
                break
            }
        }
        return FrontierPoint(
            price: price, cost: count > 0 ? costSum / count : .nan, quality: count > 0 ? qualitySum / count : .nan)
    }

    /// The best chain at `price`; a single stage where none is better.
    func best(price: Double) -> Choice {
        let choices: [Choice] = Parallel.map(count: chains.count) { index in solve(chains[index], price: price) }
        let single = Choice(chain: [singles.stage(price: price)], options: [], value: singles.value(price: price))
        return choices.reduce(single) { $1.value > $0.value + 1e-12 ? $1 : $0 }
    }

    /// Backward induction along `chain`: from the last decision to the first, what going on turns out to be worth under
    /// the rule already fixed for later decides how much the estimate made before may be lifted.
    func solve(_ chain: [Int], price: Double) -> Choice {
        let stages = log.stageCount
        let items = (0..<log.count).filter { item in
            !chain.contains { log.log.quality[item * stages + $0].isNaN }
        }
        guard !items.isEmpty else { return Choice(chain: chain, options: [], value: -.infinity) }
        /// What following the rule from the next stage on is worth beyond stopping there.
        var onward = [Double](repeating: 0, count: items.count)
        var advantage = onward
        var net = onward
        var options = [Double](repeating: 0, count: chain.count - 1)
        for place in (0..<chain.count - 1).reversed() {
            let model = models[StageSet(chain[...place])]!
            let later = chain[(place + 1)...]
            let (current, next) = (chain[place], chain[place + 1])
            for (index, item) in items.enumerated() {
                let row = item * stages
                advantage[index] =
                    log.log.quality[row + next] - log.log.quality[row + current] - price
                    * log.cost(item: item, stage: next)
                    + onward[index]
                var best = -Double.infinity
                var spent = 0.0
                for stage in later {
                    spent += expected[row + stage]
                    best = max(best, model.gains[item, model.output[stage]] - price * spent)
                }
                net[index] = best
            }
            // Before the last stage there is nothing left to stop in between.
            if later.count > 1 { options[place] = Self.option(net: net, advantage: advantage) }
            for index in items.indices { onward[index] = net[index] + options[place] > 0 ? advantage[index] : 0 }
        }
        var value = 0.0
        for (index, item) in items.enumerated() {
            value +=
                log.log.quality(item: item, stage: chain[0]) - price * log.cost(item: item, stage: chain[0])
                + onward[index]
        }
        return Choice(chain: chain, options: options, value: value / Double(items.count))
    }

    /// The `option` >= 0 with the largest sum of `advantage` over the items where `net` + option > 0, among 256 steps
    /// between 0 and the least net; the smallest in a tie.
    static func option(net: [Double], advantage: [Double]) -> Double {
        let lowest = net.reduce(0, { $1.isFinite ? min($0, $1) : $0 })
        guard lowest < 0 else { return 0 }
        let steps = 256
        // sums[s]: advantage of the items that step s adds to those of the steps before.
        var sums = [Double](repeating: 0, count: steps + 1)
        for (value, worth) in zip(net, advantage) where value <= 0 {
            sums[min(steps, Int(value / lowest * Double(steps)) + 1)] += worth
        }
        var (best, bestSum, sum) = (0, 0.0, 0.0)
        for step in 1...steps {
            sum += sums[step]
            if sum > bestSum { (best, bestSum) = (step, sum) }
        }
        return -lowest * Double(best) / Double(steps)
    }
}
