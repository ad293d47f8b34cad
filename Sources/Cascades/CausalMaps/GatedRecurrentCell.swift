/// One step of a gated recurrent unit: gates say how much of the old state stays.
///
///     r = σ(b_r + U_r h + W_r x),  z = σ(b_z + U_z h + W_z x)
///     n = tanh(b_n + W_n x + r * (c + U_n h))
///     h' = n + z * (h - n),  y = h'
///
/// Parameters: for each of r, z, n and each hidden unit a row `U` (`[hidden]`), `W` (`[inputs]`), `b`; then `c`,
/// `[hidden]`. Source: Cho et al. (2014), arXiv 1406.1078; with `r` inside, after the product, as common libraries do.
public struct GatedRecurrentCell: SmoothMap, Hashable, Codable {
    /// How many numbers come in at each step, besides the state.
    public let inputs: Int
    /// How many numbers the state has.
    public let hidden: Int

    /// A cell.
    public init(inputs: Int, hidden: Int) {
        precondition(inputs >= 0 && hidden > 0, "a cell has one hidden unit at least")
        self.inputs = inputs
        self.hidden = hidden
    }

    @inlinable public var parameterCount: Int { 3 * hidden * (hidden + inputs + 1) + hidden }
    @inlinable public var inputCount: Int { hidden + inputs }
    @inlinable public var outputCount: Int { 2 * hidden }

    /// The causal map of this cell, its state 0 before the first step.
    public var causal: CausalMap<GatedRecurrentCell> {
        CausalMap(self).delayedTrace(from: [Double](repeating: 0, count: hidden))
    }

    /// `U h` and `b + W x` of one unit of one gate.
    @inlinable
    func sums<Scalar: SmoothScalar>(
        _ gate: Int, _ unit: Int, _ parameters: Span<Scalar>, _ input: Span<Scalar>
    ) -> (Scalar, Scalar) {
        let row = (gate * hidden + unit) * (hidden + inputs + 1)
        var (state, rest) = (Scalar(0), parameters[row + hidden + inputs])
        for index in 0..<hidden { state = state + parameters[row + index] * input[index] }
        for index in hidden..<hidden + inputs { rest = rest + parameters[row + index] * input[index] }
        return (state, rest)
    }

    @inlinable
    public func apply<Scalar: SmoothScalar>(_ parameters: Span<Scalar>, to input: Span<Scalar>) -> [Scalar] {
        let last = 3 * hidden * (hidden + inputs + 1)
        var output: [Scalar] = []
        output.reserveCapacity(2 * hidden)
        for unit in 0..<hidden {
            let (resetState, resetRest) = sums(0, unit, parameters, input)
            let (keepState, keepRest) = sums(1, unit, parameters, input)
            let (newState, newRest) = sums(2, unit, parameters, input)
            let reset = (resetState + resetRest).applying(.logistic)
            let keep = (keepState + keepRest).applying(.logistic)
            let new = (newRest + reset * (parameters[last + unit] + newState)).applying(.hyperbolicTangent)
            output.append(new + keep * (input[unit] - new))
        }
        return output + output
    }

    public func pullback(
        _ cotangent: Span<Double>, parameters: Span<Double>, input: Span<Double>, addingTo gradient: inout [Double],
        at offset: Int
    ) -> [Double] {
        let width = hidden + inputs + 1
        let last = 3 * hidden * width
        var back = [Double](repeating: 0, count: hidden + inputs)
        for unit in 0..<hidden {
            let (resetState, resetRest) = sums(0, unit, parameters, input)
            let (keepState, keepRest) = sums(1, unit, parameters, input)
            let (newState, newRest) = sums(2, unit, parameters, input)
            let reset = (resetState + resetRest).applying(.logistic)
            let keep = (keepState + keepRest).applying(.logistic)
            let inner = parameters[last + unit] + newState
            let new = (newRest + reset * inner).applying(.hyperbolicTangent)

            let out = cotangent[unit] + cotangent[hidden + unit]
            let newOut = out * (1 - keep) * (1 - new * new)
            let resetOut = newOut * inner * reset * (1 - reset)
            let keepOut = out * (input[unit] - new) * keep * (1 - keep)
            back[unit] += out * keep
            gradient[offset + last + unit] += newOut * reset
            for gate in 0..<3 {
                let row = (gate * hidden + unit) * width
                // The state's part of the new value passes the reset gate.
                let rest = gate == 0 ? resetOut : gate == 1 ? keepOut : newOut
                let state = gate == 2 ? newOut * reset : rest
                for index in 0..<hidden {
                    gradient[offset + row + index] += state * input[index]
                    back[index] += state * parameters[row + index]
                }
                for index in hidden..<hidden + inputs {
                    gradient[offset + row + index] += rest * input[index]
                    back[index] += rest * parameters[row + index]
                }
                gradient[offset + row + width - 1] += rest
            }
        }
        return back
    }
}
