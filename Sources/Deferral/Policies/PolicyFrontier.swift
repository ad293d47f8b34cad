/// Where a policy stands among others: the frontier of its family as the search measured it, and each stage alone. A
/// policy file carries it, so that a page can show where today's traffic lies.
public struct PolicyFrontier: Sendable, Hashable, Codable {
    /// Mean scalar cost of an item, and mean quality.
    public struct Point: Sendable, Hashable, Codable {
        public var cost: Double
        public var quality: Double

        /// A point.
        public init(cost: Double, quality: Double) {
            self.cost = cost
            self.quality = quality
        }
    }

    /// The family's frontier from the cheapest point to the best.
    public var points: [Point]
    /// Each stage alone, in the order of the schema.
    public var stages: [Point]
    /// The stage that savings are reckoned against, by its index.
    public var reference: Int
    /// The unit of cost.
    public var unit: String

    /// A frontier.
    public init(points: [Point], stages: [Point], reference: Int, unit: String) {
        self.points = points
        self.stages = stages
        self.reference = reference
        self.unit = unit
    }
}
