internal import Foundation
public import NumericalMethods

/// A Gaussian guiding function in canonical form: ln g(x) = c + F·x − ½ x·H x.
///
/// H need only be positive semidefinite, so that an observation of a part of the state, or of nothing, has one too.
public struct CanonicalGaussian: GuidingFunction, Equatable {
    /// c, in nats.
    public let constant: Double
    /// F, `[dimension]`.
    public let linear: [Double]
    /// H, `[dimension, dimension]`, symmetric.
    public let precision: Matrix

    /// c + F·x − ½ x·H x.
    /// - Throws: `InferenceError.wrongShape`, `.nonFinite`.
    public init(constant: Double, linear: [Double], precision: Matrix) throws {
        guard precision.rows == linear.count, precision.columns == linear.count else {
            throw InferenceError.wrongShape(
                what: "the precision", found: "\(precision.rows) x \(precision.columns)",
                expected: "\(linear.count) x \(linear.count)")
        }
        guard constant.isFinite else {
            throw InferenceError.nonFinite(what: "c of a Gaussian function", place: "its constant", value: constant)
        }
        for (index, value) in (linear + precision.storage).enumerated() where !value.isFinite {
            throw InferenceError.nonFinite(
                what: "F or H of a Gaussian function", place: "number \(index)", value: value)
        }
        self.constant = constant
        self.linear = linear
        self.precision = precision
    }

    /// 1 everywhere.
    public static func flat(_ dimension: Int) throws -> CanonicalGaussian {
        try CanonicalGaussian(
            constant: 0, linear: .init(repeating: 0, count: dimension),
            precision: Matrix(rows: dimension, columns: dimension))
    }

    /// The likelihood of `value` ~ N(`map` x, `covariance`).
    /// - Parameters:
    ///   - value: `[observed]`.
    ///   - map: `[observed, dimension]`; nil for the identity.
    ///   - covariance: `[observed, observed]`, positive definite.
    /// - Throws: `InferenceError.wrongShape`, `.nonFinite`, `.improperParameter`.
    public init(observing value: [Double], map: Matrix? = nil, covariance: Matrix) throws {
        let map = map ?? .identity(value.count)
        guard map.rows == value.count, covariance.rows == value.count, covariance.columns == value.count else {
            throw InferenceError.wrongShape(
                what: "an observation", found: "map \(map.rows) x \(map.columns), covariance \(covariance.rows)",
                expected: "\(value.count) rows")
        }
        let factor = try GaussianTransition.factor(covariance, "the covariance of an observation")
        let weighted = factor.solve(map)
        let linear = weighted.multiplied(by: value, transposingSelf: true)
        let quadratic = zip(value, factor.solve(value)).reduce(0) { $0 + $1.0 * $1.1 }
        try self.init(
            constant: -0.5 * (quadratic + factor.logDeterminant + Double(value.count) * log(2 * Double.pi)),
            linear: linear, precision: map.multiplied(by: weighted, transposingSelf: true).symmetrised)
    }

    public func logValue(at state: [Double]) -> Double {
        let pull = precision.multiplied(by: state)
        var result = constant
        for i in state.indices { result += state[i] * (linear[i] - 0.5 * pull[i]) }
        return result
    }

    public func fused(with other: CanonicalGaussian) throws -> CanonicalGaussian {
        guard linear.count == other.linear.count else {
            throw InferenceError.wrongShape(
                what: "a Gaussian function to be fused", found: "\(other.linear.count) dimensions",
                expected: "\(linear.count)")
        }
        return try CanonicalGaussian(
            constant: constant + other.constant, linear: zip(linear, other.linear).map { $0 + $1 },
            precision: precision + other.precision)
    }
}
