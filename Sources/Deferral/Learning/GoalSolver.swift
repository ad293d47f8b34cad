public import Cascades

/// Two prices and how often each is used, so that a goal is met exactly on the outcomes it was solved on.
public struct PriceMixture: Sendable, Hashable, Codable {
    /// The prices, one or two.
    public var prices: [Double]
    /// The probability of each.
    public var weights: [Double]
    /// The mean cost and quality expected.
    public var expected: FrontierPoint
    /// The slope of the frontier at the goal: what one more unit of cost buys in quality there.
    public var slope: Double
    /// Whether the goal is met; otherwise this is the nearest.
    public var isReached: Bool

    /// The policy of `path` at these prices.
    public func policy(of path: any PolicyPath) -> any Policy {
        let parts = zip(prices, weights).filter { $0.1 > 0 }
        if parts.count == 1 { return path.policy(price: parts[0].0) }
        return MixturePolicy(parts.map { MixturePolicy.Component(weight: $0.1, policy: path.policy(price: $0.0)) })
    }
}

/// Finds the price, or the mixture of two, at which a path of policies meets a goal.
///
/// Looks at a coarse grid of prices, then closer around the goal. What a price brings is asked of `outcomes`, so the
/// goal can be solved on the training log itself or, as ``PolicySearch`` does, on items that each fold held out.
public enum GoalSolver {
    /// - Parameters:
    ///   - goal: what is asked.
    ///   - reference: the quality that `keep` is a share of.
    ///   - grid: the coarse prices, rising.
    ///   - rounds: how often to look closer.
    ///   - outcomes: mean cost and quality at each of some prices.
    /// - Returns: the mixture, and all points that were looked at.
    public static func solve(
        _ goal: Goal, reference: Double, grid: [Double], rounds: Int = 2,
        outcomes: ([Double]) throws -> [FrontierPoint]
    ) rethrows -> (mixture: PriceMixture, points: [FrontierPoint]) {
        if case .price(let price) = goal {
            let points = try outcomes([price])
            let mixture = PriceMixture(
                prices: [price], weights: [1], expected: points[0], slope: price, isReached: true)
            return (mixture, points)
        }
        var points = try outcomes(grid)
        for _ in 0..<rounds {
            let mixture = mixture(goal, reference: reference, on: Frontier(hullOf: points))
            let prices = points.map(\.price).sorted()
            // Look between the neighbours of the prices in use.
            let low = mixture.prices.min()!
            let high = mixture.prices.max()!
            let below = prices.last { $0 < low } ?? low
            let above = prices.first { $0 > high } ?? high
            var closer = PriceGrid.between(low == high ? below : low, low == high ? above : high, count: 4)
            closer.removeAll { prices.contains($0) || !$0.isFinite }
            if closer.isEmpty { break }
            points += try outcomes(closer)
        }
        return (mixture(goal, reference: reference, on: Frontier(hullOf: points)), points)
    }

    /// The mixture of two corners of `frontier` that meets `goal`, or the corner nearest to it.
    /// - Parameter margin: quality that is to be kept on top of a share; where the frontier ends below that and still
    ///   meets the goal, its end.
    static func mixture(
        _ goal: Goal, reference: Double, margin: Double = 0, on frontier: Frontier
    ) -> PriceMixture {
        let points = frontier.points
        func slope(_ a: FrontierPoint, _ b: FrontierPoint) -> Double { (b.quality - a.quality) / (b.cost - a.cost) }
        func corner(_ index: Int, isReached: Bool) -> PriceMixture {
            let point = points[index]
            let slope =
                index + 1 < points.count
                ? slope(point, points[index + 1]) : index > 0 ? slope(points[index - 1], point) : 0
            return PriceMixture(
                prices: [point.price], weights: [1], expected: point, slope: slope, isReached: isReached)
        }
        let last = points.count - 1
        // The share of the upper corner of the segment in which the goal lies.
        let position: (upper: Int, share: Double)
        switch goal {
        case .price(let price):
            let best = points.indices.max {
                points[$0].quality - price * points[$0].cost < points[$1].quality - price * points[$1].cost
            }
            return corner(best ?? 0, isReached: true)
        case .budget(let budget):
            if budget < points[0].cost { return corner(0, isReached: false) }
            if budget >= points[last].cost { return corner(last, isReached: true) }
            let upper = points.firstIndex { $0.cost > budget }!
            position = (upper, (budget - points[upper - 1].cost) / (points[upper].cost - points[upper - 1].cost))
        case .keep(let share):
            // For negative references (losses as quality) the same share of the distance would be the wrong way round.
            let asked = reference - (1 - share) * abs(reference)
            let quality = asked + margin
            if quality > points[last].quality { return corner(last, isReached: asked <= points[last].quality) }
            if quality <= points[0].quality { return corner(0, isReached: true) }
            let upper = points.firstIndex { $0.quality >= quality }!
            position = (
                upper, (quality - points[upper - 1].quality) / (points[upper].quality - points[upper - 1].quality)
            )
        }
        let (a, b) = (points[position.upper - 1], points[position.upper])
        let expected = FrontierPoint(
            price: b.price, cost: a.cost + position.share * (b.cost - a.cost),
            quality: a.quality + position.share * (b.quality - a.quality))
        return PriceMixture(
            prices: [a.price, b.price], weights: [1 - position.share, position.share], expected: expected,
            slope: slope(a, b), isReached: true)
    }
}
