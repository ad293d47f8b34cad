/// What a sum of outputs changes by, for each number that it depends on.
public struct CausalGradient: Sendable, Equatable {
    /// In the parameters, `[parameterCount]`.
    public var parameters: [Double]
    /// In the inputs, `[steps, inputCount]`.
    public var inputs: [Double]
    /// In the state before the first step, `[stateCount]`.
    public var initial: [Double]
    /// The most states that were held at a time.
    public var statesHeld: Int

    @inlinable
    init(parameters: [Double], inputs: [Double], initial: [Double], statesHeld: Int) {
        self.parameters = parameters
        self.inputs = inputs
        self.initial = initial
        self.statesHeld = statesHeld
    }
}

extension CausalMap {
    /// The gradient of `sum_t cotangents_t . y_t`: backpropagation through time, one step's transpose at a time.
    ///
    /// The derivative runs forward in constant memory; its transpose runs backward and needs the states. All of them are
    /// kept, or with `checkpointEvery: k` only every k-th and those of one stretch, `steps / k + k` in all, for one more
    /// run forward. k near the square root of the steps holds fewest. The numbers are the same to the last bit.
    ///
    /// - Parameters:
    ///   - cotangents: `[steps, outputCount]`.
    ///   - inputs: `[steps, inputCount]`.
    /// - Throws: `SmoothMapError` where counts don't fit, or a state or gradient is not finite.
    /// - Source: Griewank and Walther (2008), "Evaluating Derivatives", on checkpointing.
    @inlinable
    public func gradient(
        of cotangents: [Double], inputs: [Double], parameters: [Double] = [], checkpointEvery stretch: Int = 1
    ) throws(SmoothMapError) -> CausalGradient {
        precondition(parameters.count == parameterCount, "a causal map was given a wrong number of parameters")
        precondition(stretch >= 1, "a stretch between checkpoints has one step at least")
        let steps = try stepCount(inputs, "the inputs", inputCount)
        guard try stepCount(cotangents, "the cotangents", outputCount) == steps else {
            throw .wrongCount(what: "the cotangents", found: cotangents.count, expected: "\(steps * outputCount)")
        }
        func input(_ step: Int) -> Range<Int> { step * inputCount..<(step + 1) * inputCount }

        var checkpoints: [[Double]] = []
        var state = initial
        for index in 0..<steps {
            if index.isMultiple(of: stretch) { checkpoints.append(state) }
            _ = step(&state, inputs.span.extracting(input(index)), parameters: parameters.span)
            try check(state, index, "the state")
        }

        var gradient = CausalGradient(
            parameters: [Double](repeating: 0, count: parameterCount),
            inputs: [Double](repeating: 0, count: inputs.count), initial: [], statesHeld: 0)
        var carried = [Double](repeating: 0, count: stateCount)
        while let checkpoint = checkpoints.popLast() {
            let begin = checkpoints.count * stretch
            let end = min(begin + stretch, steps)
            var states = [checkpoint]
            for index in begin..<end - 1 {
                var next = states[index - begin]
                _ = step(&next, inputs.span.extracting(input(index)), parameters: parameters.span)
                states.append(next)
            }
            gradient.statesHeld = max(gradient.statesHeld, checkpoints.count + states.count)
            for index in (begin..<end).reversed() {
                carried += cotangents[index * outputCount..<(index + 1) * outputCount]
                let taken = states[index - begin] + inputs[input(index)]
                let back = base.pullback(
                    carried.span, parameters: parameters.span, input: taken.span, addingTo: &gradient.parameters, at: 0)
                carried = Array(back[..<stateCount])
                gradient.inputs.replaceSubrange(input(index), with: back[stateCount...])
                try check(back, index, "the gradient")
            }
        }
        try check(gradient.parameters, 0, "the parameters' gradient")
        gradient.initial = carried
        return gradient
    }

    /// The whole series as one smooth map, from `[steps, inputCount]` to `[steps, outputCount]`.
    @inlinable
    public func unrolled(steps: Int) -> UnrolledMap<Base> { UnrolledMap(self, steps: steps) }
}

/// A causal map over a series of fixed length as one smooth map: the network unrolled.
///
/// Its tape records every step, so `tapedPullback` is backpropagation through the unrolled network; `pullback` gives the
/// same from the steps' transposes.
public struct UnrolledMap<Base: SmoothMap>: SmoothMap {
    /// The causal map.
    public var causal: CausalMap<Base>
    /// How many steps the series has.
    public let steps: Int

    /// `causal` over `steps` steps.
    @inlinable
    public init(_ causal: CausalMap<Base>, steps: Int) {
        precondition(steps >= 0, "a series has no negative length")
        self.causal = causal
        self.steps = steps
    }

    @inlinable public var parameterCount: Int { causal.parameterCount }
    @inlinable public var inputCount: Int { steps * causal.inputCount }
    @inlinable public var outputCount: Int { steps * causal.outputCount }

    @inlinable
    public func apply<Scalar: SmoothScalar>(_ parameters: Span<Scalar>, to input: Span<Scalar>) -> [Scalar] {
        var state = causal.initial.map { Scalar($0) }
        var outputs: [Scalar] = []
        outputs.reserveCapacity(outputCount)
        for step in 0..<steps {
            for index in step * causal.inputCount..<(step + 1) * causal.inputCount { state.append(input[index]) }
            let result = causal.base.apply(parameters, to: state.span)
            state = Array(result[..<causal.stateCount])
            outputs += result[causal.stateCount...]
        }
        return outputs
    }

    /// By ``CausalMap/gradient(of:inputs:parameters:checkpointEvery:)``; all `NaN` where that finds no finite gradient.
    @inlinable
    public func pullback(
        _ cotangent: Span<Double>, parameters: Span<Double>, input: Span<Double>, addingTo gradient: inout [Double],
        at offset: Int
    ) -> [Double] {
        do {
            let result = try causal.gradient(
                of: Array(copying: cotangent), inputs: Array(copying: input), parameters: Array(copying: parameters))
            for index in 0..<parameterCount { gradient[offset + index] += result.parameters[index] }
            return result.inputs
        } catch {
            for index in 0..<parameterCount { gradient[offset + index] = .nan }
            return [Double](repeating: .nan, count: inputCount)
        }
    }
}

extension Array {
    /// The numbers of a span as an array.
    @inlinable
    init(copying span: Span<Element>) where Element == Double {
        self = []
        reserveCapacity(span.count)
        for index in span.indices { append(span[index]) }
    }
}
