import Cascades
import Probability
import Testing

@testable import Deferral

@Suite struct `off-policy evaluation` {
    /// Takes cells away: each stage is asked with a probability that depends on the item's context, which is logged.
    func logged(_ full: OutcomeLog, seed: UInt64) -> OutcomeLog {
        var random = Random(seed: seed)
        var log = full
        let stages = full.stageCount
        log.propensities = [Double](repeating: 1, count: full.count * stages)
        for item in 0..<full.count {
            for stage in 0..<stages {
                // Hard items are asked of dear stages more often: what is there is not like what is missing.
                let probability = 0.3 + 0.6 * min(max(full.context[item * 2], 0), 1)
                log.propensities[item * stages + stage] = probability
                if random.uniform() >= probability {
                    log.quality[item * stages + stage] = .nan
                    let range = full.schema.evidenceRange(of: stage)
                    for signal in range { log.evidence[item * full.schema.evidenceCount + signal - 2] = .nan }
                }
            }
        }
        return log
    }

    @Test func `by inverse propensities and doubly robust finds the truth that the plain mean misses`() throws {
        let full = SimulatedLog.rising(items: 20_000, stages: 2, seed: 81)
        let truth = CostedLog(full)
        let policy = ThresholdPolicy(
            steps: [.init(stage: 0, score: ConfidenceScore(signal: 2), threshold: 0.6)], last: 1)
        let exact = Replay.outcomes(of: policy, on: truth)
        let partial = CostedLog(logged(full, seed: 82))
        var random = Random(seed: 1)
        let estimates = try OffPolicy(policy, on: partial, replicates: 300, using: &random)
        // Tolerances: 5 standard errors from the bootstrap intervals (half width 1.96 standard errors).
        func close(_ estimate: MeanInterval, _ value: Double) -> Bool {
            abs(estimate.estimate - value) < 5 * (estimate.upper - estimate.lower) / 3.92
        }
        #expect(close(estimates.quality.inverse, exact.meanQuality))
        #expect(close(estimates.quality.selfNormalised, exact.meanQuality))
        #expect(close(estimates.quality.doublyRobust, exact.meanQuality))
        #expect(close(estimates.cost.doublyRobust, exact.meanCost))
        // A companion that must fail: the plain mean is biased.
        #expect(!close(estimates.quality.direct, exact.meanQuality))
        #expect(estimates.hasLoggedPropensities)
        #expect(estimates.effectiveItems < Double(full.count) * estimates.replayedShare)
        // Doubly robust estimates vary less than plain inverse propensities.
        #expect(
            estimates.quality.doublyRobust.upper - estimates.quality.doublyRobust.lower
                < estimates.quality.inverse.upper - estimates.quality.inverse.lower)
    }

    @Test func `of a complete log is the exact replay by every estimator`() throws {
        let log = CostedLog(SimulatedLog.rising(items: 500, stages: 2, seed: 83))
        let policy = SingleStagePolicy(stage: 1)
        var random = Random(seed: 1)
        let estimates = try OffPolicy(policy, on: log, replicates: 100, using: &random)
        let exact = Replay.outcomes(of: policy, on: log)
        for estimate in [
            estimates.quality.direct, estimates.quality.inverse, estimates.quality.selfNormalised,
            estimates.quality.doublyRobust,
        ] {
            #expect(abs(estimate.estimate - exact.meanQuality) < 1e-12)
        }
        #expect(estimates.replayedShare == 1)
    }

    @Test func `of a mixture is the mixture of its parts`() throws {
        let log = CostedLog(SimulatedLog.rising(items: 400, stages: 2, seed: 84))
        let mixture = MixturePolicy([
            .init(weight: 1, policy: SingleStagePolicy(stage: 0)),
            .init(weight: 3, policy: SingleStagePolicy(stage: 1)),
        ])
        let outcomes = Replay.outcomes(of: mixture, on: log)
        #expect(abs(outcomes.meanQuality - (0.25 * log.meanQuality[0] + 0.75 * log.meanQuality[1])) < 1e-12)
        #expect(abs(outcomes.askedShare[1] - 0.75) < 1e-12)
        // Played out with coins, the same within 4 standard errors of a share at 100,000 coins.
        var state = PolicyState(schema: log.log.schema)
        var random = Random(seed: 3)
        var second = 0
        for _ in 0..<100_000 {
            state.begin(log.log, item: 0, coin: random.uniform())
            if mixture.next(state) == .ask(1) { second += 1 }
        }
        #expect(abs(Double(second) / 100_000 - 0.75) < 4 * 0.433 / 316)
    }
}
