import Foundation
import NumericalMethods
import Testing

@Suite struct `the Cholesky factor` {
    let a: Matrix = irregular(30, 12).gram() + .identity(12)

    @Test func `multiplies back to the matrix`() throws {
        let factor = try Cholesky(a)
        #expect(distance(naiveProduct(factor.lower, naiveTranspose(factor.lower)), a) < 1e-12)
        for i in 0..<12 { for j in (i + 1)..<12 where j > i { #expect(factor.lower[i, j] == 0) } }
    }

    @Test func `solves, inverts and measures`() throws {
        let factor = try Cholesky(a)
        let b = irregular(12, 3, seed: 9)
        #expect(distance(naiveProduct(a, factor.solve(b)), b) < 1e-12)
        #expect(distance(a * factor.solve(b.column(1)), b.column(1)) < 1e-12)
        #expect(distance(naiveProduct(a, factor.inverse), .identity(12)) < 1e-12)
        let x = b.column(0)
        #expect(abs(factor.quadraticForm(x) - zip(x, factor.solve(x)).reduce(0) { $0 + $1.0 * $1.1 }) < 1e-13)
    }

    @Test func `knows the determinant`() throws {
        // det [[2, 1], [1, 3]] = 5
        let factor = try Cholesky(Matrix(rows: [[2, 1], [1, 3]]))
        #expect(abs(factor.determinant - 5) < 1e-14 && abs(factor.logDeterminant - log(5)) < 1e-15)
        // A determinant of 10^-600 underflows; its logarithm does not.
        #expect(abs(try Cholesky(Matrix.identity(200) * 1e-3).logDeterminant + 600 * log(10)) < 1e-10)
    }

    @Test func `names the pivot that fails`() {
        #expect(throws: NumericalError.notPositiveDefinite(pivot: 2, size: 3)) {
            try Cholesky(Matrix(rows: [[1, 0, 1], [0, 1, 1], [1, 1, 1]]))
        }
        #expect(
            throws: NumericalError.shapeMismatch(what: "a Cholesky factor", expected: "a square matrix", found: "2 x 3")
        ) {
            try Cholesky(Matrix(rows: 2, columns: 3))
        }
        do {
            _ = try Cholesky(Matrix(rows: [[1, 0], [.nan, 1]]))
            Issue.record("a NaN was factored")
        } catch {
            guard case .nonFinite(_, let index, let value) = error else { Issue.record("\(error)"); return }
            #expect(index == 2 && value.isNaN)
        }
    }
}

@Suite struct `linear systems` {
    @Test func `with triangular matrices are solved by substitution`() {
        var t = irregular(9, 9)
        for i in 0..<9 { t[i, i] = 2 + Double(i) }
        let x = irregular(9, 2, seed: 3)
        for triangle in [Matrix.Triangle.lower, .upper] {
            var half = t
            for i in 0..<9 { for j in 0..<9 where triangle == .lower ? j > i : j < i { half[i, j] = 0 } }
            // The other half of t is not read.
            #expect(distance(t.solvingTriangular(triangle, naiveProduct(half, x)), x) < 1e-13)
            #expect(
                distance(t.solvingTriangular(triangle, naiveProduct(naiveTranspose(half), x), transposed: true), x)
                    < 1e-13)
            #expect(distance(t.solvingTriangular(triangle, half * x.column(0)), x.column(0)) < 1e-13)
        }
    }

    @Test func `in general are solved, and singular ones named`() throws {
        let a = irregular(20, 20) + .identity(20) * 3
        let x = irregular(20, 1, seed: 4).storage
        #expect(distance(try a.solving(a * x), x) < 1e-12)
        #expect(throws: NumericalError.singular(pivot: 1, size: 2)) {
            try Matrix(rows: [[1, 2], [2, 4]]).solving([1, 1])
        }
    }

    @Test func `that are overdetermined are solved in least squares`() throws {
        let a = irregular(50, 6)
        let b = irregular(50, 1, seed: 8).storage
        let fit = try LeastSquares(a, b)
        let normal = try Cholesky(a.gram()).solve(a.moments(with: b))
        #expect(fit.rank == 6 && distance(fit.coefficients, normal) < 1e-12)
    }

    @Test func `of deficient rank have their shortest solution`() throws {
        // x + y = 2 twice: the shortest of all solutions is (1, 1).
        let fit = try LeastSquares(Matrix(rows: [[1, 1], [2, 2]]), [2, 4])
        #expect(fit.rank == 1 && distance(fit.coefficients, [1, 1]) < 1e-14)
        let wide = try LeastSquares(Matrix(rows: [[1, 1, 1]]), [3])
        #expect(distance(wide.coefficients, [1, 1, 1]) < 1e-14)
    }
}

