import Cascades
import Foundation
import NumericalMethods
import Probability
import Testing

@testable import Deferral

@Suite struct `post-hoc deferral` {
    /// The paper's setting of specialists: the second model knows only some items, and says nothing of it; the first
    /// model's confidence is low on all hard items, of which only half are the second model's (`kind` < 0.5).
    static func specialist(items: Int, seed: UInt64) -> OutcomeLog {
        var random = Random(seed: seed)
        var quality: [Double] = []
        var evidence: [Double] = []
        for _ in 0..<items {
            let isHard = random.uniform() < 0.6
            let isKnown = random.uniform() < 0.5
            quality.append(random.uniform() < (isHard ? 0.4 : 0.95) ? 1 : 0)
            quality.append(random.uniform() < (isHard ? (isKnown ? 0.95 : 0.1) : 0.95) ? 1 : 0)
            evidence += [(isHard ? 0.4 : 0.9) + 0.05 * random.uniform(), isKnown ? 0 : 1]
        }
        var log = OutcomeLog(
            schema: LogSchema(stages: [
                StageSchema(name: "small", evidence: ["confidence", "kind"]), StageSchema(name: "expert"),
            ]), ids: (0..<items).map(String.init), quality: quality)
        log.evidence = evidence
        log.money = (0..<items).flatMap { _ in [1, 4] }
        return log
    }

    /// Each stage is good up to a difficulty of its own, knows rather well where that is, and costs four times the last.
    static func ladder(items: Int, stages: Int, seed: UInt64) -> OutcomeLog {
        var random = Random(seed: seed)
        var quality: [Double] = []
        var evidence: [Double] = []
        for _ in 0..<items {
            let difficulty = random.uniform()
            for stage in 0..<stages {
                let chance = difficulty < [0.5, 0.75, 0.95][stage] ? 0.95 : 0.3
                quality.append(random.uniform() < chance ? 1 : 0)
                evidence += [chance + 0.3 * (random.uniform() - 0.5), random.uniform()]
            }
        }
        var log = OutcomeLog(
            schema: LogSchema(stages: (0..<stages).map { StageSchema(name: "s\($0)", evidence: ["margin", "noise"]) }),
            ids: (0..<items).map(String.init), quality: quality)
        log.evidence = evidence
        log.money = (0..<items).flatMap { _ in (0..<stages).map { Double(1 << (2 * $0)) } }
        return log
    }

    @Test func `beats confidence thresholds where the second model is a specialist`() throws {
        let train = CostedLog(Self.specialist(items: 4000, seed: 1))
        let test = CostedLog(Self.specialist(items: 4000, seed: 2))
        var random = Random(seed: 1)
        let price = 0.02
        let rule = try PostHocLearner.difference.fit(train, using: &random).sweep(test, prices: [price])[0]
        var learner = ThresholdLearner()
        learner.scoreName = "confidence"
        let threshold = try learner.fit(train, using: &random).sweep(test, prices: [price])[0]
        // Deferring hard known items only gains 0.3 (0.55 - 0.08) = 0.141; deferring all hard items gains
        // 0.6 (0.125 - 0.08) = 0.027. The difference 0.114 has a standard error of about 0.009.
        let gap = (rule.quality - price * rule.cost) - (threshold.quality - price * threshold.cost)
        #expect(gap > 0.114 - 4 * 0.009, "\(gap)")
    }

    @Test func `with two stages defers iff the estimated gain exceeds the price`() throws {
        let log = CostedLog(Self.ladder(items: 800, stages: 2, seed: 4))
        var random = Random(seed: 1)
        let path = try PostHocLearner.difference.fit(log, using: &random)
        var gains = [0.0]
        var checked = 0
        for price in [0.01, 0.05, 0.08] {
            guard let policy = path.policy(price: price) as? PostHocPolicy else { continue }
            #expect(policy.steps[0].option == 0)
            var state = PolicyState(schema: log.log.schema)
            for item in 0..<log.count {
                state.begin(log.log, item: item)
                state.record(log.log, item: item, stage: 0)
                gains.withUnsafeMutableBufferPointer { policy.steps[0].estimator.estimate(state, into: $0) }
                #expect(policy.next(state) == (gains[0] > price * log.meanCost[1] ? .ask(1) : .stop(answer: 0)))
                checked += 1
            }
        }
        #expect(checked > 0)
    }

    @Test func `finds what stopping in between is worth as brute force does`() {
        // Advantages and nets of nine items; the option may be any of 256 steps up to the least net.
        let net = [-0.9, -0.5, -0.4, -0.1, 0.2, 0.6, -0.7, -0.2, 0.1]
        let advantage = [-1.0, 0.3, 0.5, -0.2, 1, 1, -0.4, 0.6, -1]
        func value(_ option: Double) -> Double {
            zip(net, advantage).reduce(0) { $1.0 + option > 0 ? $0 + $1.1 : $0 }
        }
        let option = PostHocPath.option(net: net, advantage: advantage)
        let best = (0...1000).map { value(Double($0) / 1000) }.max()!
        #expect(abs(value(option) - best) < 1e-12)
        #expect(option > 0.5 && option <= 0.7)
        // Nothing is gained by deferring more: no option.
        #expect(PostHocPath.option(net: [-1, -0.5, 1], advantage: [-1, -1, 1]) == 0)
        #expect(PostHocPath.option(net: [1, 2], advantage: [1, 1]) == 0)
    }

