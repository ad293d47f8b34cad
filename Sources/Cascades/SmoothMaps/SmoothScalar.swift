import Foundation

/// A number that smooth maps are written over: a `Double`, or one that also carries a derivative.
///
/// Whoever writes a ``SmoothMap`` once for every `SmoothScalar` gets its derivatives forward (``Dual``, to any order)
/// and backward (``TapedScalar``).
public protocol SmoothScalar {
    /// A constant: its derivative is 0.
    init(_ constant: Double)

    static func + (left: Self, right: Self) -> Self
    static func - (left: Self, right: Self) -> Self
    static func * (left: Self, right: Self) -> Self
    static func / (left: Self, right: Self) -> Self
    static prefix func - (value: Self) -> Self

    /// `function` of this number.
    func applying(_ function: ElementaryFunction) -> Self
}

/// A function of one number, with its derivative.
public enum ElementaryFunction: String, Sendable, CaseIterable, Codable {
    case exponential, logarithm, squareRoot, sine, cosine, hyperbolicTangent
    /// `1 / (1 + exp(-x))`.
    case logistic

    /// The function of `x`.
    public func callAsFunction(_ x: Double) -> Double {
        switch self {
        case .exponential: exp(x)
        case .logarithm: log(x)
        case .squareRoot: x.squareRoot()
        case .sine: sin(x)
        case .cosine: cos(x)
        case .hyperbolicTangent: tanh(x)
        case .logistic: 1 / (1 + exp(-x))
        }
    }

    /// The derivative at `x`, where the function's value is `value`; smooth again, so that derivatives nest.
    @inlinable
    public func derivative<Scalar: SmoothScalar>(at x: Scalar, value: Scalar) -> Scalar {
        switch self {
        case .exponential: value
        case .logarithm: Scalar(1) / x
        case .squareRoot: Scalar(0.5) / value
        case .sine: x.applying(.cosine)
        case .cosine: -x.applying(.sine)
        case .hyperbolicTangent: Scalar(1) - value * value
        case .logistic: value * (Scalar(1) - value)
        }
    }
}

extension Double: SmoothScalar {
    /// `function` of this number.
    @inlinable
    public func applying(_ function: ElementaryFunction) -> Double { function(self) }
}
