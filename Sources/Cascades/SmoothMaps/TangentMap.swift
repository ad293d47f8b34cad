extension SmoothMap {
    /// The derivative along with the map itself: values and tangents in, values and tangents out.
    @inlinable
    public var tangent: TangentMap<Self> { TangentMap(self) }
}

/// A smooth map and its derivative, on values interleaved with their tangents.
///
///     T f (x, dx) = (f(x), J_f(x) dx),   laid out x0 dx0 x1 dx1 ...
///
/// Interleaved, `T(R^m x R^n)` is `T(R^m) x T(R^n)` without moving anything, so `T` respects both compositions exactly:
/// `T(f >>> g) = T f >>> T g` is the chain rule. Taken twice it gives second derivatives.
/// Source: Blute, Cockett and Seely (2009), "Cartesian differential categories".
public struct TangentMap<Base: SmoothMap>: SmoothMap {
    /// The map.
    public var base: Base

    /// The tangent of `base`.
    @inlinable
    public init(_ base: Base) { self.base = base }

    @inlinable public var parameterCount: Int { 2 * base.parameterCount }
    @inlinable public var inputCount: Int { 2 * base.inputCount }
    @inlinable public var outputCount: Int { 2 * base.outputCount }

    @inlinable
    public func apply<Scalar: SmoothScalar>(_ parameters: Span<Scalar>, to input: Span<Scalar>) -> [Scalar] {
        func paired(_ numbers: Span<Scalar>) -> [Dual<Scalar>] {
            var result: [Dual<Scalar>] = []
            result.reserveCapacity(numbers.count / 2)
            var index = 0
            while index + 1 < numbers.count {
                result.append(Dual(numbers[index], tangent: numbers[index + 1]))
                index += 2
            }
            return result
        }
        let output = base.apply(paired(parameters).span, to: paired(input).span)
        var result: [Scalar] = []
        result.reserveCapacity(2 * output.count)
        for number in output {
            result.append(number.value)
            result.append(number.tangent)
        }
        return result
    }
}
