public import Cascades

/// What a policy is to get for its money: quality less price times cost, under an optional cap on each item.
///
///     maximise  E[quality] - λ E[scalar cost]        with scalar cost = weights · (money, seconds, operations)
public struct Objective: Sendable, Hashable, Codable {
    /// How money, latency and operations add up to one scalar cost.
    public var weights: CostWeights
    /// The most that may be spent on one item, in scalar cost; nil is no cap.
    public var cap: Double?
    /// The quality that giving no answer counts for.
    public var abstentionQuality: Double

    /// An objective.
    public init(weights: CostWeights, cap: Double? = nil, abstentionQuality: Double = 0) {
        self.weights = weights
        self.cap = cap
        self.abstentionQuality = abstentionQuality
    }

    /// The natural objective of `log`: money where it has some, else operations, else latency.
    /// Where the log has no costs at all, each call costs 1 (see ``CostedLog``).
    public static func natural(for log: OutcomeLog) -> Objective {
        func hasCost(_ column: [Double]) -> Bool { column.contains { $0 > 0 } }
        if hasCost(log.money) { return Objective(weights: CostWeights(money: 1)) }
        if hasCost(log.operations) { return Objective(weights: CostWeights(operations: 1)) }
        if hasCost(log.seconds) { return Objective(weights: CostWeights(seconds: 1)) }
        return Objective(weights: CostWeights())
    }

    /// The unit of the scalar cost, for people.
    public var unit: String {
        switch (weights.money != 0, weights.seconds != 0, weights.operations != 0) {
        case (true, false, false): "US dollars"
        case (false, true, false): "seconds"
        case (false, false, true): "multiply-adds"
        case (false, false, false): "calls"
        default: "weighted cost"
        }
    }
}
