/// The best that a path of policies reaches at each mean cost, with random mixtures of two neighbours in between:
/// the upper concave hull of its points.
public struct Frontier: Sendable, Codable, Hashable {
    /// The corners of the hull from the cheapest to the best; cost and quality both rise strictly.
    public let points: [FrontierPoint]

    /// The hull of `points` in the plane of cost and quality.
    ///
    /// It starts at the cheapest point (the best of them in a tie) and ends at the best (the cheapest in a tie).
    public init(hullOf points: [FrontierPoint]) {
        let sorted = points.filter { $0.cost.isFinite && $0.quality.isFinite }
            .sorted { ($0.cost, -$0.quality) < ($1.cost, -$1.quality) }
        var hull: [FrontierPoint] = []
        for point in sorted {
            if let last = hull.last, point.quality <= last.quality { continue }
            while hull.count >= 2 {
                let a = hull[hull.count - 2]
                let b = hull[hull.count - 1]
                // b stays only above the line from a to the new point.
                if (b.quality - a.quality) * (point.cost - a.cost) > (point.quality - a.quality) * (b.cost - a.cost) {
                    break
                }
                hull.removeLast()
            }
            hull.append(point)
        }
        self.points = hull
    }

    /// The largest mean quality at mean cost `budget`; nil below the cheapest point, the best point's above it.
    public func quality(atCost budget: Double) -> Double? {
        guard let first = points.first, let last = points.last, budget >= first.cost else { return nil }
        if budget >= last.cost { return last.quality }
        let upper = points.firstIndex { $0.cost > budget }!
        let (a, b) = (points[upper - 1], points[upper])
        return a.quality + (b.quality - a.quality) * (budget - a.cost) / (b.cost - a.cost)
    }

    /// The smallest mean cost at which `quality` is reached; nil above the best point.
    public func cost(atQuality quality: Double) -> Double? {
        guard let first = points.first, let last = points.last, quality <= last.quality else { return nil }
        if quality <= first.quality { return first.cost }
        let upper = points.firstIndex { $0.quality >= quality }!
        let (a, b) = (points[upper - 1], points[upper])
        return a.cost + (b.cost - a.cost) * (quality - a.quality) / (b.quality - a.quality)
    }
}
