import Foundation
import NumericalMethods
import Testing

/// The example of NumericalMethods.md, word for word.
private func lastCoefficient(_ design: Matrix, _ response: [Double], weights: [Double]) throws -> (
    estimate: Double, pValue: Double
) {
    let factor = try Cholesky(design.gram(weights: weights))
    let coefficients = factor.solve(design.moments(with: response, weights: weights))
    let last = coefficients.count - 1
    let standardError = factor.inverse[last, last].squareRoot()
    let z = coefficients[last] / standardError
    return (coefficients[last], 2 * normalCDF(-abs(z)))
}

@Suite struct `the worked example of the room's page` {
    @Test func `gives the slope through three points`() throws {
        // Points (0, 1), (1, 3), (2, 5) of weight 4: slope 2, variance 1 / (4 · Σ (x - 1)²) = 1/8, so z = 2 √8.
        let result = try lastCoefficient(Matrix(rows: [[1, 0], [1, 1], [1, 2]]), [1, 3, 5], weights: [4, 4, 4])
        #expect(abs(result.estimate - 2) < 1e-13)
        #expect(relativeError(result.pValue, erfc(2 * 8.0.squareRoot() / 2.0.squareRoot())) < 1e-11)
    }
}
