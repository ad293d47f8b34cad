import Cascades
import Probability
import Testing

@testable import Deferral

@Suite struct `the search over families` {
    let few: [any PolicyLearner] = [SingleStageLearner(), ThresholdLearner(), RouterLearner.linear]

    @Test func `finds a gain where evidence tells easy items from hard ones, and meets the goal on new items`() throws {
        let costed = CostedLog(SimulatedLog.rising(items: 4000, stages: 3, seed: 21))
        let result = try PolicySearch(goal: .keep(0.98), learners: few, replicates: 300).run(costed)
        #expect(result.hasGain)
        let row = try #require(result.rows.first { $0.name == result.chosen })
        let single = try #require(result.rows.first { $0.kind == .baseline })
        #expect(row.measurement.cost.estimate < single.measurement.cost.estimate)
        // Why, in words that someone new can read.
        let reason = result.reason
        #expect(reason.tried == ["thresholds", "linear-router"])
        #expect(reason.best == result.chosen && reason.runnerUp != nil && reason.measure == .costShare)
        let gain = try #require(reason.gain)
        #expect(gain.lower > 0 && gain.upper < 1.5)
        #expect(result.why.contains("2 families were tried") && result.why.contains("less than the simple policy"))
        // A fresh log of the same law: quality within 4 standard errors (0.5 / sqrt(20,000)) of what was asked.
        let fresh = CostedLog(SimulatedLog.rising(items: 20_000, stages: 3, seed: 22))
        let outcomes = Replay.outcomes(of: result.policy, on: fresh)
        #expect(outcomes.meanQuality > 0.98 * fresh.meanQuality[result.reference] - 0.015)
    }

    @Test func `keeps the simple policy and says no gain where evidence and context are noise`() throws {
        var log = SimulatedLog.rising(items: 1500, stages: 3, seed: 23)
        var random = Random(seed: 1)
        for index in log.evidence.indices { log.evidence[index] = random.uniform() }
        for index in log.context.indices { log.context[index] = random.uniform() }
        let result = try PolicySearch(goal: .budget(6), learners: few, replicates: 300).run(CostedLog(log))
        #expect(!result.hasGain)
        #expect(result.chosen == "single-stage")
        #expect(result.why.hasPrefix("no gain"))
    }

    @Test func `gives the same result for the same seed`() throws {
        let costed = CostedLog(SimulatedLog.rising(items: 600, stages: 2, seed: 24))
        let a = try PolicySearch(goal: .price(0.01), learners: few, replicates: 200, seed: 5).run(costed)
        let b = try PolicySearch(goal: .price(0.01), learners: few, replicates: 200, seed: 5).run(costed)
        #expect(a.chosen == b.chosen)
        #expect(a.rows.map(\.measurement.quality) == b.rows.map(\.measurement.quality))
    }

    @Test func `a budget is met on new items within noise`() throws {
        let costed = CostedLog(SimulatedLog.rising(items: 5000, stages: 3, seed: 25))
        for budget in [2.0, 5, 9] {
            let result = try PolicySearch(goal: .budget(budget), learners: few, replicates: 200).run(costed)
            let fresh = CostedLog(SimulatedLog.rising(items: 20_000, stages: 3, seed: 26))
            let cost = Replay.outcomes(of: result.policy, on: fresh).meanCost
            // Costs are 1, 4 and 16; over 3,500 items the standard error of a mean cost is at most 10 / 59.
            #expect(cost < budget + 4 * 10 / 59.0)
        }
    }

    @Test func `is refused on a log of one stage`() {
        let costed = CostedLog(SimulatedLog.rising(items: 300, stages: 1, seed: 27))
        #expect(throws: DeferralError.self) { try PolicySearch(learners: few).run(costed) }
    }

    @Test func `is refused on a log that is too small`() {
        let costed = CostedLog(SimulatedLog.rising(items: 30, stages: 2, seed: 27))
        #expect(throws: DeferralError.self) { try PolicySearch(learners: few).run(costed) }
    }
}

@Suite struct `splitting a log` {
    @Test func `keeps items with the same input together`() throws {
        var log = SimulatedLog.rising(items: 400, stages: 2, seed: 31)
        log.inputs = (0..<400).map { "question \($0 / 4)" }
        var random = Random(seed: 1)
        let split = try LogSplit(log, method: .random, share: 0.3, using: &random)
        let training = Set(split.training.map { log.inputs[$0] })
        #expect(training.isDisjoint(with: split.heldOut.map { log.inputs[$0] }))
        #expect(split.training.count + split.heldOut.count == 400)
        let folds = LogSplit.folds(log, count: 5, using: &random)
        #expect(folds.flatMap { $0 }.sorted() == Array(0..<400))
        for fold in folds { #expect(fold.count % 4 == 0) }
    }

    @Test func `holds the latest items out when asked to`() throws {
        var log = SimulatedLog.rising(items: 100, stages: 2, seed: 31)
        log.times = (0..<100).map { Double(($0 * 37) % 100) }
        var random = Random(seed: 1)
        let split = try LogSplit(log, method: .time, share: 0.2, using: &random)
        #expect(split.heldOut.map { log.times[$0] }.min()! > split.training.map { log.times[$0] }.max()!)
        #expect(split.heldOut.count == 20)
    }

    @Test func `uses the log's own marks`() throws {
        var log = SimulatedLog.rising(items: 10, stages: 2, seed: 31)
        log.splits = CodedColumn((0..<10).map { $0 < 7 ? "train" : "test" })
        var random = Random(seed: 1)
        let split = try LogSplit(log, share: 0.5, using: &random)
        #expect(split.heldOut == [7, 8, 9])
    }
}
