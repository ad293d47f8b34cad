/// A differentiable map with parameters between spaces of numbers.
///
///     y = f(θ, x),   θ in R^parameterCount,  x in R^inputCount,  y in R^outputCount
///
/// Written once, for every ``SmoothScalar``:
///
///     struct Square: SmoothMap {
///         var parameterCount: Int { 0 }
///         var inputCount: Int { 1 }
///         var outputCount: Int { 1 }
///         func apply<Scalar: SmoothScalar>(_ parameters: Span<Scalar>, to input: Span<Scalar>) -> [Scalar] {
///             [input[0] * input[0]]
///         }
///     }
///
/// Smooth maps compose with `>>>` (sequence) and `***` (side by side, inputs and outputs concatenated); parameters add
/// up, the first map's first. With concatenation both are strictly associative: no brackets have to be moved.
/// `tangent` is the derivative, a smooth map again; `pullback` its transpose.
public protocol SmoothMap: Sendable {
    /// How many parameters there are.
    var parameterCount: Int { get }
    /// How many numbers go in.
    var inputCount: Int { get }
    /// How many numbers come out.
    var outputCount: Int { get }

    /// The output, `[outputCount]`, for the parameters, `[parameterCount]`, and the input, `[inputCount]`.
    func apply<Scalar: SmoothScalar>(_ parameters: Span<Scalar>, to input: Span<Scalar>) -> [Scalar]

    /// The derivative's transpose: adds `J_θᵀ cotangent` to `gradient[offset ..< offset + parameterCount]`.
    ///
    /// There is a default that records ``apply(_:to:)`` on a ``Tape``; write it by hand for speed.
    /// - Parameter cotangent: `[outputCount]`.
    /// - Returns: `J_xᵀ cotangent`, `[inputCount]`.
    func pullback(
        _ cotangent: Span<Double>, parameters: Span<Double>, input: Span<Double>, addingTo gradient: inout [Double],
        at offset: Int
    ) -> [Double]
}

extension SmoothMap {
    @inlinable
    public func pullback(
        _ cotangent: Span<Double>, parameters: Span<Double>, input: Span<Double>, addingTo gradient: inout [Double],
        at offset: Int
    ) -> [Double] {
        tapedPullback(cotangent, parameters: parameters, input: input, addingTo: &gradient, at: offset)
    }

    /// The derivative's transpose from a record of the whole computation; what a ``pullback(_:parameters:input:addingTo:at:)``
    /// written by hand is held to.
    @inlinable
    public func tapedPullback(
        _ cotangent: Span<Double>, parameters: Span<Double>, input: Span<Double>, addingTo gradient: inout [Double],
        at offset: Int
    ) -> [Double] {
        let tape = Tape()
        var variables: [TapedScalar] = []
        variables.reserveCapacity(parameters.count + input.count)
        for index in parameters.indices { variables.append(tape.variable(parameters[index])) }
        for index in input.indices { variables.append(tape.variable(input[index])) }
        let (end, all) = (parameters.count, variables.span)
        let outputs = apply(all.extracting(0..<end), to: all.extracting(end..<all.count))
        let adjoints = tape.adjoints(of: outputs, cotangent: cotangent)
        for index in 0..<end { gradient[offset + index] += adjoints[index] }
        return Array(adjoints[end..<end + input.count])
    }

    /// The output, `[outputCount]`, for the parameters, `[parameterCount]`, and the input, `[inputCount]`.
    @inlinable
    public func callAsFunction(_ parameters: [Double], _ input: [Double]) -> [Double] {
        precondition(
            parameters.count == parameterCount && input.count == inputCount,
            "a smooth map of \(parameterCount) parameters and \(inputCount) inputs was given \(parameters.count) and \(input.count)"
        )
        return apply(parameters.span, to: input.span)
    }

    /// The derivative's transpose at `input`, `[inputCount]`.
    /// - Parameter cotangent: `[outputCount]`.
    /// - Returns: `J_θᵀ cotangent` (`first`) and `J_xᵀ cotangent` (`second`).
    @inlinable
    public func pullback(_ cotangent: [Double], parameters: [Double], input: [Double]) -> Pair<[Double], [Double]> {
        precondition(
            parameters.count == parameterCount && input.count == inputCount && cotangent.count == outputCount,
            "a pullback was given \(parameters.count) parameters, \(input.count) inputs, \(cotangent.count) cotangents")
        var gradient = [Double](repeating: 0, count: parameterCount)
        let back = pullback(
            cotangent.span, parameters: parameters.span, input: input.span, addingTo: &gradient, at: 0)
        return Pair(gradient, back)
    }

    /// The derivative at `input` in the direction of the tangents: `J_θ parameterTangents + J_x inputTangents`,
    /// `[outputCount]`.
    @inlinable
    public func derivative(
        parameters: [Double], parameterTangents: [Double], input: [Double], inputTangents: [Double]
    ) -> [Double] {
        let doubled = tangent(
            interleaved(parameters, parameterTangents), interleaved(input, inputTangents))
        return stride(from: 1, to: doubled.count, by: 2).map { doubled[$0] }
    }
}

/// `[v0, w0, v1, w1, ...]`: how a ``TangentMap`` takes values and their tangents.
@inlinable
public func interleaved(_ values: [Double], _ tangents: [Double]) -> [Double] {
    precondition(values.count == tangents.count, "there is one tangent for each value")
    var result: [Double] = []
    result.reserveCapacity(2 * values.count)
    for index in values.indices {
        result.append(values[index])
        result.append(tangents[index])
    }
    return result
}
