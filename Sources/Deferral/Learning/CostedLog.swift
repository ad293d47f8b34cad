public import Cascades

/// An outcome log with the costs of an objective worked out: what learners learn from and replays run on.
///
/// A cost that is missing where the stage answered, or where it was not asked, counts as the stage's mean cost.
public struct CostedLog: Sendable {
    /// The log.
    public let log: OutcomeLog
    /// What is to be maximised.
    public let objective: Objective
    /// The part of the scalar cost that adds up over stages (money, operations), `[items, stages]`.
    public let additive: [Double]
    /// The part that comes from latency, of which stages asked at once count only the largest, `[items, stages]`;
    /// empty when latency counts nothing.
    public let delay: [Double]
    /// Mean scalar cost of each stage, `[stages]`.
    public let meanCost: [Double]
    /// Largest scalar cost of each stage, `[stages]`.
    public let largestCost: [Double]
    /// Whether every stage answered every item: replays are then exact.
    public let isComplete: Bool
    /// The share of items that each stage answered, `[stages]`: its propensity where the log states none.
    public let presentShare: [Double]

    /// Works out the costs of `log` under `objective` (by default the log's natural one).
    public init(_ log: OutcomeLog, objective: Objective? = nil) {
        let objective = objective ?? .natural(for: log)
        let weights = objective.weights
        let stages = log.stageCount
        let isCount = weights == CostWeights()
        func weighted(_ column: [Double], _ weight: Double) -> [Double] {
            guard weight != 0, !column.isEmpty else { return [] }
            var sums = [Double](repeating: 0, count: stages)
            var counts = [Double](repeating: 0, count: stages)
            for (cell, value) in column.enumerated() where !value.isNaN {
                sums[cell % stages] += value
                counts[cell % stages] += 1
            }
            var result = column
            for cell in result.indices {
                let stage = cell % stages
                let value = result[cell].isNaN ? (counts[stage] > 0 ? sums[stage] / counts[stage] : 0) : result[cell]
                result[cell] = weight * value
            }
            return result
        }
        var additive = [Double](repeating: isCount ? 1 : 0, count: log.count * stages)
        for column in [weighted(log.money, weights.money), weighted(log.operations, weights.operations)]
        where !column.isEmpty {
            for cell in additive.indices { additive[cell] += column[cell] }
        }
        let delay = weighted(log.seconds, weights.seconds)
        var mean = [Double](repeating: 0, count: stages)
        var largest = [Double](repeating: 0, count: stages)
        for cell in additive.indices {
            let cost = additive[cell] + (delay.isEmpty ? 0 : delay[cell])
            mean[cell % stages] += cost / Double(log.count)
            largest[cell % stages] = max(largest[cell % stages], cost)
        }
        self.log = log
        self.objective = objective
        self.additive = additive
        self.delay = delay
        meanCost = mean
        largestCost = largest
        presentShare = Self.presentShare(log)
        isComplete = presentShare.allSatisfy { $0 == 1 }
    }

    private static func presentShare(_ log: OutcomeLog) -> [Double] {
        var present = [Int](repeating: 0, count: log.stageCount)
        var stage = 0
        for value in log.quality {
            if !value.isNaN { present[stage] += 1 }
            stage = stage + 1 == log.stageCount ? 0 : stage + 1
        }
        return present.map { log.count > 0 ? Double($0) / Double(log.count) : 0 }
    }

    private init(
        log: OutcomeLog, objective: Objective, additive: [Double], delay: [Double], meanCost: [Double],
        largestCost: [Double]
    ) {
        self.log = log
        self.objective = objective
        self.additive = additive
        self.delay = delay
        self.meanCost = meanCost
        self.largestCost = largestCost
        presentShare = Self.presentShare(log)
        isComplete = presentShare.allSatisfy { $0 == 1 }
    }

    /// The probability that the cells of all of `stages` are there for `item`: the logged propensities where there are
    /// some, else the stages' shares of present cells (right when cells are missing completely at random).
    public func propensity(item: Int, stages: StageSet) -> Double {
        var product = 1.0
        for stage in stages {
            let logged = log.propensities.isEmpty ? .nan : log.propensities[item * stageCount + stage]
            product *= logged.isNaN ? presentShare[stage] : logged
        }
        return product
    }

    /// How many items there are.
    public var count: Int { log.count }
    /// How many stages there are.
    public var stageCount: Int { log.stageCount }

    /// The scalar cost of asking `stage` alone about `item`.
    @inlinable
    public func cost(item: Int, stage: Int) -> Double {
        let cell = item * stageCount + stage
        return additive[cell] + (delay.isEmpty ? 0 : delay[cell])
    }

    /// The scalar cost of asking all of `stages` at once about `item`.
    @inlinable
    public func cost(item: Int, stages: StageSet) -> Double {
        let row = item * stageCount
        var sum = 0.0
        var slowest = 0.0
        for stage in stages {
            sum += additive[row + stage]
            if !delay.isEmpty { slowest = max(slowest, delay[row + stage]) }
        }
        return sum + slowest
    }

    /// The items at `indices`. Mean and largest costs stay those of the whole log.
    public func subset(_ indices: [Int]) -> CostedLog {
        let stages = stageCount
        func rows(_ values: [Double]) -> [Double] {
            if values.isEmpty { return [] }
            var result = [Double]()
            result.reserveCapacity(indices.count * stages)
            for index in indices { result.append(contentsOf: values[index * stages..<(index + 1) * stages]) }
            return result
        }
        return CostedLog(
            log: log.subset(indices), objective: objective, additive: rows(additive), delay: rows(delay),
            meanCost: meanCost, largestCost: largestCost)
    }

    /// The mean quality of each stage over the items it answered, `[stages]`.
    public var meanQuality: [Double] {
        var sums = [Double](repeating: 0, count: stageCount)
        var counts = sums
        for (cell, value) in log.quality.enumerated() where !value.isNaN {
            sums[cell % stageCount] += value
            counts[cell % stageCount] += 1
        }
        return zip(sums, counts).map { $1 > 0 ? $0 / $1 : .nan }
    }

    /// The stages from the cheapest to the dearest by mean cost; ties in schema order.
    public var stagesByCost: [Int] {
        (0..<stageCount).sorted { (meanCost[$0], $0) < (meanCost[$1], $1) }
    }

    /// The stage with the highest mean quality; the cheaper one in a tie.
    public var bestStage: Int {
        let quality = meanQuality
        return stagesByCost.filter { !quality[$0].isNaN }.reduce(nil as Int?) { best, stage in
            guard let best else { return stage }
            return quality[stage] > quality[best] ? stage : best
        } ?? 0
    }
}
