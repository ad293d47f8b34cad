import Cascades
import Foundation
import Probability
import Testing

@testable import Deferral

@Suite struct `rules on given estimates` {
    /// Two to four stages with qualities, estimates that are right before and after, and costs 1, 2, 4, ...
    private func log(items: Int, stages: Int, noise: Double, seed: UInt64) -> CostedLog {
        var random = Random(seed: seed)
        let names = (0..<stages).map { "s\($0)" }
        var (quality, context, evidence) = ([Double](), [Double](), [Double]())
        for _ in 0..<items {
            for _ in 0..<stages {
                let truth = random.uniform()
                let before = truth + noise * (random.uniform() - 0.5)
                quality.append(truth)
                context.append(before)
                evidence += [truth, truth - before]
            }
        }
        var log = OutcomeLog(
            schema: LogSchema(
                context: names.map { "before.\($0)" },
                stages: names.map { StageSchema(name: $0, evidence: ["after", "revision"]) }),
            ids: (0..<items).map(String.init), quality: quality)
        log.context = context
        log.evidence = evidence
        log.money = (0..<items).flatMap { _ in (0..<stages).map { Double(1 << $0) } }
        return CostedLog(log)
    }

    @Test func `route like the oracle where estimates are right before`() throws {
        let log = log(items: 300, stages: 3, noise: 0, seed: 1)
        var random = Random(seed: 1)
        let prices = [0, 0.01, 0.05, 0.2, 1]
        let oracle = OracleRule.sweep(log, prices: prices)
        for rule in [GivenEstimates.Rule.routing, .cascadeRouting] {
            let path = try GivenEstimates(log.log.schema).path(rule, learnedFrom: log, using: &random)
            for (point, best) in zip(path.sweep(log, prices: prices), oracle) {
                #expect(abs(point.quality - best.quality) < 1e-9 && abs(point.cost - best.cost) < 1e-9)
            }
        }
    }

    @Test func `cascade in order, never leaving a stage out, and come back from JSON the same`() throws {
        let log = log(items: 200, stages: 4, noise: 0.8, seed: 2)
        var random = Random(seed: 1)
        let path = try GivenEstimates(log.log.schema).path(.cascade, learnedFrom: log, using: &random)
        for price in [0, 0.02, 0.1, Double.infinity] {
            let policy = path.policy(price: price)
            let outcomes = Replay.outcomes(of: policy, on: log)
            #expect(outcomes.asked.allSatisfy { $0 == StageSet.all($0.count) && !$0.isEmpty })
            let copy = try JSONDecoder().decode(CodedPolicy.self, from: JSONEncoder().encode(CodedPolicy(policy)))
                .policy
            #expect(Replay.outcomes(of: copy, on: log).asked == outcomes.asked)
            if price == .infinity { #expect(outcomes.meanCost == 1) }
            // With nothing to pay, everything is asked and the best answer is given.
            if price == 0 {
                let best = (0..<log.count).reduce(0.0) { sum, item in
                    sum + (0..<4).map { log.log.quality(item: item, stage: $0) }.max()!
                }
                #expect(abs(outcomes.meanQuality - best / Double(log.count)) < 1e-3)
            }
        }
    }

    @Test func `decide at the last stage but one as the closed form says`() throws {
        // One stage left: go on iff E max(d, X) - d > price * cost, X ~ N(m, s²).
        let model = RevisionModel(own: [0.1, 0.3], loadings: [0, 0])
        let log = log(items: 500, stages: 2, noise: 0.6, seed: 3)
        let given = try GivenEstimates(log.log.schema)
        var random = Random(seed: 1)
        let path = try #require(given.path(.cascade, learnedFrom: log, using: &random) as? OrderedCascadePath)
        let policy = OrderedCascadePolicy(
            estimator: path.estimator, costs: path.costs, price: 0.02, revisions: model, chain: [0, 1])
        for (item, asked) in Replay.outcomes(of: policy, on: log).asked.enumerated() {
            let d = log.log.signal(item: item, 2)
            let z = (log.log.context[item * 2 + 1] - d) / 0.3
            let density = exp(-z * z / 2) / (2 * Double.pi).squareRoot()
            let gain = 0.3 * (density + z * 0.5 * erfc(-z / 2.0.squareRoot()))
            if abs(gain - 0.04) > 1e-4 { #expect((asked.count == 2) == (gain > 0.04)) }
        }
    }

    @Test func `refuse a log without estimates`() {
        #expect(throws: DeferralError.self) { try GivenEstimates(LogSchema(stages: [StageSchema(name: "a")])) }
    }
}
