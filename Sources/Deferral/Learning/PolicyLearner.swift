public import Cascades
public import Probability

/// A way to learn policies of one family from a log.
///
/// To add a family: one file with a `Policy`, its `PolicyLearner` and its `PolicyPath`, one line in
/// ``PolicyFamilies``, one test (`checkLearner` in DeferralTests runs the laws on every registered family).
public protocol PolicyLearner: Sendable {
    /// The family's name on the command line: lower case, words joined by hyphens.
    var family: String { get }
    /// The rule in one sentence.
    var summary: String { get }

    /// Why this family can't learn from `log` (it has no evidence, no context, one stage only), or nil.
    func obstacle(_ log: CostedLog) -> String?

    /// Learns from `log`. The result holds a policy for every price λ of cost in units of quality.
    /// - Throws: ``DeferralError`` where the log doesn't allow it.
    func fit(_ log: CostedLog, using random: inout Random) throws -> any PolicyPath
}

extension PolicyLearner {
    /// Nothing stands in the way.
    public func obstacle(_ log: CostedLog) -> String? { nil }
}

/// Policies of one family, one for every price λ: how much quality a unit of scalar cost must bring to be spent.
///
/// The policy at price λ aims at the largest E[quality] - λ E[cost], so its cost falls as λ grows:
/// at 0 only quality counts, at infinity only cost.
public protocol PolicyPath: Sendable {
    /// The policy for the price `price` >= 0.
    func policy(price: Double) -> any Policy

    /// Mean quality and cost of the policies at `prices` on a complete `log`, in the order of `prices`.
    ///
    /// The default replays each policy. Override it where estimates can be computed once for all prices; a test
    /// holds every override against the default.
    func sweep(_ log: CostedLog, prices: [Double]) -> [FrontierPoint]
}

extension PolicyPath {
    public func sweep(_ log: CostedLog, prices: [Double]) -> [FrontierPoint] { replayedSweep(log, prices: prices) }

    /// ``sweep(_:prices:)`` by replaying each policy, whatever the path overrides.
    public func replayedSweep(_ log: CostedLog, prices: [Double]) -> [FrontierPoint] {
        prices.map { price in
            let outcomes = Replay.outcomes(of: policy(price: price), on: log)
            return FrontierPoint(price: price, cost: outcomes.meanCost, quality: outcomes.meanQuality)
        }
    }
}

/// One point on the way from cheap to good: what the policy at a price costs and how good it is, on average.
public struct FrontierPoint: Sendable, Hashable, Codable {
    /// The price λ at which the policy was made.
    public var price: Double
    /// Mean scalar cost an item.
    public var cost: Double
    /// Mean quality.
    public var quality: Double

    /// A point.
    public init(price: Double, cost: Double, quality: Double) {
        self.price = price
        self.cost = cost
        self.quality = quality
    }
}
