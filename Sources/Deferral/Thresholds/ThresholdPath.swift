import Cascades
import NumericalMethods

/// The best chain and thresholds on a log at each price.
struct ThresholdPath: PolicyPath {
    let scores: [ConfidenceScore?]
    /// Score orders, `[stages]`; nil where a stage has no score.
    let orders: [ScoreOrder?]
    let log: CostedLog
    let longestChain: Int
    let proof: Int
    /// The stages that answered anything, from the cheapest to the dearest.
    let stages: [Int]
    /// The chains that are looked at coarsely at each price.
    let chains: [[Int]]
    private let singles: SingleStagePath

    init(log: CostedLog, scores: [ConfidenceScore?], longestChain: Int, mostChains: Int, proof: Int) {
        self.log = log
        self.scores = scores
        self.longestChain = longestChain
        self.proof = proof
        singles = SingleStagePath(cost: log.meanCost, quality: log.meanQuality)
        let width = log.log.schema.signalCount
        let orders: [ScoreOrder?] = scores.map { score in
            guard let score else { return nil }
            var signals = [Double](repeating: .nan, count: width)
            return ScoreOrder(
                (0..<log.count).map { item in
                    signals[score.signal] = log.log.signal(item: item, score.signal)
                    return score.value(signals)
                })
        }
        self.orders = orders
        let quality = log.meanQuality
        stages = log.stagesByCost.filter { !quality[$0].isNaN }
        chains = Self.chains(of: stages, canStop: { orders[$0] != nil }, longest: longestChain, most: mostChains)
    }

    func policy(price: Double) -> any Policy {
        if price == .infinity { return singles.policy(price: price) }
        let best = best(price: price)
        guard best.chain.count > 1 else { return SingleStagePolicy(stage: best.chain[0]) }
        return ThresholdPolicy(
            steps: zip(best.chain, best.cuts).map { stage, cut in
                ThresholdPolicy.Step(stage: stage, score: scores[stage]!, threshold: orders[stage]!.threshold(cut: cut))
            },
            last: best.chain[best.chain.count - 1])
    }

    /// Runs every chain straight over the columns of a complete log, both cores at once.
    func sweep(_ log: CostedLog, prices: [Double]) -> [FrontierPoint] {
        guard log.isComplete, log.count > 0 else { return replayedSweep(log, prices: prices) }
        return prices.map { price in
            let policy = policy(price: price)
            guard let chain = policy as? ThresholdPolicy else { return replayedSweep(log, prices: [price])[0] }
            let sums = Parallel.reduce(count: log.count, minimumChunk: 4096) { range in
                var (quality, cost) = (0.0, 0.0)
                for item in range {
                    var answer = chain.last
                    for step in chain.steps {
                        cost += log.cost(item: item, stage: step.stage)
                        if step.score.value(of: log.log.signal(item: item, step.score.signal)) >= step.threshold {
                            answer = step.stage
                            break
                        }
                    }
                    if answer == chain.last { cost += log.cost(item: item, stage: answer) }
                    quality += log.log.quality(item: item, stage: answer)
                }
                return (quality: quality, cost: cost)
            } combine: {
                (quality: $0.quality + $1.quality, cost: $0.cost + $1.cost)
            }
            let count = Double(log.count)
            return FrontierPoint(price: price, cost: sums!.cost / count, quality: sums!.quality / count)
        }
    }

    /// A chain with its cuts and the mean value it reaches.
    struct Choice: Sendable {
        var chain: [Int]
        var cuts: [Int]
        var value: Double
    }

    /// The best chain at `price`: all short chains are ranked on a coarse grid, the best few solved exactly.
    func best(price: Double) -> Choice {
        let coarse: [Choice] = Parallel.map(count: chains.count) { index in self.coarse(chains[index], price: price) }
        var ranked = coarse.sorted { ($0.value, $1.chain.count) > ($1.value, $0.chain.count) }
        // Longer chains are grown from the best of the longest, one stage at a time, while that pays.
        var longest = chains.map(\.count).max() ?? 1
        while longest < longestChain, let seed = ranked.first, seed.chain.count == longest {
            let grown = extensions(of: seed.chain).map { self.coarse($0, price: price) }
            guard let best = grown.max(by: { $0.value < $1.value }), best.value > seed.value else { break }
            ranked.insert(best, at: 0)
            longest += 1
        }
        let finalists = Array(ranked.prefix(2))
        let exact: [Choice] = Parallel.map(count: finalists.count) { index in
            self.exact(finalists[index].chain, price: price)
        }
        let single = Choice(chain: [singles.stage(price: price)], cuts: [], value: singles.value(price: price))
        return exact.reduce(single) { $1.value > $0.value + 1e-12 ? $1 : $0 }
    }

    /// All chains in order of cost whose stages but the last can stop, layer by layer of length while `most` allows.
    static func chains(of stages: [Int], canStop: (Int) -> Bool, longest: Int, most: Int) -> [[Int]] {
        var chains: [[Int]] = []
        var layer = stages.map { [$0] }
        for length in 2...max(2, min(longest, stages.count)) {
            var next: [[Int]] = []
            for chain in layer where canStop(chain[chain.count - 1]) {
                let position = stages.firstIndex(of: chain[chain.count - 1])!
                for stage in stages[(position + 1)...] { next.append(chain + [stage]) }
            }
            if length > 2 && chains.count + next.count > most { break }
            chains += next
            layer = next
        }
        return chains
    }

    /// `chain` with one more stage, in order of cost.
    private func extensions(of chain: [Int]) -> [[Int]] {
        stages.filter { !chain.contains($0) }.map { added in stages.filter { chain.contains($0) || $0 == added } }
            .filter { $0.dropLast().allSatisfy { orders[$0] != nil } }
    }

    private func coarse(_ chain: [Int], price: Double) -> Choice {
        let grid = ThresholdGrid(
            values: values(chain, price: price), orders: chain.dropLast().map { orders[$0]! }, cells: 4096)
        return Choice(chain: chain, cuts: grid.cuts, value: grid.value / weight(chain))
    }

    private func exact(_ chain: [Int], price: Double) -> Choice {
        let joint = JointThresholds(
            values: values(chain, price: price), orders: chain.dropLast().map { orders[$0]! }, proof: proof)
        return Choice(chain: chain, cuts: joint.cuts, value: joint.value / weight(chain))
    }

    /// What an item is worth when stopped at each stage of `chain`, `[stages of the chain][items]`.
    /// Items that lack a cell of the chain count nothing.
    private func values(_ chain: [Int], price: Double) -> [[Double]] {
        let stages = log.stageCount
        return [[Double]](unsafeUninitializedCapacity: chain.count) { rows, count in
            for step in chain.indices {
                (rows.baseAddress! + step).initialize(to: [Double](repeating: 0, count: log.count))
            }
            count = chain.count
            for item in 0..<log.count {
                if chain.contains(where: { log.log.quality[item * stages + $0].isNaN }) { continue }
                var spent = 0.0
                for (step, stage) in chain.enumerated() {
                    spent += log.cost(item: item, stage: stage)
                    rows[step][item] = log.log.quality[item * stages + stage] - price * spent
                }
            }
        }
    }

    /// How many items have all cells of `chain`.
    private func weight(_ chain: [Int]) -> Double {
        let stages = log.stageCount
        return Double(
            max(1, (0..<log.count).count { item in !chain.contains { log.log.quality[item * stages + $0].isNaN } }))
    }
}
