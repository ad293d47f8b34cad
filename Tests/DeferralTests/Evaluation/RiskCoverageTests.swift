import Probability
import Testing

@testable import Deferral

@Suite struct `risk against coverage` {
    @Test func `is what counting gives`() {
        let curve = RiskCoverage(scores: [0.9, 0.8, 0.8, 0.1], losses: [0, 1, 0, 1])
        #expect(curve.thresholds == [0.9, 0.8, 0.1])
        #expect(curve.coverages == [0.25, 0.75, 1])
        #expect(curve.risks == [0, 1 / 3, 0.5])
        #expect(curve.coverage(atRisk: 0.4).coverage == 0.75)
        #expect(curve.coverage(atRisk: 0.4).threshold == 0.8)
        #expect(curve.risk(atCoverage: 0.5) == 1.0 / 3)
        #expect(abs(curve.area - (0.5 / 3 + 0.25 / 2)) < 1e-15)
    }

    @Test func `covers nothing where even the surest item is wrong`() {
        let curve = RiskCoverage(scores: [2, 1], losses: [1, 1])
        #expect(curve.coverage(atRisk: 0.5).coverage == 0)
        #expect(curve.coverage(atRisk: 0.5).threshold == .infinity)
    }

    @Test func `agrees with brute force on random items, ties included`() {
        var random = Random(seed: 4)
        for _ in 0..<100 {
            let count = 1 + random.integer(below: 30)
            let scores = (0..<count).map { _ in Double(random.integer(below: 10)) }
            let losses = (0..<count).map { _ in random.uniform() < 0.3 ? 1.0 : 0 }
            let curve = RiskCoverage(scores: scores, losses: losses)
            var best = 0.0
            for threshold in scores {
                let covered = scores.indices.filter { scores[$0] >= threshold }
                let risk = covered.reduce(0) { $0 + losses[$1] } / Double(covered.count)
                if risk <= 0.2 { best = max(best, Double(covered.count) / Double(count)) }
            }
            #expect(curve.coverage(atRisk: 0.2).coverage == best)
            #expect(curve.coverages.last == 1)
        }
    }
}
