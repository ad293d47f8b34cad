import Cascades
import NumericalMethods
import Probability
import Testing

@testable import Deferral

@Suite struct `cascade routing` {
    func value(_ policy: any Policy, _ log: CostedLog, _ price: Double) -> Double {
        let outcomes = Replay.outcomes(of: policy, on: log)
        return outcomes.meanQuality - price * outcomes.meanCost
    }

    @Test(arguments: [0.0, 0.1])
    func `is never worse on the training log than thresholds and routers`(missing: Double) throws {
        for seed in 41...43 {
            let costed = CostedLog(SimulatedLog.rising(items: 1200, stages: 4, seed: UInt64(seed), missing: missing))
            func fit(_ learner: some PolicyLearner) throws -> any PolicyPath {
                var random = Random(seed: 1)
                return try learner.fit(costed, using: &random)
            }
            let routing = try fit(CascadeRoutingLearner())
            let thresholds = try fit(ThresholdLearner())
            let router = try fit(RouterLearner.linear)
            for price in [0.0, 0.001, 0.004, 0.01, 0.03, 0.1, 0.3] {
                let own = value(routing.policy(price: price), costed, price)
                #expect(own >= value(thresholds.policy(price: price), costed, price) - 1e-9)
                #expect(own >= value(router.policy(price: price), costed, price) - 1e-9)
            }
        }
    }

    @Test func `is a router where answers come without evidence`() throws {
        var log = SimulatedLog.rising(items: 800, stages: 3, seed: 61)
        for index in log.evidence.indices { log.evidence[index] = 0 }
        let costed = CostedLog(log)
        var random = Random(seed: 1)
        let path = try CascadeRoutingLearner(includesSpecialCases: false).fit(costed, using: &random)
        let outcomes = Replay.outcomes(of: path.policy(price: 0.005), on: costed)
        // One stage an item: the asked shares add up to 1 (a revision of nothing leaves nothing to ask for).
        #expect(outcomes.askedShare.reduce(0, +) < 1.1)
    }

    @Test func `asks the whole set at once when told to, in fewer moves`() throws {
        let costed = CostedLog(SimulatedLog.rising(items: 1500, stages: 3, seed: 62))
        var random = Random(seed: 1)
        let path = try CascadeRoutingLearner(asksTogether: true, includesSpecialCases: false, scales: [1]).fit(
            costed, using: &random)
        let policy = path.policy(price: 0.0005)
        var state = PolicyState(schema: costed.log.schema)
        var several = 0
        for item in 0..<200 {
            state.begin(costed.log, item: item)
            if case .ask(let set) = policy.next(state), set.count > 1 { several += 1 }
        }
        #expect(several > 0)
    }

    @Test func `a revision model recovers one factor from its moments`() {
        let loadings = [0.3, 0.2, 0.25, 0.1]
        let own = [0.1, 0.2, 0.05, 0.15]
        var moments = Matrix(rows: 4, columns: 4)
        for a in 0..<4 {
            for b in 0..<4 { moments[a, b] = loadings[a] * loadings[b] + (a == b ? own[a] * own[a] : 0) }
        }
        let model = RevisionModel(moments: moments)
        for stage in 0..<4 {
            #expect(abs(model.loadings[stage] - loadings[stage]) < 0.01)
            #expect(abs(model.deviation(of: stage) - moments[stage, stage].squareRoot()) < 1e-9)
        }
    }
}
