internal import NumericalMethods

/// The covariance that random-walk proposals take from a weighted cloud.
enum ProposalCovariance {
    /// The Cholesky factor of 2.38² / dimension times the weighted covariance, or of its diagonal where that has no factor.
    ///
    /// - Source: G. Roberts, A. Gelman, W. Gilks, 1997.
    static func factor(
        _ cloud: TemperedCloud, logWeights: [Double], summary: WeightSummary
    ) throws(InferenceError) -> [Double] {
        let dimension = cloud.dimension
        let weights = VectorFunctions.exp(logWeights.map { $0 - summary.logTotal })
        var means = [Double](repeating: 0, count: dimension)
        for d in 0..<dimension {
            for (weight, x) in zip(weights, cloud.column(d)) { means[d] += weight * x }
        }
        var covariance = [Double](repeating: 0, count: dimension * dimension)
        for first in 0..<dimension {
            for second in 0...first {
                let (a, b) = (cloud.column(first), cloud.column(second))
                var sum = 0.0
                for index in weights.indices {
                    sum +=
                        weights[index] * (a[a.startIndex + index] - means[first])
                        * (b[b.startIndex + index] - means[second])
                }
                covariance[first * dimension + second] = sum * 2.38 * 2.38 / Double(dimension)
                covariance[second * dimension + first] = covariance[first * dimension + second]
            }
        }
        if let bad = covariance.firstIndex(where: { !$0.isFinite }) {
            throw .nonFinite(
                what: "the covariance of the cloud", place: "dimension \(bad / dimension)", value: covariance[bad])
        }
        if let triangle = lowerTriangle(covariance, dimension) { return triangle }
        var diagonal = [Double](repeating: 0, count: dimension * dimension)
        for d in 0..<dimension { diagonal[d * dimension + d] = covariance[d * dimension + d].squareRoot() }
        return diagonal
    }

    private static func lowerTriangle(_ matrix: [Double], _ n: Int) -> [Double]? {
        var lower = [Double](repeating: 0, count: n * n)
        for i in 0..<n {
            for j in 0...i {
                var sum = matrix[i * n + j]
                for k in 0..<j { sum -= lower[i * n + k] * lower[j * n + k] }
                if i == j {
                    // A direction without spread beyond rounding has no factor.
                    guard sum > 1e-12 * matrix[i * n + i], sum > 0 else { return nil }
                    lower[i * n + i] = sum.squareRoot()
                } else {
                    lower[i * n + j] = sum / lower[j * n + j]
                }
            }
        }
        return lower
    }
}
