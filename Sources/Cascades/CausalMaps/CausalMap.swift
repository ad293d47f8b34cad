/// A computation over a series whose n-th output depends on the first n inputs only: a step with a state.
///
///     (s_t, y_t) = f(θ, (s_{t-1}, x_t)),  s_0 = initial
///
/// `base` takes the state and then the input, and gives the next state and then the output. Recurrent networks, filters
/// and controllers are of this kind. They compose with `>>>` and `***`, where states and parameters add up; feedback is
/// ``delayedTrace(from:)``; the derivative, ``tangent``, is a causal map again, with the state and its tangent as state.
///
/// Two causal maps are equal when they give the same outputs for the same inputs, whatever their states.
/// Source: Sprunger and Katsumata (2019), "Differentiable causal computations via delayed trace", arXiv 1903.01093.
public struct CausalMap<Base: SmoothMap>: Sendable {
    /// One step.
    public var base: Base
    /// The state before the first step, `[stateCount]`.
    public let initial: [Double]

    /// The causal map whose step is `base` and whose state begins as `initial`; without state, `base` at every step.
    @inlinable
    public init(_ base: Base, initial: [Double] = []) {
        precondition(
            base.inputCount >= initial.count && base.outputCount >= initial.count,
            "a step takes its state of \(initial.count) numbers and gives the next")
        self.base = base
        self.initial = initial
    }

    /// How many numbers the state has.
    @inlinable public var stateCount: Int { initial.count }
    /// How many parameters there are.
    @inlinable public var parameterCount: Int { base.parameterCount }
    /// How many numbers go in at each step.
    @inlinable public var inputCount: Int { base.inputCount - stateCount }
    /// How many numbers come out at each step.
    @inlinable public var outputCount: Int { base.outputCount - stateCount }

    /// One step: replaces `state`, `[stateCount]`, and returns the output, `[outputCount]`.
    ///
    /// - Complexity: that of `base`, whatever came before.
    @inlinable
    public func step(_ state: inout [Double], _ input: Span<Double>, parameters: Span<Double>) -> [Double] {
        for index in input.indices { state.append(input[index]) }
        let result = base.apply(parameters, to: state.span)
        state.removeAll(keepingCapacity: true)
        state.append(contentsOf: result[..<stateCount])
        return Array(result[stateCount...])
    }

    /// The outputs, `[steps, outputCount]`, for the inputs, `[steps, inputCount]`.
    /// - Throws: `SmoothMapError` where the inputs don't fill whole steps, or a state or output is not finite.
    @inlinable
    public func run(_ inputs: [Double], parameters: [Double] = []) throws(SmoothMapError) -> [Double] {
        precondition(parameters.count == parameterCount, "a causal map was given a wrong number of parameters")
        let steps = try stepCount(inputs, "the inputs", inputCount)
        var (state, outputs): ([Double], [Double]) = (initial, [])
        outputs.reserveCapacity(steps * outputCount)
        for index in 0..<steps {
            let input = inputs.span.extracting(index * inputCount..<(index + 1) * inputCount)
            outputs += step(&state, input, parameters: parameters.span)
            try check(state, index, "the state")
        }
        for index in outputs.indices where !outputs[index].isFinite {
            throw .notFinite(what: "the output", place: "step \(index / outputCount)")
        }
        return outputs
    }

    /// How many steps `numbers` fill.
    @inlinable
    func stepCount(_ numbers: [Double], _ what: String, _ width: Int) throws(SmoothMapError) -> Int {
        // Without inputs there is nothing to tell the steps by.
        precondition(width > 0, "a causal map needs one input and one output at least")
        guard numbers.count.isMultiple(of: width) else {
            throw .wrongCount(what: what, found: numbers.count, expected: "a multiple of \(width)")
        }
        return numbers.count / width
    }

    @inlinable
    func check(_ numbers: [Double], _ step: Int, _ what: String) throws(SmoothMapError) {
        for number in numbers where !number.isFinite { throw .notFinite(what: what, place: "step \(step)") }
    }

    /// Feedback: the first numbers that go out at one step go in first at the next, beginning with `first`.
    ///
    ///     dtr(f): the y of f((s, t), x) = ((s', t'), y), with (s, t) as the state
    ///
    /// All that changes is what counts as state: the step stays the same map. The delay makes sure that nothing waits
    /// for itself. Feeding back an exchange, `swap`, is not the identity, as with a trace, but a delay by one step.
    @inlinable
    public func delayedTrace(from first: [Double]) -> CausalMap {
        precondition(
            inputCount >= first.count && outputCount >= first.count,
            "what is fed back goes out at one step and in at the next")
        return CausalMap(base, initial: initial + first)
    }

    /// The derivative along with the map itself, on values interleaved with their tangents, without unrolling.
    ///
    /// Its state is the state and the state's tangent, which begins at 0: nothing else of the past is kept, so each step
    /// costs the same. It respects `>>>`, `***` and ``delayedTrace(from:)``.
    @inlinable
    public var tangent: CausalMap<TangentMap<Base>> {
        CausalMap<TangentMap<Base>>(
            base.tangent, initial: interleaved(initial, [Double](repeating: 0, count: stateCount)))
    }

    /// The derivative of the outputs, `[steps, outputCount]`, in the direction of the tangents.
    /// - Parameters:
    ///   - inputs, inputTangents: `[steps, inputCount]`.
    ///   - parameters, parameterTangents: `[parameterCount]`.
    /// - Throws: as ``run(_:parameters:)``.
    @inlinable
    public func derivative(
        _ inputs: [Double], inputTangents: [Double], parameters: [Double] = [], parameterTangents: [Double] = []
    ) throws(SmoothMapError) -> [Double] {
        guard inputs.count == inputTangents.count else {
            throw .wrongCount(what: "the inputs' tangents", found: inputTangents.count, expected: "\(inputs.count)")
        }
        let doubled = try tangent.run(
            interleaved(inputs, inputTangents), parameters: interleaved(parameters, parameterTangents))
        return stride(from: 1, to: doubled.count, by: 2).map { doubled[$0] }
    }

    /// The same computation as a kernel over series, without chance: `[input]` to the pairs of state and output.
    public func traced(
        parameters: [Double] = []
    ) -> TracedKernel<FunctionKernel<Pair<[Double], [Double]>, Pair<[Double], [Double]>>, [Double], [Double], [Double]>
    {
        let (base, count) = (base, stateCount)
        return FunctionKernel { (input: Pair<[Double], [Double]>) in
            let result = base(parameters, input.first + input.second)
            return Pair(Array(result[..<count]), Array(result[count...]))
        }.traced(from: initial)
    }
}
