internal import NumericalMethods

extension CovarianceFactor {
    /// Throws unless the matrix is a covariance of that size, which may be singular: no eigenvalue below −1e-9 times the
    /// largest.
    static func checkSemidefinite(_ matrix: Matrix, size: Int, name: String) throws(InferenceError) {
        try check(matrix, size: size, name: name)
        do {
            let values = try SymmetricEigen(matrix).values
            guard let least = values.first, let most = values.last, least < -1e-9 * max(0, most) else { return }
        } catch {
            throw .improperParameter(name: name, value: describe(matrix), expected: "a matrix with eigenvalues")
        }
        throw .improperParameter(name: name, value: describe(matrix), expected: "a positive semi-definite matrix")
    }

    /// A square root C with C Cᵀ = matrix of a positive semi-definite matrix; rounding below zero is cut off.
    static func root(_ matrix: Matrix) throws(NumericalError) -> Matrix {
        if let factor = try? Cholesky(matrix) { return factor.lower }
        let eigen = try SymmetricEigen(matrix)
        var root = eigen.vectors
        for column in 0..<root.columns {
            let scale = max(0, eigen.values[column]).squareRoot()
            for row in 0..<root.rows { root[row, column] *= scale }
        }
        return root
    }

    /// The inverse of a positive semi-definite matrix on the space where it is not zero.
    static func pseudoInverse(_ matrix: Matrix) throws(NumericalError) -> Matrix {
        if let factor = try? Cholesky(matrix), isWellConditioned(factor) { return factor.inverse.symmetrised }
        let eigen = try SymmetricEigen(matrix)
        let floor = 1e-12 * max(0, eigen.values.last ?? 0)
        var scaled = eigen.vectors
        for column in 0..<scaled.columns {
            let value = eigen.values[column]
            let scale = value > floor ? 1 / value : 0
            for row in 0..<scaled.rows { scaled[row, column] *= scale }
        }
        return scaled.multiplied(by: eigen.vectors, transposingOther: true).symmetrised
    }

    /// Whether the factor's pivots leave digits to an inverse.
    private static func isWellConditioned(_ factor: Cholesky) -> Bool {
        let pivots = factor.lower.diagonal
        guard let least = pivots.min(), let most = pivots.max() else { return true }
        return least > 1e-7 * most
    }
}
