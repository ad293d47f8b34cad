internal import CLinearAlgebra

extension Matrix {
    /// Which half of a matrix is read.
    public enum Triangle: Sendable { case lower, upper }

    /// Solves op(T) x = b for the triangular matrix T in `triangle` of `self`.
    ///
    /// The diagonal must have no zero: that is the caller's promise, as a factor's diagonal has none.
    public func solvingTriangular(_ triangle: Triangle, _ b: [Double], transposed: Bool = false) -> [Double] {
        precondition(rows == columns && b.count == rows, "a triangular system is square and fits its right-hand side")
        if b.isEmpty { return b }
        BLAS.prepare()
        var x = b
        cblas_dtrsv(
            CblasRowMajor, triangle == .lower ? CblasLower : CblasUpper, transposed ? CblasTrans : CblasNoTrans,
            CblasNonUnit,
            Int32(rows), storage, Int32(rows), &x, 1)
        return x
    }

    /// Solves op(T) X = B for B of `[rows, k]`.
    public func solvingTriangular(_ triangle: Triangle, _ b: Matrix, transposed: Bool = false) -> Matrix {
        precondition(rows == columns && b.rows == rows, "a triangular system is square and fits its right-hand side")
        if b.storage.isEmpty { return b }
        BLAS.prepare()
        var x = b
        cblas_dtrsm(
            CblasRowMajor, CblasLeft, triangle == .lower ? CblasLower : CblasUpper,
            transposed ? CblasTrans : CblasNoTrans,
            CblasNonUnit, Int32(rows), Int32(b.columns), 1, storage, Int32(rows), &x.storage, Int32(b.columns))
        return x
    }

    /// Solves A x = b for a general square A, by elimination with partial pivoting.
    ///
    /// - Throws: `NumericalError.singular`, `.nonFinite`, `.shapeMismatch`.
    public func solving(_ b: [Double]) throws(NumericalError) -> [Double] {
        guard rows == columns, b.count == rows else {
            throw .shapeMismatch(
                what: "a linear system", expected: "a square matrix and as many values",
                found: "\(rows) x \(columns) and \(b.count)")
        }
        try requireFinite(storage, "the matrix of the linear system")
        try requireFinite(b, "the right-hand side of the linear system")
        if b.isEmpty { return b }
        BLAS.prepare()
        var factor = storage
        var x = b
        var pivots = [Int32](repeating: 0, count: rows)
        let code = LAPACKE_dgesv(LAPACK_ROW_MAJOR, Int32(rows), 1, &factor, Int32(rows), &pivots, &x, 1)
        if code > 0 { throw .singular(pivot: Int(code) - 1, size: rows) }
        if code < 0 {
            throw .libraryFailure(
                library: "LAPACK", routine: "dgesv", code: Int(code), message: "argument \(-code) is not valid")
        }
        return x
    }
}
