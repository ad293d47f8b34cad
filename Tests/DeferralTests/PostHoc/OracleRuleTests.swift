import Cascades
import Probability
import Testing

@testable import Deferral

@Suite struct `the oracle rule` {
    @Test func `defers iff the gain exceeds the price of the second stage`() {
        // Proposition 3.1 with what came true: defer iff quality_2 - quality_1 > λ cost_2.
        let log = CostedLog(SimulatedLog.rising(items: 200, stages: 2, seed: 3))
        for price in [0, 0.1, 0.24, 0.26, 1] {
            let stops = OracleRule.stops(log, chain: [0, 1], price: price)
            for item in 0..<log.count {
                let gain = log.log.quality(item: item, stage: 1) - log.log.quality(item: item, stage: 0)
                #expect((stops[item] == 1) == (gain > price * log.cost(item: item, stage: 1)))
            }
        }
    }

    @Test func `is the best of all stages for each item, and no policy beats it`() throws {
        let log = CostedLog(SimulatedLog.rising(items: 300, stages: 3, seed: 5))
        let prices = [0, 0.002, 0.01, 0.1]
        let bound = OracleRule.sweep(log, prices: prices)
        for (point, price) in zip(bound, prices) {
            let best =
                (0..<log.count).reduce(0.0) { sum, item in
                    sum + (0..<3).map {
                        log.log.quality(item: item, stage: $0) - price * log.cost(item: item, stage: $0)
                    }.max()!
                } / Double(log.count)
            #expect(abs(point.quality - price * point.cost - best) < 1e-12)
        }
        for learner in PolicyFamilies.learners where learner.obstacle(log) == nil {
            var random = Random(seed: 1)
            let points = try learner.fit(log, using: &random).sweep(log, prices: prices)
            for (point, limit) in zip(points, bound) {
                #expect(point.quality - point.price * point.cost <= limit.quality - limit.price * limit.cost + 1e-12)
            }
        }
    }

    @Test func `chooses among the stages that answered`() {
        var log = SimulatedLog.rising(items: 3, stages: 2, seed: 5)
        log.quality = [.nan, 0.2, 0.7, .nan, .nan, .nan]
        #expect(OracleRule.choices(CostedLog(log), price: 0) == [1, 0, -1])
        #expect(OracleRule.stops(CostedLog(log), chain: [0, 1], price: 0) == [-1, -1, -1])
    }
}