@Suite struct `decompositions` {
    @Test func `into eigenvectors rebuild a symmetric matrix`() throws {
        let a = irregular(15, 15) + irregular(15, 15).transposed
        let eigen = try SymmetricEigen(a)
        var scaled = eigen.vectors
        for i in 0..<15 { for j in 0..<15 { scaled[i, j] *= eigen.values[j] } }
        #expect(distance(naiveProduct(scaled, naiveTranspose(eigen.vectors)), a) < 1e-12)
        #expect(distance(naiveProduct(naiveTranspose(eigen.vectors), eigen.vectors), .identity(15)) < 1e-13)
        #expect(eigen.values == eigen.values.sorted())
    }

    @Test func `have the eigenvalues of a known matrix, with fixed signs`() throws {
        let eigen = try SymmetricEigen(Matrix(rows: [[2, 1], [1, 2]]))
        let h = 0.5.squareRoot()
        #expect(distance(eigen.values, [1, 3]) < 1e-14)
        #expect(distance(eigen.vectors.column(1), [h, h]) < 1e-14)
    }

    @Test(arguments: [(8, 5), (5, 8), (6, 6), (1, 4), (0, 3)])
    func `into singular values rebuild the matrix`(shape: (Int, Int)) throws {
        let a = irregular(shape.0, shape.1)
        let svd = try SingularValues(a)
        var scaled = svd.left
        for i in 0..<scaled.rows { for j in 0..<scaled.columns { scaled[i, j] *= svd.values[j] } }
        #expect(distance(naiveProduct(scaled, svd.rightTransposed), a) < 1e-13)
        #expect(svd.values == svd.values.sorted(by: >))
        #expect(svd.rank() == min(shape.0, shape.1))
    }

    @Test func `see a deficient rank`() throws {
        let low = naiveProduct(irregular(9, 2), irregular(2, 7, seed: 2))
        #expect(try SingularValues(low).rank() == 2)
    }
}

@Suite struct `the covariance of rows` {
    @Test func `agrees with its definition`() throws {
        let x = Matrix(rows: [[1, 2], [3, 1], [2, 6]])
        // Means (2, 3); centred (-1, -1), (1, -2), (0, 3); products over n - 1 = 2.
        #expect(distance(try covariance(of: x), Matrix(rows: [[1, -0.5], [-0.5, 7]])) < 1e-14)
    }

    @Test func `takes a weight as a count of rows`() throws {
        let x = irregular(4, 3)
        let twice = Matrix(rows: [0, 0, 1, 2, 2, 2, 3].map { Array(x.row($0)) })
        #expect(distance(try covariance(of: x, weights: [2, 1, 3, 1]), try covariance(of: twice)) < 1e-14)
    }

    @Test func `survives a large mean`() throws {
        let x = Matrix(rows: [[1e9], [1e9 + 1], [1e9 + 2]])
        #expect(try covariance(of: x)[0, 0] == 1)
    }

    @Test func `needs more than one row`() {
        #expect(
            throws: NumericalError.invalidArgument(
                name: "the total weight of the covariance", value: 1, requirement: "more than 1.0")
        ) {
            try covariance(of: Matrix(rows: 1, columns: 2))
        }
    }
}
