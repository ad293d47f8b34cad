/// Both maps side by side, each on its part of the input.
@inlinable
public func *** <First: SmoothMap, Second: SmoothMap>(
    _ first: First, _ second: Second
) -> SmoothProduct<First, Second> { SmoothProduct(first, second) }

/// Two smooth maps side by side.
///
///     f(θ1 ++ θ2, x1 ++ x2) = f1(θ1, x1) ++ f2(θ2, x2)
public struct SmoothProduct<First: SmoothMap, Second: SmoothMap>: SmoothMap {
    /// What runs on the first part.
    public var first: First
    /// What runs on the rest.
    public var second: Second

    /// `first` beside `second`.
    @inlinable
    public init(_ first: First, _ second: Second) {
        self.first = first
        self.second = second
    }

    @inlinable public var parameterCount: Int { first.parameterCount + second.parameterCount }
    @inlinable public var inputCount: Int { first.inputCount + second.inputCount }
    @inlinable public var outputCount: Int { first.outputCount + second.outputCount }

    @inlinable
    public func apply<Scalar: SmoothScalar>(_ parameters: Span<Scalar>, to input: Span<Scalar>) -> [Scalar] {
        let (cut, edge) = (first.parameterCount, first.inputCount)
        return first.apply(parameters.extracting(0..<cut), to: input.extracting(0..<edge))
            + second.apply(
                parameters.extracting(cut..<parameters.count), to: input.extracting(edge..<input.count))
    }

    @inlinable
    public func pullback(
        _ cotangent: Span<Double>, parameters: Span<Double>, input: Span<Double>, addingTo gradient: inout [Double],
        at offset: Int
    ) -> [Double] {
        let (cut, edge, end) = (first.parameterCount, first.inputCount, first.outputCount)
        return first.pullback(
            cotangent.extracting(0..<end), parameters: parameters.extracting(0..<cut),
            input: input.extracting(0..<edge), addingTo: &gradient, at: offset)
            + second.pullback(
                cotangent.extracting(end..<cotangent.count), parameters: parameters.extracting(cut..<parameters.count),
                input: input.extracting(edge..<input.count), addingTo: &gradient, at: offset + cut)
    }
}
