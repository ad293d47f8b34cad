import Cascades
import Probability
import Testing

@testable import Deferral

@Suite struct `learning thresholds` {
    @Test func `reaches on the log the value that the search promised`() throws {
        let costed = CostedLog(SimulatedLog.rising(items: 3000, stages: 4, seed: 7))
        var random = Random(seed: 1)
        let path = try #require(try ThresholdLearner().fit(costed, using: &random) as? ThresholdPath)
        for price in [0.0, 0.001, 0.005, 0.02, 0.1] {
            let best = path.best(price: price)
            let outcomes = Replay.outcomes(of: path.policy(price: price), on: costed)
            #expect(abs(outcomes.meanQuality - price * outcomes.meanCost - best.value) < 1e-9)
        }
    }

    @Test func `is never worse on the log than the best single stage at any price`() throws {
        let costed = CostedLog(SimulatedLog.rising(items: 1000, stages: 3, seed: 8))
        var random = Random(seed: 1)
        let path = try ThresholdLearner().fit(costed, using: &random)
        let single = try SingleStageLearner().fit(costed, using: &random)
        for price in [0.0, 0.001, 0.01, 0.05, 0.2, 1, .infinity] {
            let a = path.sweep(costed, prices: [price])[0]
            let b = single.sweep(costed, prices: [price])[0]
            if price == .infinity {
                #expect(a.cost <= b.cost + 1e-12)
            } else {
                #expect(a.quality - price * a.cost >= b.quality - price * b.cost - 1e-12)
            }
        }
    }

    @Test func `finds the evidence that knows and its direction`() {
        var log = SimulatedLog.rising(items: 2000, stages: 2, seed: 5)
        let width = log.schema.evidenceCount
        // Turn the margin of stage 0 round: less is surer, as with an entropy.
        for item in 0..<log.count { log.evidence[item * width] *= -1 }
        let scores = ThresholdLearner().scores(CostedLog(log))
        #expect(scores[0] == ConfidenceScore(signal: 2, sign: -1))
        #expect(scores[1] == ConfidenceScore(signal: 4, sign: 1))
    }

    @Test func `learns from a log with missing cells`() throws {
        let costed = CostedLog(SimulatedLog.rising(items: 2000, stages: 3, seed: 5, missing: 0.2))
        var random = Random(seed: 1)
        let policy = try ThresholdLearner().fit(costed, using: &random).policy(price: 0.005)
        #expect(policy is ThresholdPolicy)
        let outcomes = Replay.outcomes(of: policy, on: costed)
        #expect(outcomes.replayed > 1000 && outcomes.replayed < 2000)
    }

    @Test func `is refused, with a reason, where no stage has evidence`() {
        let log = OutcomeLog(
            schema: LogSchema(stages: [StageSchema(name: "a"), StageSchema(name: "b")]), ids: ["1", "2"],
            quality: [1, 0, 0, 1])
        var random = Random(seed: 1)
        #expect(throws: DeferralError.self) { try ThresholdLearner().fit(CostedLog(log), using: &random) }
    }
}
