import Cascades
import Deferral
import Probability
import Storage
import Testing

@testable import Gateway

@Suite(.timeLimit(.minutes(5))) struct `the policies of a model` {
    @Test func `decide for their shares, and leave each other a uniform coin`() throws {
        let policies = try SimulatedTraffic.policies(
            [
                SimulatedTraffic.version(1, SimulatedTraffic.threshold(0.5)),
                SimulatedTraffic.version(2, SimulatedTraffic.threshold(0.8), .canary, share: 0.25),
                SimulatedTraffic.version(3, SimulatedTraffic.threshold(0.2), .shadow),
            ], explores: 0.125)
        #expect(policies.acting.map(\.weight) == [0.625, 0.25, 0.125])
        #expect(policies.acting.map(\.part) == [.active, .canary, .exploring])
        #expect(policies.shadows.map(\.name) == ["v3"])
        #expect(policies.canaryShares == ["v2": 0.25 / 0.875])
        // Coins in the middle of equal parts: counts are exact, and what is left of the coins is as even again.
        let parts = 8000
        var left: [[Double]] = [[], [], []]
        for part in 0..<parts {
            let (index, coin) = policies.draw((Double(part) + 0.5) / Double(parts))
            left[index].append(coin)
        }
        #expect(left.map(\.count) == [5000, 2000, 1000])
        for coins in left {
            let count = Double(coins.count)
            for (place, coin) in coins.sorted().enumerated() {
                #expect(abs(coin - (Double(place) + 0.5) / count) < 1e-9)
            }
        }
    }

    @Test func `probabilities of asking are what the coins come to`() throws {
        let mixture = MixturePolicy([
            .init(weight: 0.3, policy: SimulatedTraffic.threshold(0.1)),
            .init(weight: 0.7, policy: SimulatedTraffic.threshold(0.9)),
        ])
        let policies = try SimulatedTraffic.policies(
            [
                SimulatedTraffic.version(1, SimulatedTraffic.threshold(0.5)),
                SimulatedTraffic.version(2, mixture, .canary, share: 0.25),
            ], explores: 0.1)
        var traffic = SimulatedTraffic(seed: 5)
        let explored = try SimulatedTraffic.policies(
            [SimulatedTraffic.version(1, ExploringPolicy(stages: [0, 1]))])
        for _ in 0..<40 {
            // A request of which all is known, so that every policy can be played on it.
            let choices = traffic.next(explored).run.choices
            let hardness = -choices[0].evidence[0]
            let found = PolicyReplay.propensities(policies, context: [], group: nil, choices: choices)
            // Large is asked by the active version where it is hard, by each part of the mixture where that says so, and
            // by exploration always.
            let expected =
                0.65 * (hardness > 0.5 ? 1 : 0) + 0.25 * ((hardness > 0.1 ? 0.3 : 0) + (hardness > 0.9 ? 0.7 : 0)) + 0.1
            #expect(abs(found[0] - 1) < 1e-9 && abs(found[1] - expected) < 1e-9)
            // Without what large said it is known all the same, for whoever asks it ends there.
            let first = PolicyReplay.propensities(policies, context: [], group: nil, choices: [choices[0]])
            #expect(abs(first[1] - expected) < 1e-9)
        }
    }

    @Test func `versions that were learned on other signals see their own`() throws {
        let narrow = LogSchema(stages: [
            StageSchema(name: "small", evidence: ["firstMargin"]), StageSchema(name: "large"),
        ])
        let margin = ThresholdPolicy(
            steps: [ThresholdPolicy.Step(stage: 0, score: ConfidenceScore(signal: 0), threshold: 0.6)], last: 1)
        let policies = try ModelPolicies(
            [
                SimulatedTraffic.version(1, SimulatedTraffic.threshold(0.5)),
                PolicyVersion(
                    name: "v2", number: 2, file: SimulatedTraffic.file(margin, schema: narrow), state: .canary,
                    share: 0.5),
            ], model: "cascade", stages: SimulatedTraffic.stages)
        #expect(policies.schema.stages[0].evidence == Evidence.tokenNames + ["firstMargin"])
        // Alternatives of tokens are asked for since one of them reads the margin.
        #expect(policies.acting.map { $0.rule.alternatives[0] } == [5, 5])
        var random = Random(seed: 1)
        for _ in 0..<100 {
            let evidence = [-random.uniform(), -1, 4, random.uniform()]
            var state = PolicyState(schema: policies.schema)
            state.begin(context: [])
            #expect(policies.acting[1].rule.policy.next(state) == .ask(0))
            state.record(stage: 0, evidence: evidence)
            let first = policies.acting[0].rule.policy.next(state)
            let second = policies.acting[1].rule.policy.next(state)
            #expect(first == (evidence[0] >= -0.5 ? .stop(answer: 0) : .ask(1)))
            #expect(second == (evidence[3] >= 0.6 ? .stop(answer: 0) : .ask(1)))
        }
        let other = LogSchema(stages: [StageSchema(name: "small"), StageSchema(name: "huge")])
        #expect(throws: GatewayError.self) {
            try ModelPolicies(
                [
                    SimulatedTraffic.version(1, SimulatedTraffic.threshold(0.5)),
                    PolicyVersion(
                        name: "v2", file: SimulatedTraffic.file(SingleStagePolicy(stage: 1), schema: other),
                        state: .shadow),
                ], model: "cascade", stages: SimulatedTraffic.stages)
        }
        #expect(throws: GatewayError.self) {
            try SimulatedTraffic.policies([SimulatedTraffic.version(1, SimulatedTraffic.threshold(0.5), .shadow)])
        }
    }
}
