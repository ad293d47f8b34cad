internal import NumericalMethods

/// Checks of covariances that several methods share.
enum CovarianceFactor {
    /// The lower Cholesky factor of a covariance, `[size, size]`.
    ///
    /// - Throws: ``InferenceError`` naming `name` unless the matrix has that size and is finite, symmetric (to 1e-9 of its
    ///   largest element) and positive definite.
    static func lower(_ matrix: Matrix, size: Int, name: String) throws(InferenceError) -> Matrix {
        try check(matrix, size: size, name: name)
        do {
            return try Cholesky(matrix).lower
        } catch {
            throw .improperParameter(name: name, value: describe(matrix), expected: "a positive definite matrix")
        }
    }

    /// Throws unless the matrix has the size and is finite and symmetric.
    static func check(_ matrix: Matrix, size: Int, name: String) throws(InferenceError) {
        guard matrix.rows == size, matrix.columns == size else {
            throw .wrongShape(what: name, found: "\(matrix.rows) x \(matrix.columns)", expected: "\(size) x \(size)")
        }
        var largest = 0.0
        for (index, value) in matrix.storage.enumerated() {
            guard value.isFinite else {
                throw .nonFinite(what: name, place: "element (\(index / size), \(index % size))", value: value)
            }
            largest = max(largest, abs(value))
        }
        for i in 0..<size {
            for j in 0..<i where abs(matrix[i, j] - matrix[j, i]) > 1e-9 * largest {
                throw .improperParameter(
                    name: name, value: "\(matrix[i, j]) at (\(i), \(j)) but \(matrix[j, i]) at (\(j), \(i))",
                    expected: "a symmetric matrix")
            }
        }
    }

    /// A short text of a matrix for an error.
    static func describe(_ matrix: Matrix) -> String {
        guard matrix.storage.count <= 16 else { return "a matrix of \(matrix.rows) x \(matrix.columns)" }
        return "["
            + (0..<matrix.rows).map { row in matrix.row(row).map { "\($0)" }.joined(separator: " ") }
            .joined(separator: "; ") + "]"
    }
}
