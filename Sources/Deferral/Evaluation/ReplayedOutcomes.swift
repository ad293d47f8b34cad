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

    init(items: Int, stages: Int) {
        quality = [Double](repeating: .nan, count: items)
        cost = [Double](repeating: 0, count: items)
        asked = [StageSet](repeating: StageSet(), count: items)
        answer = [Int32](repeating: -1, count: items)
        askedShare = [Double](repeating: 0, count: stages)
        answerShare = [Double](repeating: 0, count: stages)
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

    mutating func tallyShares() {
        let items = Double(quality.count)
        guard items > 0 else { return }
        for item in quality.indices {
            for stage in asked[item] { askedShare[stage] += 1 }
            if answer[item] >= 0 { answerShare[Int(answer[item])] += 1 } else if !quality[item].isNaN { abstainedShare += 1 }
        }
        for stage in askedShare.indices {
            askedShare[stage] /= items
            answerShare[stage] /= items
        }
        abstainedShare /= items
    }

    /// The weighted average of what several policies did on the same items; weights add up to 1.
    static func mixed(_ parts: [(weight: Double, outcomes: ReplayedOutcomes)]) -> ReplayedOutcomes {
        var result = ReplayedOutcomes(items: parts[0].outcomes.quality.count, stages: parts[0].outcomes.askedShare.count)
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
        result.asked = []
        result.answer = []
        return result
    }

    /// How many items could be replayed.
    public var replayed: Int { quality.count { !$0.isNaN } }

    /// Mean quality over the items that could be replayed.
    public var meanQuality: Double {
        var sum = 0.0
        var count = 0.0
        for value in quality where !value.isNaN {
            sum += value
            count += 1
        }
        return count > 0 ? sum / count : .nan
    }

    /// Mean scalar cost over the items that could be replayed.
    public var meanCost: Double {
        var sum = 0.0
        var count = 0.0
        for (value, quality) in zip(cost, quality) where !quality.isNaN {
            sum += value
            count += 1
        }
        return count > 0 ? sum / count : .nan
    }
}
