public import Probability

extension Kernel {
    /// Feedback for a step with a state and chance: what it feeds back becomes part of its state.
    ///
    ///     step.delayedTrace().traced(from: Pair(state, first))
    @inlinable
    public func delayedTrace<State, Fed, Step, Result>() -> DelayedTraceKernel<Self, State, Fed, Step, Result>
    where Input == Pair<State, Pair<Fed, Step>>, Output == Pair<State, Pair<Fed, Result>> {
        DelayedTraceKernel(self)
    }
}

/// A step of a stochastic causal computation, part of whose output goes in at the next step.
///
/// It is `base` with the brackets moved: `(s, (u, x))` to `(s', (u', y))` becomes `((s, u), x)` to `((s', u'), y)`, so
/// densities, gradients and choices are the same. ``CausalMap/delayedTrace(from:)`` is the case without chance.
public struct DelayedTraceKernel<Base: Kernel, State: Sendable, Fed: Sendable, Step, Result>: Kernel
where Base.Input == Pair<State, Pair<Fed, Step>>, Base.Output == Pair<State, Pair<Fed, Result>> {
    public typealias Input = Pair<Pair<State, Fed>, Step>
    public typealias Output = Pair<Pair<State, Fed>, Result>

    /// One step.
    public var base: Base

    /// `base` with its feedback as state.
    @inlinable
    public init(_ base: Base) { self.base = base }

    @inlinable
    func inner(input: Input) -> Base.Input { Pair(input.first.first, Pair(input.first.second, input.second)) }
    @inlinable
    func inner(output: Output) -> Base.Output { Pair(output.first.first, Pair(output.first.second, output.second)) }
    @inlinable
    func outer(_ output: Base.Output) -> Output { Pair(Pair(output.first, output.second.first), output.second.second) }

    @inlinable
    public func sample(_ input: Input, using random: inout Random) -> Output {
        outer(base.sample(inner(input: input), using: &random))
    }
}

extension DelayedTraceKernel: DensityKernel where Base: DensityKernel {
    @inlinable
    public func logDensity(of output: Output, given input: Input) -> Double {
        base.logDensity(of: inner(output: output), given: inner(input: input))
    }
}

extension DelayedTraceKernel: ParametricKernel where Base: ParametricKernel {
    @inlinable public var parameterCount: Int { base.parameterCount }
    @inlinable public var parameters: [Double] { base.parameters }

    @inlinable
    public func with(parameters: [Double]) -> DelayedTraceKernel {
        DelayedTraceKernel(base.with(parameters: parameters))
    }

    @inlinable
    public func addGradient(
        of output: Output, given input: Input, scale: Double, to gradient: inout [Double], at offset: Int
    ) {
        base.addGradient(of: inner(output: output), given: inner(input: input), scale: scale, to: &gradient, at: offset)
    }
}

extension DelayedTraceKernel: ChoiceKernel where Base: ChoiceKernel {
    @inlinable
    public func choose<Source: ChoiceSource>(_ input: Input, using source: inout Source) throws(WeightError) -> Output {
        outer(try base.choose(inner(input: input), using: &source))
    }
}
