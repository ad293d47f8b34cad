internal import CLinearAlgebra

/// The eigen-decomposition A = V diag(λ) Vᵀ of a symmetric matrix.
public struct SymmetricEigen: Sendable, Equatable {
    /// λ, ascending, `[size]`.
    public let values: [Double]
    /// V: column j is the unit eigenvector of `values[j]`, `[size, size]`. Its sign is fixed so that the component of
    /// largest magnitude (the first, if several) is positive.
    public let vectors: Matrix

    /// Decomposes `matrix`, of which the lower triangle is read (LAPACK dsyevd).
    ///
    /// - Throws: `NumericalError.nonFinite`, `.shapeMismatch`, `.notConverged`.
    public init(_ matrix: Matrix) throws(NumericalError) {
        let size = matrix.rows
        guard size == matrix.columns else {
            throw .shapeMismatch(
                what: "an eigen-decomposition", expected: "a square matrix", found: "\(size) x \(matrix.columns)")
        }
        try requireFinite(matrix.storage, "the matrix to be decomposed")
        guard size > 0 else {
            values = []
            vectors = matrix
            return
        }
        BLAS.prepare()
        var work = matrix.storage
        var values = [Double](repeating: 0, count: size)
        // Row-major lower is column-major upper. The eigenvectors come out as columns of a column-major matrix,
        // which are the rows of ours.
        let code = LAPACKE_dsyevd(
            LAPACK_COL_MAJOR, CChar(UInt8(ascii: "V")), CChar(UInt8(ascii: "U")), Int32(size), &work, Int32(size),
            &values)
        if code > 0 {
            throw .notConverged(
                method: "the symmetric eigen-decomposition", iterations: Int(code), error: .infinity, tolerance: 0)
        }
        if code < 0 {
            throw .libraryFailure(
                library: "LAPACK", routine: "dsyevd", code: Int(code), message: "argument \(-code) is not valid")
        }
        for vector in 0..<size {
            let range = vector * size..<(vector + 1) * size
            var largest = range.lowerBound
            for index in range where abs(work[index]) > abs(work[largest]) { largest = index }
            if work[largest] < 0 { for index in range { work[index].negate() } }
        }
        self.values = values
        vectors = Matrix(rows: size, columns: size, storage: work).transposed
    }
}
