import Foundation
import Probability
import Testing

@testable import Deferral

@Suite struct `a frontier` {
    func points(_ pairs: [(Double, Double)]) -> [FrontierPoint] {
        pairs.enumerated().map { FrontierPoint(price: Double($0), cost: $1.0, quality: $1.1) }
    }

    @Test func `is the upper concave hull`() {
        let hull = Frontier(hullOf: points([(1, 0.5), (2, 0.6), (3, 0.9), (4, 0.85), (5, 1.0), (1, 0.4)]))
        #expect(hull.points.map(\.cost) == [1, 3, 5])
        #expect(hull.quality(atCost: 2) == 0.7)
        #expect(hull.quality(atCost: 0.5) == nil)
        #expect(hull.quality(atCost: 9) == 1)
        #expect(abs(hull.cost(atQuality: 0.7)! - 2) < 1e-12)
        #expect(hull.cost(atQuality: 1.1) == nil)
    }

    @Test func `lies on or above every point and is concave and rising, whatever the points`() {
        var random = Random(seed: 3)
        for _ in 0..<100 {
            let all = points((0..<30).map { _ in (random.uniform(), random.uniform()) })
            let hull = Frontier(hullOf: all)
            for point in all { #expect(hull.quality(atCost: point.cost)! >= point.quality - 1e-12) }
            let corners = hull.points
            for (a, b) in zip(corners, corners.dropFirst()) { #expect(a.cost < b.cost && a.quality < b.quality) }
            for index in corners.indices.dropFirst(2) {
                let (a, b, c) = (corners[index - 2], corners[index - 1], corners[index])
                #expect((b.quality - a.quality) / (b.cost - a.cost) > (c.quality - b.quality) / (c.cost - b.cost))
            }
        }
    }
}

@Suite struct `meeting a goal` {
    /// A path whose best policy at price p has cost 1 / (1 + p) and the quality that makes p its slope.
    func smooth(_ prices: [Double]) -> [FrontierPoint] {
        prices.map { price in
            // q(c) = ln c - c has q'(c) = 1/c - 1, so c = 1 / (1 + p).
            let cost = price == .infinity ? 1e-6 : 1 / (1 + price)
            return FrontierPoint(price: price, cost: cost, quality: log(cost) - cost)
        }
    }

    @Test func `mixes two prices so that a budget is met exactly`() {
        let grid = [0, 0.1, 1, 10, 100, .infinity]
        let solved = GoalSolver.solve(.budget(0.37), reference: 0, grid: grid, outcomes: smooth).mixture
        #expect(abs(solved.expected.cost - 0.37) < 1e-12)
        // Looking closer twice brings the mixture within 1e-3 of the smooth frontier.
        #expect(abs(solved.expected.quality - (log(0.37) - 0.37)) < 1e-3)
        #expect(abs(solved.slope - (1 / 0.37 - 1)) < 0.1)
        #expect(abs(zip(solved.weights, solved.prices).reduce(0) { $0 + $1.0 * smooth([$1.1])[0].cost } - 0.37) < 1e-12)
    }

    @Test func `keeps a share of a reference that is negative by its distance`() {
        let solved = GoalSolver.solve(
            .keep(0.9), reference: -1, grid: [0, 0.1, 1, 10, .infinity], outcomes: smooth
        ).mixture
        #expect(abs(solved.expected.quality - -1.1) < 1e-9)
    }

    @Test func `says so when a goal can't be reached`() {
        let grid = [0, 1, .infinity]
        #expect(!GoalSolver.solve(.budget(1e-9), reference: 0, grid: grid, outcomes: smooth).mixture.isReached)
        #expect(!GoalSolver.solve(.keep(2), reference: 1, grid: grid, outcomes: smooth).mixture.isReached)
        #expect(GoalSolver.solve(.budget(5), reference: 0, grid: grid, outcomes: smooth).mixture.isReached)
    }
}
