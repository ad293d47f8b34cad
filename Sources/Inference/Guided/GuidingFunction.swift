public import Cascades

/// What is known of the future at a point of a graphical model: a function of the state there, an approximation of the
/// likelihood of everything observed beyond.
public protocol GuidingFunction<State>: Sendable {
    /// The state it is a function of.
    associatedtype State: Sendable

    /// ln g(state) in nats; −infinity where the observations are impossible.
    func logValue(at state: State) -> Double

    /// The product with `other`: what two branches, or a branch and an observation, know together.
    /// - Throws: `InferenceError.unsupported` where the family isn't closed under products, `.wrongShape`.
    func fused(with other: Self) throws -> Self
}

/// Functions of two states side by side that don't interact: g(x, y) = first(x) second(y).
public struct PairFunction<First: GuidingFunction, Second: GuidingFunction>: GuidingFunction {
    /// The function of the first state.
    public var first: First
    /// The function of the second state.
    public var second: Second

    /// The product of the two.
    public init(_ first: First, _ second: Second) {
        self.first = first
        self.second = second
    }

    public func logValue(at state: Pair<First.State, Second.State>) -> Double {
        first.logValue(at: state.first) + second.logValue(at: state.second)
    }

    public func fused(with other: Self) throws -> Self {
        Self(try first.fused(with: other.first), try second.fused(with: other.second))
    }
}
