internal import CLinearAlgebra

/// The solution of least ‖x‖ among those that make ‖A x − b‖ least, with the rank that was found.
public struct LeastSquares: Sendable, Equatable {
    /// x, `[columns]`.
    public let coefficients: [Double]
    /// How many singular values of A exceed the tolerance times the largest one.
    public let rank: Int
    /// The singular values of A, descending.
    public let singularValues: [Double]

    /// Solves min ‖A x − b‖ by the singular value decomposition (LAPACK's divide and conquer, dgelsd), so that a
    /// design whose columns depend on each other still has one well-defined answer.
    ///
    /// - Parameters:
    ///   - design: A, `[rows, columns]`.
    ///   - response: b, `[rows]`.
    ///   - tolerance: singular values below `tolerance` times the largest count as 0; nil for machine precision.
    /// - Throws: `NumericalError.nonFinite`, `.shapeMismatch`, `.notConverged`.
    public init(_ design: Matrix, _ response: [Double], tolerance: Double? = nil) throws(NumericalError) {
        guard response.count == design.rows else {
            throw .shapeMismatch(
                what: "least squares", expected: "\(design.rows) responses", found: "\(response.count)")
        }
        try requireFinite(design.storage, "the design of a least-squares problem")
        try requireFinite(response, "the response of a least-squares problem")
        let rows = design.rows
        let columns = design.columns
        guard rows > 0, columns > 0 else {
            coefficients = [Double](repeating: 0, count: columns)
            rank = 0
            singularValues = []
            return
        }
        BLAS.prepare()
        var matrix = design.storage
        var solution = response + [Double](repeating: 0, count: max(0, columns - rows))
        var values = [Double](repeating: 0, count: min(rows, columns))
        var rank: Int32 = 0
        let code = LAPACKE_dgelsd(
            LAPACK_ROW_MAJOR, Int32(rows), Int32(columns), 1, &matrix, Int32(columns), &solution, 1, &values,
            tolerance ?? -1, &rank)
        if code > 0 {
            throw .notConverged(
                method: "the singular value decomposition", iterations: Int(code), error: .infinity, tolerance: 0)
        }
        if code < 0 {
            throw .libraryFailure(
                library: "LAPACK", routine: "dgelsd", code: Int(code), message: "argument \(-code) is not valid")
        }
        coefficients = Array(solution.prefix(columns))
        self.rank = Int(rank)
        singularValues = values
    }
}
