/// A number and its derivative in one direction: what forward differentiation computes with.
///
/// Duals of duals carry second derivatives, and so on.
public struct Dual<Scalar: SmoothScalar>: SmoothScalar {
    /// The number.
    public var value: Scalar
    /// Its derivative.
    public var tangent: Scalar

    /// `value`, changing at the rate `tangent`.
    @inlinable
    public init(_ value: Scalar, tangent: Scalar) {
        self.value = value
        self.tangent = tangent
    }

    @inlinable
    public init(_ constant: Double) { self.init(Scalar(constant), tangent: Scalar(0)) }

    @inlinable
    public static func + (left: Dual, right: Dual) -> Dual {
        Dual(left.value + right.value, tangent: left.tangent + right.tangent)
    }

    @inlinable
    public static func - (left: Dual, right: Dual) -> Dual {
        Dual(left.value - right.value, tangent: left.tangent - right.tangent)
    }

    @inlinable
    public static func * (left: Dual, right: Dual) -> Dual {
        Dual(left.value * right.value, tangent: left.tangent * right.value + left.value * right.tangent)
    }

    @inlinable
    public static func / (left: Dual, right: Dual) -> Dual {
        let quotient = left.value / right.value
        return Dual(quotient, tangent: (left.tangent - quotient * right.tangent) / right.value)
    }

    @inlinable
    public static prefix func - (number: Dual) -> Dual { Dual(-number.value, tangent: -number.tangent) }

    @inlinable
    public func applying(_ function: ElementaryFunction) -> Dual {
        let result = value.applying(function)
        return Dual(result, tangent: function.derivative(at: value, value: result) * tangent)
    }
}

extension Dual: Sendable where Scalar: Sendable {}
extension Dual: Equatable where Scalar: Equatable {}