    @Test func `promises out of fold what a fresh log keeps`() throws {
        let train = CostedLog(Self.ladder(items: 3000, stages: 3, seed: 21))
        let test = CostedLog(Self.ladder(items: 6000, stages: 3, seed: 22))
        var random = Random(seed: 1)
        let path = try #require(try PostHocLearner.difference.fit(train, using: &random) as? PostHocPath)
        for price in [0.001, 0.004, 0.016] {
            let outcomes = Replay.outcomes(of: path.policy(price: price), on: test)
            let values = zip(outcomes.quality, outcomes.cost).map { $0 - price * $1 }
            let mean = values.reduce(0, +) / Double(values.count)
            let variance = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(values.count)
            // Two independent logs: variance (1/3000 + 1/6000). 5 standard errors allow for the choice among chains.
            #expect(abs(mean - path.best(price: price).value) < 5 * (variance * (1.0 / 3000 + 1.0 / 6000)).squareRoot())
        }
    }

    @Test func `is better than the best single stage on a fresh log`() throws {
        let train = CostedLog(Self.ladder(items: 3000, stages: 3, seed: 21))
        let test = CostedLog(Self.ladder(items: 6000, stages: 3, seed: 22))
        for learner in [PostHocLearner.difference, .confidence] {
            var random = Random(seed: 1)
            let path = try learner.fit(train, using: &random)
            let single = try SingleStageLearner().fit(train, using: &random)
            for price in [0.005, 0.01, 0.02] {
                let a = Replay.outcomes(of: path.policy(price: price), on: test)
                let b = Replay.outcomes(of: single.policy(price: price), on: test)
                let gaps = (0..<test.count).map {
                    (a.quality[$0] - price * a.cost[$0]) - (b.quality[$0] - price * b.cost[$0])
                }
                let mean = gaps.reduce(0, +) / Double(gaps.count)
                let variance = gaps.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(gaps.count)
                // A family that gained nothing would pass one of six such bars once in 5000 runs.
                #expect(
                    mean > 4 * (variance / Double(gaps.count)).squareRoot(), "\(learner.family) at \(price): \(mean)")
            }
        }
    }

    @Test func `learns from the true label's probability and never reads it`() throws {
        var log = Self.specialist(items: 3000, seed: 5)
        var random = Random(seed: 2)
        let schema = LogSchema(
            stages: [
                StageSchema(name: "small", evidence: ["confidence", "kind", "label_probability"]),
                StageSchema(name: "expert", evidence: ["label_probability"]),
            ])
        let old = log
        log = OutcomeLog(schema: schema, ids: old.ids, quality: old.quality)
        log.money = old.money
        log.evidence = (0..<3000).flatMap { item in
            let small = old.quality(item: item, stage: 0) == 1 ? 0.8 : 0.1
            let expert = old.quality(item: item, stage: 1) == 1 ? 0.9 : 0.05
            return [old.evidence[2 * item], old.evidence[2 * item + 1], small, expert]
        }
        #expect(PostHocLearner.probability.obstacle(CostedLog(old)) != nil)
        let path = try PostHocLearner.probability.fit(CostedLog(log), using: &random)
        let policy = try #require(path.policy(price: 0.02) as? PostHocPolicy)
        for step in policy.steps { #expect(!step.estimator.features.signals.contains(2)) }
        #expect(Replay.outcomes(of: policy, on: CostedLog(log)).askedShare[1] > 0.1)
    }

    @Test func `decides in less than a microsecond`() throws {
        // Eight stages, sixteen evidence numbers.
        let log = CostedLog(SimulatedLog.rising(items: 1000, stages: 8, seed: 6))
        var random = Random(seed: 1)
        var learner = PostHocLearner.difference
        learner.longestChain = 3
        learner.kinds = [.ridge]
        let path = try learner.fit(log, using: &random)
        let policy = try #require(path.policy(price: 1e-5) as? PostHocPolicy)
        let router = try RouterLearner.linear.fit(log, using: &random).policy(price: 1e-5) as! RoutePolicy
        let estimator = try EstimatorLearner().fit(log, using: &random)
        var state = PolicyState(schema: log.log.schema)
        state.begin(log.log, item: 0)
        let routing = Self.nanoseconds { router.next(state) == .ask(0) ? 1 : 0 }
        for stage in policy.chain.dropLast() { state.record(log.log, item: 0, stage: stage) }
        let deciding = Self.nanoseconds { policy.next(state) == .ask(0) ? 1 : 0 }
        let trees = try EstimatorLearner(kind: .boostedTrees).fit(log, using: &random)
        var all = [Double](repeating: 0, count: 8)
        let estimating = Self.nanoseconds {
            all.withUnsafeMutableBufferPointer { estimator.estimate(state, into: $0) }
            return all[0]
        }
        let treeing = Self.nanoseconds {
            all.withUnsafeMutableBufferPointer { trees.estimate(state, into: $0) }
            return all[0]
        }
        print(
            "ns a decision: post-hoc \(Int(deciding)), linear router \(Int(routing)), estimates of 8 stages by ridge \(Int(estimating)), by trees \(Int(treeing))"
        )
        // Ten times what is promised: other work shares the machine.
        #expect(deciding < 10_000 && routing < 10_000 && estimating < 10_000)
    }

    /// The least time of one call over a few rounds.
    static func nanoseconds(_ body: () -> Double) -> Double {
        var best = Double.infinity
        var sum = 0.0
        for _ in 0..<5 {
            let start = ContinuousClock.now
            for _ in 0..<5000 { sum += body() }
            let elapsed = (ContinuousClock.now - start) / 5000
            best = min(best, Double(elapsed.components.attoseconds) / 1e9)
        }
        return sum.isNaN ? .infinity : best
    }
}
