public import Cascades

/// One of several policies by chance: so that a budget between two policies' costs is met exactly.
///
///     with probability w_j follow policy j (drawn once an item by its coin)
public struct MixturePolicy: Policy {
    public static let kind = "mixture"

    /// A policy and its probability.
    public struct Component: Sendable {
        /// The probability of this policy.
        public var weight: Double
        /// The policy.
        public var policy: any Policy

        /// A component.
        public init(weight: Double, policy: any Policy) {
            self.weight = weight
            self.policy = policy
        }
    }

    /// The policies; their weights add up to 1.
    public let components: [Component]

    /// A mixture of `components`, whose weights are scaled to add up to 1.
    public init(_ components: [Component]) {
        let total = components.reduce(0) { $0 + $1.weight }
        precondition(
            !components.isEmpty && total > 0 && components.allSatisfy { $0.weight >= 0 },
            "a mixture needs non-negative weights with a positive sum")
        self.components = components.map { Component(weight: $0.weight / total, policy: $0.policy) }
    }

    /// The component that `coin` chooses, and the coin that is left for it: uniform again given the choice.
    func choice(coin: Double) -> (index: Int, coin: Double) {
        var below = 0.0
        for (index, component) in components.enumerated() where component.weight > 0 {
            if coin < below + component.weight || index == components.count - 1 {
                return (index, min(max((coin - below) / component.weight, 0), 1.0.nextDown))
            }
            below += component.weight
        }
        return (components.lastIndex { $0.weight > 0 } ?? 0, 0)
    }

    public func next(_ state: PolicyState) -> Move {
        let (index, coin) = choice(coin: state.coin)
        let policy = components[index].policy
        return policy is MixturePolicy ? policy.next(state.with(coin: coin)) : policy.next(state)
    }

    public func formula(_ schema: LogSchema) -> String {
        components.map { "with probability \(Number.short($0.weight)): \($0.policy.formula(schema))" }
            .joined(separator: "\n")
    }

    public func terms(_ state: PolicyState) -> [PolicyTerm] {
        let (index, coin) = choice(coin: state.coin)
        return [PolicyTerm("coin, which chose part \(index + 1) of \(components.count)", state.coin)]
            + components[index].policy.terms(state.with(coin: coin))
    }

    public var reach: StageSet { components.reduce(StageSet()) { $0.union($1.policy.reach) } }

    public func settles(on stage: Int, in state: PolicyState) -> Bool {
        let (index, coin) = choice(coin: state.coin)
        let policy = components[index].policy
        return policy.settles(on: stage, in: policy is MixturePolicy ? state.with(coin: coin) : state)
    }
}

extension MixturePolicy.Component: Codable {
    private enum CodingKeys: String, CodingKey { case weight, policy }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        weight = try container.decode(Double.self, forKey: .weight)
        policy = try container.decode(CodedPolicy.self, forKey: .policy).policy
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(weight, forKey: .weight)
        try container.encode(CodedPolicy(policy), forKey: .policy)
    }
}
