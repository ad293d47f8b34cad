public import Probability

extension Kernel {
    /// This kernel run over a series: the state that it gives at one step is the state that it takes at the next.
    @inlinable
    public func traced<State, Step, Result>(from initial: State) -> TracedKernel<Self, State, Step, Result>
    where Input == Pair<State, Step>, Output == Pair<State, Result> {
        TracedKernel(self, initial: initial)
    }
}

/// A kernel with feedback, run over a series of inputs.
///
///     (s_t, y_t) ~ p(. | s_{t-1}, x_t),  t = 1 ... T;   ln p = sum_t ln p(s_t, y_t | s_{t-1}, x_t)
///
/// Takes `x_1 ... x_T` and gives the pairs `(s_t, y_t)`, states included, so that the density is exact.
public struct TracedKernel<Base: Kernel, State: Sendable, Step, Result>: Kernel
where Base.Input == Pair<State, Step>, Base.Output == Pair<State, Result> {
    /// One step.
    public var base: Base
    /// The state before the first step.
    public var initial: State

    /// `base` fed back, from the state `initial`.
    @inlinable
    public init(_ base: Base, initial: State) {
        self.base = base
        self.initial = initial
    }

    @inlinable
    public func sample(_ input: [Step], using random: inout Random) -> [Pair<State, Result>] {
        var outputs: [Pair<State, Result>] = []
        outputs.reserveCapacity(input.count)
        var state = initial
        for step in input {
            let output = base.sample(Pair(state, step), using: &random)
            state = output.first
            outputs.append(output)
        }
        return outputs
    }
}

extension TracedKernel: DensityKernel where Base: DensityKernel {
    /// −infinity where there isn't one output for each input.
    @inlinable
    public func logDensity(of output: [Pair<State, Result>], given input: [Step]) -> Double {
        if output.count != input.count { return -.infinity }
        var total = 0.0
        var state = initial
        for index in input.indices {
            total += base.logDensity(of: output[index], given: Pair(state, input[index]))
            state = output[index].first
        }
        return total
    }
}

extension TracedKernel: ParametricKernel where Base: ParametricKernel {
    @inlinable public var parameterCount: Int { base.parameterCount }
    @inlinable public var parameters: [Double] { base.parameters }

    @inlinable
    public func with(parameters: [Double]) -> TracedKernel {
        TracedKernel(base.with(parameters: parameters), initial: initial)
    }

    @inlinable
    public func addGradient(
        of output: [Pair<State, Result>], given input: [Step], scale: Double, to gradient: inout [Double],
        at offset: Int
    ) {
        precondition(output.count == input.count, "a traced kernel gives one output for each input")
        var state = initial
        for index in input.indices {
            base.addGradient(
                of: output[index], given: Pair(state, input[index]), scale: scale, to: &gradient, at: offset)
            state = output[index].first
        }
    }
}

extension TracedKernel: ChoiceKernel where Base: ChoiceKernel {
    @inlinable
    public func choose<Source: ChoiceSource>(
        _ input: [Step], using source: inout Source
    ) throws(WeightError) -> [Pair<State, Result>] {
        var outputs: [Pair<State, Result>] = []
        outputs.reserveCapacity(input.count)
        var state = initial
        for step in input {
            let output = try base.choose(Pair(state, step), using: &source)
            state = output.first
            outputs.append(output)
        }
        return outputs
    }
}
