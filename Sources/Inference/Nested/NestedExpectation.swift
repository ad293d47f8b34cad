public import Probability

/// A repeatedly nested expectation of depth D:
///
///     E[ g₀(y₀, E[ g₁(y₀, y₁, … E[ g_D(y₀ … y_D) | y₀ … y_{D−1} ] … ) | y₀ ]) ]
///
/// where each link g_d may be any function of what was drawn so far and of the expectation inside. For D = 0 it is a
/// plain mean.
public protocol NestedExpectation<State>: Sendable {
    /// What has been drawn so far; for a Markov chain the last value is enough.
    associatedtype State

    /// D: how many expectations lie inside the outermost one.
    var depth: Int { get }
    /// The state before anything is drawn.
    var start: State { get }

    /// The state once y_level is drawn given `state`, which holds y₀ … y_{level−1}.
    func draw(_ level: Int, after state: State, using random: inout Random) -> State

    /// g_level at y₀ … y_level in `state`, where the expectation inside has the value `inner`; 0 at level D, which has
    /// none.
    func link(_ level: Int, _ state: State, inner: Double) -> Double
}
