import Cascades
import Foundation
import Probability

/// What a policy does on items that it was not learned on.
public struct Measurement: Sendable, Codable {
    /// Mean quality.
    public var quality: MeanInterval
    /// Mean scalar cost.
    public var cost: MeanInterval
    /// Mean quality less that of the simple policy, paired by item.
    public var qualityGain: MeanInterval
    /// Mean cost less that of the simple policy, paired by item.
    public var costGain: MeanInterval
    /// The share of items on which each stage was asked, `[stages]`.
    public var askedShare: [Double]
    /// The share of items that each stage's answer was given to, `[stages]`.
    public var answerShare: [Double]
    /// The share of items without an answer.
    public var abstainedShare: Double
    /// Mean time of one decision, in nanoseconds; 0 where nothing decides.
    public var decisionNanoseconds: Double
}

/// Measures policies on held-out items, all against the same simple policy.
struct HeldOutMeasurer: Sendable {
    let log: CostedLog
    let confidence: Double
    let replicates: Int
    let random: Random

    /// What `policy` does, beside `simple`.
    func measure(_ policy: any Policy, against simple: ReplayedOutcomes) -> Measurement {
        var measurement = measure(Replay.outcomes(of: policy, on: log), against: simple)
        measurement.decisionNanoseconds = Self.decisionTime(policy, on: log)
        return measurement
    }

    /// What `outcomes` show, beside `simple`; without a decision time.
    func measure(_ outcomes: ReplayedOutcomes, against simple: ReplayedOutcomes) -> Measurement {
        func interval(_ values: [Double], weights: [Double] = []) -> MeanInterval {
            MeanInterval(
                of: values, weights: weights, confidence: confidence, replicates: replicates, random: random)
        }
        func differences(_ a: [Double], _ b: [Double]) -> [Double] { zip(a, b).map { $0 - $1 } }
        return Measurement(
            quality: interval(outcomes.quality, weights: outcomes.weights),
            cost: interval(
                zip(outcomes.cost, outcomes.quality).map { $1.isNaN ? .nan : $0 }, weights: outcomes.weights),
            qualityGain: interval(differences(outcomes.quality, simple.quality)),
            costGain: interval(
                zip(differences(outcomes.cost, simple.cost), differences(outcomes.quality, simple.quality))
                    .map { $1.isNaN ? .nan : $0 }),
            askedShare: outcomes.askedShare, answerShare: outcomes.answerShare, abstainedShare: outcomes.abstainedShare,
            decisionNanoseconds: 0)
    }

    /// Mean time of one decision of `policy`, in nanoseconds: replays items for about 20 ms on one thread.
    static func decisionTime(_ policy: any Policy, on log: CostedLog) -> Double {
        func run<P: Policy>(_ policy: P) -> Double {
            var state = PolicyState(schema: log.log.schema)
            var decisions = 0
            var item = 0
            let clock = ContinuousClock()
            let start = clock.now
            var elapsed = Duration.zero
            // Looking at the clock costs as much as a fast decision, so it is looked at every 64 items.
            while elapsed < .milliseconds(20) {
                for _ in 0..<64 {
                    let coin = Double(item % 97) / 97
                    let run = ItemRun(policy, on: log, item: item, state: &state, coin: coin)
                    decisions += run.asked.count + 1
                    item = item + 1 == log.count ? 0 : item + 1
                }
                elapsed = clock.now - start
            }
            return elapsed / .nanoseconds(1) / Double(decisions)
        }
        return run(policy)
    }
}
