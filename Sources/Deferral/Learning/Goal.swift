/// What is asked of a policy.
public enum Goal: Sendable, Hashable, Codable {
    /// The cheapest policy that keeps this share of the reference stage's mean quality.
    case keep(Double)
    /// The best policy whose mean scalar cost is at most this.
    case budget(Double)
    /// The policy with the largest mean quality less this price times the mean scalar cost.
    case price(Double)
}
