public import Cascades

/// What a policy did on every item of a log.
public struct ReplayedOutcomes: Sendable {
    /// Quality, `[items]`; `NaN` where the log lacks a cell that the policy asked for.
    public private(set) var quality: [Double]
    /// Scalar cost, `[items]`.
    public private(set) var cost: [Double]
    /// The share of items on which each stage was asked, `[stages]`.
    public private(set) var askedShare: [Double]
    /// The share of items that each stage's answer was given to, `[stages]`.
    public private(set) var answerShare: [Double]
    /// The share of items that got no answer.
    public private(set) var abstainedShare: Double = 0
    /// The stages asked, `[items]`; empty for a mixture, where chance decides.
    public private(set) var asked: [StageSet]
    /// The stage whose answer was given, `[items]`, -1 for none; empty for a mixture.
    public private(set) var answer: [Int32]
    /// Inverse propensity weights, `[items]`, 0 where the run met a missing cell; empty for a complete log and a mixture.
    public private(set) var weights: [Double] = []
    /// Mean quality: the plain mean on a complete log, else self-normalised by inverse propensities.
    public private(set) var meanQuality = Double.nan
    /// Mean scalar cost, weighted as ``meanQuality``.
    public private(set) var meanCost = Double.nan

    init(items: Int, stages: Int) {
        quality = [Double](repeating: .nan, count: items)
        cost = [Double](repeating: 0, count: items)
        asked = [StageSet](repeating: StageSet(), count: items)
        answer = [Int32](repeating: -1, count: items)
        askedShare = [Double](repeating: 0, count: stages)
        answerShare = [Double](repeating: 0, count: stages)
    }

    /// What happens when stage `choices[item]` alone is asked about each item; -1 asks none and counts as missing.
    init(choices: [Int], on log: CostedLog) {
        self.init(items: log.count, stages: log.stageCount)
        for (item, stage) in choices.enumerated() where stage >= 0 {
            quality[item] = log.log.quality(item: item, stage: stage)
            cost[item] = log.cost(item: item, stage: stage)
            asked[item] = StageSet(stage)
            answer[item] = Int32(stage)
        }
        tally(log)
    }

    struct Buffers {
        var quality: UnsafeMutableBufferPointer<Double>
        var cost: UnsafeMutableBufferPointer<Double>
        var asked: UnsafeMutableBufferPointer<StageSet>
        var answer: UnsafeMutableBufferPointer<Int32>
    }

    mutating func withBuffers(_ body: (Buffers) -> Void) {
        quality.withUnsafeMutableBufferPointer { quality in
            cost.withUnsafeMutableBufferPointer { cost in
                asked.withUnsafeMutableBufferPointer { asked in
                    answer.withUnsafeMutableBufferPointer { answer in
                        body(Buffers(quality: quality, cost: cost, asked: asked, answer: answer))
                    }
                }
            }
        }
    }

    /// Works out shares and means from the items' runs.
    mutating func tally(_ log: CostedLog) {
        if !log.isComplete {
            weights = quality.indices.map {
                quality[$0].isNaN ? 0 : 1 / log.propensity(item: $0, stages: asked[$0])
            }
        }
        var total = 0.0
        var qualitySum = 0.0
        var costSum = 0.0
        for item in quality.indices {
            let weight = weights.isEmpty ? 1 : weights[item]
            guard weight > 0 else { continue }
            total += weight
            qualitySum += weight * quality[item]
            costSum += weight * cost[item]
            for stage in asked[item] { askedShare[stage] += weight }
            if answer[item] >= 0 { answerShare[Int(answer[item])] += weight } else { abstainedShare += weight }
        }
        guard total > 0 else { return }
        meanQuality = qualitySum / total
        meanCost = costSum / total
        for stage in askedShare.indices {
            askedShare[stage] /= total
            answerShare[stage] /= total
        }
        abstainedShare /= total
    }

    /// The weighted average of what several policies did on the same items; weights add up to 1.
    static func mixed(_ parts: [(weight: Double, outcomes: ReplayedOutcomes)]) -> ReplayedOutcomes {
        var result = ReplayedOutcomes(
            items: parts[0].outcomes.quality.count, stages: parts[0].outcomes.askedShare.count)
        func average(_ values: (ReplayedOutcomes) -> [Double]) -> [Double] {
            var sum = [Double](repeating: 0, count: values(parts[0].outcomes).count)
            for part in parts where part.weight > 0 {
                let column = values(part.outcomes)
                for index in sum.indices { sum[index] += part.weight * column[index] }
            }
            return sum
        }
        result.quality = average(\.quality)
        result.cost = average(\.cost)
        result.askedShare = average(\.askedShare)
        result.answerShare = average(\.answerShare)
        result.abstainedShare = parts.reduce(0) { $0 + $1.weight * $1.outcomes.abstainedShare }
        result.meanQuality = parts.reduce(0) { $0 + $1.weight * $1.outcomes.meanQuality }
        result.meanCost = parts.reduce(0) { $0 + $1.weight * $1.outcomes.meanCost }
        result.asked = []
        result.answer = []
        return result
    }

    /// How many items could be replayed.
    public var replayed: Int { quality.count { !$0.isNaN } }
}
