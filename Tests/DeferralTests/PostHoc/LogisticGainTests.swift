import Cascades
import NumericalMethods
import Probability
import Testing

@testable import Deferral

@Suite struct `post-hoc rules by logistic regression` {
    @Test func `estimate gains between -1 and 1 and beat the best single stage on new items`() throws {
        // The second stage is a specialist: right where the context says so, and useless elsewhere.
        func log(_ items: Int, seed: UInt64) -> CostedLog {
            var random = Random(seed: seed)
            let schema = LogSchema(
                context: ["topic"],
                stages: [StageSchema(name: "small", evidence: ["margin"]), StageSchema(name: "specialist")])
            var (quality, context, evidence, money) = ([Double](), [Double](), [Double](), [Double]())
            for _ in 0..<items {
                let topic = random.uniform()
                context.append(topic)
                evidence.append(random.uniform())
                quality.append(random.bernoulli(0.6) ? 1 : 0)
                quality.append(random.bernoulli(topic > 0.5 ? 0.95 : 0.2) ? 1 : 0)
                money += [1, 3]
            }
            var log = OutcomeLog(schema: schema, ids: (0..<items).map { "\($0)" }, quality: quality)
            log.context = context
            log.evidence = evidence
            log.money = money
            return CostedLog(log)
        }
        var learner = PostHocLearner.difference
        learner.kinds = [.logistic]
        var random = Random(seed: 1)
        let path = try learner.fit(log(3000, seed: 1), using: &random)
        let fresh = log(20_000, seed: 2)
        let outcomes = Replay.outcomes(of: path.policy(price: 0.01), on: fresh)
        // The best rule reaches 0.5 * 0.6 + 0.5 * 0.95 = 0.775; single stages 0.6 and 0.575. The standard error is 0.003.
        #expect(outcomes.meanQuality > 0.74)
        let gains = try #require(path as? PostHocPath).models.values.flatMap { $0.gains.storage }.filter { !$0.isNaN }
        #expect(gains.allSatisfy { abs($0) <= 1 } && gains.contains { $0 > 0.2 } && gains.contains { $0 < -0.2 })
    }
}
