internal import Foundation
public import NumericalMethods

/// The normal distribution in several dimensions, by the Cholesky factor L of its covariance: mean + L z.
public struct MultivariateNormal: Distribution {
    /// The mean, `[dimension]`.
    public let mean: [Double]
    /// The covariance, `[dimension, dimension]`.
    public let covariance: Matrix
    private let factor: Cholesky

    /// - Throws: ``DistributionError`` unless the mean is finite, the covariance of its size, finite, symmetric (to 1e-9 of
    ///   its largest element) and positive definite.
    public init(mean: [Double], covariance: Matrix) throws(DistributionError) {
        let size = mean.count
        guard size > 0, covariance.rows == size, covariance.columns == size else {
            throw .shape(
                distribution: "MultivariateNormal", expected: "a mean of n > 0 numbers and an n x n covariance",
                found: "a mean of \(size) and a covariance of \(covariance.rows) x \(covariance.columns)")
        }
        for (i, m) in mean.enumerated() { try requireFinite(m, "mean \(i)", of: "MultivariateNormal") }
        let largest = covariance.storage.reduce(0) { max($0, abs($1)) }
        for i in 0..<size {
            for j in 0..<size {
                try requireFinite(covariance[i, j], "covariance (\(i), \(j))", of: "MultivariateNormal")
                guard abs(covariance[i, j] - covariance[j, i]) <= 1e-9 * largest else {
                    throw .parameter(
                        distribution: "MultivariateNormal", name: "covariance (\(i), \(j))", value: covariance[i, j],
                        requirement: "equal to covariance (\(j), \(i)), which is \(covariance[j, i])")
                }
            }
        }
        do {
            factor = try Cholesky(covariance)
        } catch {
            if case .notPositiveDefinite(let pivot, _) = error {
                throw .notPositiveDefinite(distribution: "MultivariateNormal", pivot: pivot, size: size)
            }
            throw .shape(
                distribution: "MultivariateNormal", expected: "a covariance with a Cholesky factor", found: "\(error)")
        }
        self.mean = mean
        self.covariance = covariance
    }

    /// A draw, `[dimension]`.
    public func sample(using random: inout Random) -> [Double] {
        let size = mean.count
        var z = [Double](repeating: 0, count: size)
        z.withUnsafeMutableBufferPointer { random.fillNormal($0) }
        var x = mean
        for i in 0..<size {
            for j in 0...i { x[i] += factor.lower[i, j] * z[j] }
        }
        return x
    }

    /// The log-density.
    public func logDensity(_ x: [Double]) -> Double {
        precondition(x.count == mean.count, "expected \(mean.count) coordinates, found \(x.count)")
        let distance = factor.quadraticForm(zip(x, mean).map { $0 - $1 })
        return -0.5 * (distance + factor.logDeterminant + Double(mean.count) * log(2 * Double.pi))
    }

    /// The variance of each coordinate: the diagonal of the covariance.
    public var variance: [Double] { mean.indices.map { covariance[$0, $0] } }
}
