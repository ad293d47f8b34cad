/// `first`, then `second` on what it gave.
@inlinable
public func >>> <First: SmoothMap, Second: SmoothMap>(
    _ first: First, _ second: Second
) -> SmoothSequence<First, Second> { SmoothSequence(first, second) }

/// One smooth map after another.
///
///     f(θ1 ++ θ2, x) = f2(θ2, f1(θ1, x))
public struct SmoothSequence<First: SmoothMap, Second: SmoothMap>: SmoothMap {
    /// What runs first.
    public var first: First
    /// What runs on its output.
    public var second: Second

    /// `first`, then `second`.
    @inlinable
    public init(_ first: First, _ second: Second) {
        precondition(
            first.outputCount == second.inputCount,
            "a map that takes \(second.inputCount) numbers can't follow one that gives \(first.outputCount)")
        self.first = first
        self.second = second
    }

    @inlinable public var parameterCount: Int { first.parameterCount + second.parameterCount }
    @inlinable public var inputCount: Int { first.inputCount }
    @inlinable public var outputCount: Int { second.outputCount }

    @inlinable
    public func apply<Scalar: SmoothScalar>(_ parameters: Span<Scalar>, to input: Span<Scalar>) -> [Scalar] {
        let cut = first.parameterCount
        let middle = first.apply(parameters.extracting(0..<cut), to: input)
        return second.apply(parameters.extracting(cut..<parameters.count), to: middle.span)
    }

    /// The chain rule.
    @inlinable
    public func pullback(
        _ cotangent: Span<Double>, parameters: Span<Double>, input: Span<Double>, addingTo gradient: inout [Double],
        at offset: Int
    ) -> [Double] {
        let cut = first.parameterCount
        let (head, tail) = (parameters.extracting(0..<cut), parameters.extracting(cut..<parameters.count))
        let middle = first.apply(head, to: input)
        let back = second.pullback(
            cotangent, parameters: tail, input: middle.span, addingTo: &gradient, at: offset + cut)
        return first.pullback(back.span, parameters: head, input: input, addingTo: &gradient, at: offset)
    }
}
