/// A matrix and a shift, both parameters.
///
///     y_i = b_i + sum_j W_ij x_j
///
/// Parameters: `W`, `[outputs, inputs]`, then `b`, `[outputs]`.
public struct AffineMap: SmoothMap, Hashable, Codable {
    /// How many numbers go in.
    public let inputCount: Int
    /// How many numbers come out.
    public let outputCount: Int

    /// An affine map from `inputs` numbers to `outputs`.
    public init(inputs: Int, outputs: Int) {
        precondition(inputs >= 0 && outputs >= 0, "counts are not negative")
        inputCount = inputs
        outputCount = outputs
    }

    @inlinable public var parameterCount: Int { outputCount * (inputCount + 1) }

    @inlinable
    public func apply<Scalar: SmoothScalar>(_ parameters: Span<Scalar>, to input: Span<Scalar>) -> [Scalar] {
        let shift = outputCount * inputCount
        var output: [Scalar] = []
        output.reserveCapacity(outputCount)
        for row in 0..<outputCount {
            var sum = parameters[shift + row]
            for column in 0..<inputCount { sum = sum + parameters[row * inputCount + column] * input[column] }
            output.append(sum)
        }
        return output
    }

    public func pullback(
        _ cotangent: Span<Double>, parameters: Span<Double>, input: Span<Double>, addingTo gradient: inout [Double],
        at offset: Int
    ) -> [Double] {
        var back = [Double](repeating: 0, count: inputCount)
        for row in 0..<outputCount {
            let weight = cotangent[row]
            for column in 0..<inputCount {
                gradient[offset + row * inputCount + column] += weight * input[column]
                back[column] += weight * parameters[row * inputCount + column]
            }
            gradient[offset + outputCount * inputCount + row] += weight
        }
        return back
    }
}
