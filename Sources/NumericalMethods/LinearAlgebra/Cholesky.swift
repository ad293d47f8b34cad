internal import CLinearAlgebra
internal import Foundation

/// The factor L of a symmetric positive definite matrix A = L Lᵀ, and what it makes cheap.
///
///     let factor = try Cholesky(covariance)
///     let coefficients = factor.solve(moments)
public struct Cholesky: Sendable, Equatable {
    /// L: lower triangular, `[size, size]`, zeros above the diagonal.
    public let lower: Matrix

    /// Factors `matrix`, of which the lower triangle is read.
    ///
    /// - Throws: `NumericalError.notPositiveDefinite` with the first pivot that failed, `.nonFinite`, `.shapeMismatch`.
    /// - Complexity: size³ / 3 multiplications.
    public init(_ matrix: Matrix) throws(NumericalError) {
        let size = matrix.rows
        guard size == matrix.columns else {
            throw .shapeMismatch(
                what: "a Cholesky factor", expected: "a square matrix", found: "\(size) x \(matrix.columns)")
        }
        try requireFinite(matrix.storage, "the matrix to be factored")
        var factor = matrix
        if size > 0 {
            BLAS.prepare()
            // Row-major lower is column-major upper: LAPACK works in place, with no transposed copy.
            let code = LAPACKE_dpotrf(
                LAPACK_COL_MAJOR, CChar(UInt8(ascii: "U")), Int32(size), &factor.storage, Int32(size))
            if code > 0 { throw .notPositiveDefinite(pivot: Int(code) - 1, size: size) }
            if code < 0 {
                throw .libraryFailure(
                    library: "LAPACK", routine: "dpotrf", code: Int(code), message: "argument \(-code) is not valid")
            }
            for row in 0..<size { for column in (row + 1)..<size { factor[row, column] = 0 } }
        }
        lower = factor
    }

    /// Number of rows of A.
    public var size: Int { lower.rows }

    /// log det A, in nats.
    public var logDeterminant: Double { 2 * lower.diagonal.reduce(0) { $0 + log($1) } }

    /// det A; it overflows long before `logDeterminant` does.
    public var determinant: Double { lower.diagonal.reduce(1) { $0 * $1 * $1 } }

    /// A⁻¹ b.
    public func solve(_ b: [Double]) -> [Double] {
        let half = lower.solvingTriangular(.lower, b)
        return lower.solvingTriangular(.lower, half, transposed: true)
    }

    /// A⁻¹ B, with B `[size, k]`.
    public func solve(_ b: Matrix) -> Matrix {
        let half = lower.solvingTriangular(.lower, b)
        return lower.solvingTriangular(.lower, half, transposed: true)
    }

    /// A⁻¹.
    public var inverse: Matrix { solve(.identity(size)) }

    /// bᵀ A⁻¹ b: a squared Mahalanobis distance.
    public func quadraticForm(_ b: [Double]) -> Double {
        lower.solvingTriangular(.lower, b).reduce(0) { $0 + $1 * $1 }
    }
}
