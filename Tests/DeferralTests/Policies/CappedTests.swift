import Cascades
import Probability
import Testing

@testable import Deferral

@Suite struct `a cap` {
    @Test func `is never exceeded on the log, by any family and at any price`() throws {
        let log = SimulatedLog.rising(items: 500, stages: 3, seed: 91)
        // Costs 1, 4 and 16: a cap of 6 allows the first two, or either alone.
        let costed = CostedLog(log, objective: Objective(weights: CostWeights(money: 1), cap: 6))
        var random = Random(seed: 1)
        for learner in [ThresholdLearner(), RouterLearner.linear, SingleStageLearner()] as [any PolicyLearner] {
            let path = try CappedLearner(base: learner, cap: 6).fit(costed, using: &random)
            for price in [0, 0.001, 0.01, 0.1, .infinity] {
                let outcomes = Replay.outcomes(of: path.policy(price: price), on: costed)
                #expect(outcomes.cost.max()! <= 6)
                #expect(outcomes.replayed == costed.count)
            }
        }
    }

    @Test func `leaves a policy that fits as it is and refuses one below every stage`() throws {
        let costed = CostedLog(SimulatedLog.rising(items: 200, stages: 3, seed: 92))
        let policy = SingleStagePolicy(stage: 1)
        let capped = CappedPolicy(policy, cap: 100, ceilings: costed.largestCost, quality: costed.meanQuality)
        #expect(Replay.outcomes(of: capped, on: costed).quality == Replay.outcomes(of: policy, on: costed).quality)
        #expect(CappedLearner(base: SingleStageLearner(), cap: 0.5).obstacle(costed) != nil)
    }
}
