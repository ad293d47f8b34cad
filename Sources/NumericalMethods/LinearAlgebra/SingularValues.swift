internal import CLinearAlgebra

/// The thin singular value decomposition A = U diag(σ) Vᵀ.
public struct SingularValues: Sendable, Equatable {
    /// U: orthonormal columns, `[rows, k]` with k = min(rows, columns).
    public let left: Matrix
    /// σ, descending, `[k]`.
    public let values: [Double]
    /// Vᵀ: orthonormal rows, `[k, columns]`.
    public let rightTransposed: Matrix

    /// Decomposes `matrix` (LAPACK dgesdd).
    ///
    /// - Throws: `NumericalError.nonFinite`, `.notConverged`.
    public init(_ matrix: Matrix) throws(NumericalError) {
        try requireFinite(matrix.storage, "the matrix to be decomposed")
        let rows = matrix.rows
        let columns = matrix.columns
        let rank = min(rows, columns)
        var left = Matrix(rows: rows, columns: rank)
        var right = Matrix(rows: rank, columns: columns)
        var values = [Double](repeating: 0, count: rank)
        if rank > 0 {
            BLAS.prepare()
            var work = matrix.storage
            // Column-major LAPACK sees Aᵀ = V diag(σ) Uᵀ; its left factor is our right one, already transposed.
            let code = LAPACKE_dgesdd(
                LAPACK_COL_MAJOR, CChar(UInt8(ascii: "S")), Int32(columns), Int32(rows), &work, Int32(columns), &values,
                &right.storage, Int32(columns), &left.storage, Int32(rank))
            if code > 0 {
                throw .notConverged(
                    method: "the singular value decomposition", iterations: Int(code), error: .infinity, tolerance: 0)
            }
            if code < 0 {
                throw .libraryFailure(
                    library: "LAPACK", routine: "dgesdd", code: Int(code), message: "argument \(-code) is not valid")
            }
        }
        self.left = left
        self.values = values
        rightTransposed = right
    }

    /// How many singular values exceed `tolerance` times the largest; by default max(rows, columns) · 2⁻⁵².
    public func rank(tolerance: Double? = nil) -> Int {
        let least = tolerance ?? Double(max(left.rows, rightTransposed.columns)) * 0x1p-52
        return values.count { $0 > least * (values.first ?? 0) }
    }
}
