internal import Foundation
public import NumericalMethods

/// A linear Gaussian transition: y given x is N(Φ x + β, Q).
public struct GaussianTransition: Sendable, Equatable {
    /// Φ, `[outputs, inputs]`.
    public let map: Matrix
    /// β, `[outputs]`.
    public let offset: [Double]
    /// Q, `[outputs, outputs]`, positive semidefinite.
    public let covariance: Matrix
    /// A square root L of Q: Q = L Lᵀ.
    let root: Matrix

    /// N(Φ x + β, Q).
    /// - Throws: `InferenceError.wrongShape`, `.improperParameter` for a Q that is not positive semidefinite.
    public init(map: Matrix, offset: [Double], covariance: Matrix) throws {
        guard map.rows == offset.count, covariance.rows == offset.count, covariance.columns == offset.count else {
            throw InferenceError.wrongShape(
                what: "a Gaussian transition",
                found: "map \(map.rows) x \(map.columns), covariance \(covariance.rows) x \(covariance.columns)",
                expected: "\(offset.count) rows")
        }
        self.map = map
        self.offset = offset
        self.covariance = covariance
        root = try Self.root(of: covariance)
    }

    /// Φ x + β.
    public func mean(_ x: [Double]) -> [Double] { zip(map.multiplied(by: x), offset).map { $0 + $1 } }

    /// ∫ N(y; Φ x + β, Q) g(y) dy as a function of x. Exact; H and Q may be singular.
    /// - Throws: `InferenceError.wrongShape`, `.nonFinite`.
    public func pulledBack(_ g: CanonicalGaussian) throws -> CanonicalGaussian {
        let tilted = try TiltedNoise(root: root, g)
        // With Q° the covariance of y under g: H − H Q° H and F − H Q° F, at the place Φ x + β.
        let h = g.precision
        let hq = h.multiplied(by: tilted.covariance)
        let precision = h - hq.multiplied(by: h)
        let linear = zip(g.linear, hq.multiplied(by: g.linear)).map { $0 - $1 }
        let drawn = precision.multiplied(by: offset)
        var constant = g.constant - 0.5 * tilted.logDeterminant
        let half = tilted.covariance.multiplied(by: g.linear)
        for i in offset.indices {
            constant += linear[i] * offset[i] - 0.5 * offset[i] * drawn[i] + 0.5 * g.linear[i] * half[i]
        }
        return try CanonicalGaussian(
            constant: constant,
            linear: map.multiplied(by: zip(linear, drawn).map { $0 - $1 }, transposingSelf: true),
            precision: map.multiplied(by: precision.multiplied(by: map), transposingSelf: true).symmetrised)
    }

    static func factor(_ matrix: Matrix, _ what: String) throws -> Cholesky {
        do {
            return try Cholesky(matrix)
        } catch {
            throw InferenceError.improperParameter(
                name: what, value: "\(matrix.storage)", expected: "a positive definite matrix")
        }
    }

    /// L with L Lᵀ = `covariance`, which may be singular.
    static func root(of covariance: Matrix) throws -> Matrix {
        func improper() -> InferenceError {
            .improperParameter(
                name: "the covariance of a transition", value: "\(covariance.storage)",
                expected: "a positive semidefinite matrix")
        }
        guard covariance.storage.allSatisfy(\.isFinite) else { throw improper() }
        if let factor = try? Cholesky(covariance) { return factor.lower }
        guard let eigen = try? SymmetricEigen(covariance) else { throw improper() }
        let largest = eigen.values.map(abs).max() ?? 0
        guard eigen.values.allSatisfy({ $0 >= -1e-10 * largest }) else { throw improper() }
        var root = eigen.vectors
        for i in 0..<root.rows {
            for j in 0..<root.columns { root[i, j] *= max(eigen.values[j], 0).squareRoot() }
        }
        return root
    }
}

/// The noise of a Gaussian transition once it is tilted by a Gaussian function of the output.
struct TiltedNoise: Sendable {
    /// Q° = L (I + Lᵀ H L)⁻¹ Lᵀ.
    let covariance: Matrix
    /// A square root of it.
    let root: Matrix
    /// ln det (I + Lᵀ H L).
    let logDeterminant: Double

    init(root l: Matrix, _ g: CanonicalGaussian) throws {
        guard l.rows == g.linear.count else {
            throw InferenceError.wrongShape(
                what: "a Gaussian function of the output", found: "\(g.linear.count) dimensions", expected: "\(l.rows)")
        }
        let inner =
            l.multiplied(by: g.precision.multiplied(by: l), transposingSelf: true).symmetrised + .identity(l.columns)
        let factor = try GaussianTransition.factor(inner, "I + LᵀHL of a Gaussian function that is pulled back")
        // L K⁻ᵀ for K Kᵀ = inner.
        root = factor.lower.solvingTriangular(.lower, l.transposed).transposed
        covariance = root.multiplied(by: root, transposingOther: true)
        logDeterminant = factor.logDeterminant
    }

    /// ln ∫ N(y; mean, Q) g(y) dy.
    func logIntegral(_ g: CanonicalGaussian, mean: [Double]) -> Double {
        let pull = zip(g.linear, g.precision.multiplied(by: mean)).map { $0 - $1 }
        let half = covariance.multiplied(by: pull)
        return g.logValue(at: mean) - 0.5 * logDeterminant + 0.5 * zip(pull, half).reduce(0) { $0 + $1.0 * $1.1 }
    }

    /// The mean of y under N(y; mean, Q) g(y).
    func mean(_ g: CanonicalGaussian, mean: [Double]) -> [Double] {
        let pull = zip(g.linear, g.precision.multiplied(by: mean)).map { $0 - $1 }
        return zip(mean, covariance.multiplied(by: pull)).map { $0 + $1 }
    }
}
