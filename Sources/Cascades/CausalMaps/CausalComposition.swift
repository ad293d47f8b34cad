/// `first`, then `second` on what it gave, step by step.
@inlinable
public func >>> <First: SmoothMap, Second: SmoothMap>(
    _ first: CausalMap<First>, _ second: CausalMap<Second>
) -> CausalMap<CausalSequence<First, Second>> {
    CausalMap(
        CausalSequence(first.base, second.base, firstState: first.stateCount, secondState: second.stateCount),
        initial: first.initial + second.initial)
}

/// Both causal maps side by side, each on its part of the input.
@inlinable
public func *** <First: SmoothMap, Second: SmoothMap>(
    _ first: CausalMap<First>, _ second: CausalMap<Second>
) -> CausalMap<CausalProduct<First, Second>> {
    CausalMap(
        CausalProduct(first.base, second.base, firstState: first.stateCount, secondState: second.stateCount),
        initial: first.initial + second.initial)
}

/// One step of a causal map and then one of another.
///
///     (s1, s2, x) -> (s1', s2', z)  where  (s1', y) = f1(s1, x),  (s2', z) = f2(s2, y)
public struct CausalSequence<First: SmoothMap, Second: SmoothMap>: SmoothMap {
    /// What runs first.
    public var first: First
    /// What runs on its output.
    public var second: Second
    /// How many numbers the first state has.
    public let firstState: Int
    /// How many numbers the second state has.
    public let secondState: Int

    @inlinable
    init(_ first: First, _ second: Second, firstState: Int, secondState: Int) {
        precondition(
            first.outputCount - firstState == second.inputCount - secondState,
            "a causal map can't follow one that gives another number of outputs")
        self.first = first
        self.second = second
        self.firstState = firstState
        self.secondState = secondState
    }

    @inlinable public var parameterCount: Int { first.parameterCount + second.parameterCount }
    @inlinable public var inputCount: Int { first.inputCount + secondState }
    @inlinable public var outputCount: Int { firstState + second.outputCount }

    /// What the first map takes of the input.
    @inlinable
    func firstInput<Scalar>(_ input: Span<Scalar>) -> [Scalar] {
        joined(input, 0..<firstState, input, firstState + secondState..<input.count)
    }

    @inlinable
    public func apply<Scalar: SmoothScalar>(_ parameters: Span<Scalar>, to input: Span<Scalar>) -> [Scalar] {
        let cut = first.parameterCount
        let one = first.apply(parameters.extracting(0..<cut), to: firstInput(input).span)
        let middle = joined(input, firstState..<firstState + secondState, one.span, firstState..<one.count)
        let two = second.apply(parameters.extracting(cut..<parameters.count), to: middle.span)
        return one[..<firstState] + two
    }

    @inlinable
    public func pullback(
        _ cotangent: Span<Double>, parameters: Span<Double>, input: Span<Double>, addingTo gradient: inout [Double],
        at offset: Int
    ) -> [Double] {
        let cut = first.parameterCount
        let taken = firstInput(input)
        let one = first.apply(parameters.extracting(0..<cut), to: taken.span)
        let middle = joined(input, firstState..<firstState + secondState, one.span, firstState..<one.count)
        let two = second.pullback(
            cotangent.extracting(firstState..<cotangent.count),
            parameters: parameters.extracting(cut..<parameters.count),
            input: middle.span, addingTo: &gradient, at: offset + cut)
        let back = first.pullback(
            joined(cotangent, 0..<firstState, two.span, secondState..<two.count).span,
            parameters: parameters.extracting(0..<cut), input: taken.span, addingTo: &gradient, at: offset)
        let states = joined(back.span, 0..<firstState, two.span, 0..<secondState)
        return states + back[firstState...]
    }
}

/// One step of two causal maps side by side.
///
///     (s1, s2, x1, x2) -> (s1', s2', y1, y2)
public struct CausalProduct<First: SmoothMap, Second: SmoothMap>: SmoothMap {
    /// What runs on the first part.
    public var first: First
    /// What runs on the rest.
    public var second: Second
    /// How many numbers the first state has.
    public let firstState: Int
    /// How many numbers the second state has.
    public let secondState: Int

    @inlinable
    init(_ first: First, _ second: Second, firstState: Int, secondState: Int) {
        self.first = first
        self.second = second
        self.firstState = firstState
        self.secondState = secondState
    }

    @inlinable public var parameterCount: Int { first.parameterCount + second.parameterCount }
    @inlinable public var inputCount: Int { first.inputCount + second.inputCount }
    @inlinable public var outputCount: Int { first.outputCount + second.outputCount }

    /// `(s1, s2, v1, v2)` as `(s1, v1)` and `(s2, v2)`, where `(s1, v1)` has `count` numbers.
    @inlinable
    func parted<Scalar>(_ numbers: Span<Scalar>, _ count: Int) -> ([Scalar], [Scalar]) {
        let (states, edge) = (firstState + secondState, secondState + count)
        return (
            joined(numbers, 0..<firstState, numbers, states..<edge),
            joined(numbers, firstState..<states, numbers, edge..<numbers.count)
        )
    }

    @inlinable
    func merged<Scalar>(_ one: [Scalar], _ two: [Scalar]) -> [Scalar] {
        joined(one.span, 0..<firstState, two.span, 0..<secondState)
            + joined(one.span, firstState..<one.count, two.span, secondState..<two.count)
    }

    @inlinable
    public func apply<Scalar: SmoothScalar>(_ parameters: Span<Scalar>, to input: Span<Scalar>) -> [Scalar] {
        let cut = first.parameterCount
        let (left, right) = parted(input, first.inputCount)
        return merged(
            first.apply(parameters.extracting(0..<cut), to: left.span),
            second.apply(parameters.extracting(cut..<parameters.count), to: right.span))
    }

    @inlinable
    public func pullback(
        _ cotangent: Span<Double>, parameters: Span<Double>, input: Span<Double>, addingTo gradient: inout [Double],
        at offset: Int
    ) -> [Double] {
        let cut = first.parameterCount
        let (left, right) = parted(input, first.inputCount)
        let (one, two) = parted(cotangent, first.outputCount)
        return merged(
            first.pullback(
                one.span, parameters: parameters.extracting(0..<cut), input: left.span, addingTo: &gradient, at: offset),
            second.pullback(
                two.span, parameters: parameters.extracting(cut..<parameters.count), input: right.span,
                addingTo: &gradient, at: offset + cut))
    }
}

/// Two stretches of numbers, one after the other.
@inlinable
func joined<Scalar>(
    _ one: Span<Scalar>, _ first: Range<Int>, _ two: Span<Scalar>, _ second: Range<Int>
) -> [Scalar] {
    var result: [Scalar] = []
    result.reserveCapacity(first.count + second.count)
    for index in first { result.append(one[index]) }
    for index in second { result.append(two[index]) }
    return result
}
