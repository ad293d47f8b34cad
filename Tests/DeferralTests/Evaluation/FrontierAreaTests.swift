import Testing

@testable import Deferral

@Suite struct `the area under a frontier` {
    let points = [(1.0, 0.2), (3.0, 0.6), (5.0, 0.8)].map { FrontierPoint(price: 0, cost: $0.0, quality: $0.1) }

    @Test func `between two costs is the mean quality over the budgets`() {
        let frontier = Frontier(hullOf: points)
        // (0.2 + 0.6) / 2 * 2 + (0.6 + 0.8) / 2 * 2 = 2.2 over a width of 4.
        #expect(abs(FrontierArea.meanQuality(frontier, from: 1, to: 5) - 0.55) < 1e-12)
        // Beyond the last corner quality stays: 2.2 + 0.8 * 5 over 9.
        #expect(abs(FrontierArea.meanQuality(frontier, from: 1, to: 10) - 6.2 / 9) < 1e-12)
        // From 2 to 4: 0.5 + 0.65.
        #expect(abs(FrontierArea.meanQuality(frontier, from: 2, to: 4) - 0.575) < 1e-12)
        #expect(FrontierArea.meanQuality(frontier, from: 0.5, to: 4).isNaN)
    }

    @Test func `AIQ takes the non-decreasing hull and the unhulled area does not`() {
        let dented =
            points + [FrontierPoint(price: 0, cost: 2, quality: 0.2), FrontierPoint(price: 0, cost: 6, quality: 0.1)]
        // Hull area to 6: 2.2 + 0.8, over 5.
        #expect(abs(FrontierArea.averageImprovementInQuality(dented) - 0.6) < 1e-12)
        // 0.2 + 0.4 + 1.4 + 0.45, over 5.
        #expect(abs(FrontierArea.meanQuality(unhulled: dented, from: 1, to: 6) - 0.49) < 1e-12)
    }

    @Test func `APGR of random choice is one half and CPT its share`() {
        let random = (0...10).map { (strongShare: Double($0) / 10, quality: 0.4 + 0.05 * Double($0)) }
        #expect(abs(FrontierArea.averagePerformanceGapRecovered(random, weak: 0.4, strong: 0.9) - 0.5) < 1e-12)
        let threshold = FrontierArea.callPerformanceThreshold(random, weak: 0.4, strong: 0.9, recovered: 0.8)
        #expect(abs(threshold! - 0.8) < 1e-9)
        let ideal = [(strongShare: 0.2, quality: 0.9)]
        // A triangle up to 0.2, then flat: 0.1 + 0.8.
        #expect(abs(FrontierArea.averagePerformanceGapRecovered(ideal, weak: 0.4, strong: 0.9) - 0.9) < 1e-12)
        #expect(FrontierArea.callPerformanceThreshold(ideal, weak: 0.4, strong: 0.9, recovered: 1.2) == nil)
    }

    @Test func `savings compare costs at equal quality`() {
        let savings = Savings(Frontier(hullOf: points), quality: 0.6, cost: 12)
        #expect(savings.costShare! == 0.75)
        #expect(Savings(Frontier(hullOf: points), quality: 0.9, cost: 12).costShare == nil)
    }
}
