import Foundation
import Inference
import NumericalMethods
import Probability

/// A normal density with a given covariance.
struct NormalTarget: DifferentiableLogDensity {
    let mean: [Double]
    let precision: Matrix
    let covariance: Matrix
    var dimension: Int { mean.count }

    init(mean: [Double], covariance: Matrix) throws {
        self.mean = mean
        self.covariance = covariance
        precision = try Cholesky(covariance).inverse
    }

    /// Correlated, of unequal scales.
    static func standard() throws -> NormalTarget {
        try NormalTarget(
            mean: [1, -2, 0.5],
            covariance: Matrix(rows: [[1, 0.6, 0], [0.6, 4, -0.3], [0, -0.3, 0.25]]))
    }

    func value(at position: Span<Double>, gradient: inout MutableSpan<Double>) -> Double {
        var sum = 0.0
        for i in 0..<dimension {
            var row = 0.0
            for j in 0..<dimension { row -= precision[i, j] * (position[j] - mean[j]) }
            gradient[i] = row
            sum += 0.5 * row * (position[i] - mean[i])
        }
        return sum
    }
}

/// Two independent coordinates that aren't normal: the logarithm of a gamma variable of shape 2 and a Student t of 7
/// degrees of freedom. E x = ψ(2), Var x = ψ'(2); E y = 0, Var y = 7/5.
struct SkewedTarget: DifferentiableLogDensity {
    var dimension: Int { 2 }
    static let means = [0.42278433509846713, 0]
    static let variances = [0.6449340668482264, 1.4]

    func value(at position: Span<Double>, gradient: inout MutableSpan<Double>) -> Double {
        let (x, y) = (position[0], position[1])
        gradient[0] = 2 - exp(x)
        gradient[1] = -8 * y / (7 + y * y)
        return 2 * x - exp(x) - 4 * log(1 + y * y / 7)
    }
}

/// A mixture of two unit normals at ±distance, with weight 0.3 on the positive side.
struct TwoModes: DifferentiableLogDensity {
    let distance: Double
    var dimension: Int { 1 }

    func value(at position: Span<Double>, gradient: inout MutableSpan<Double>) -> Double {
        let x = position[0]
        let a = log(0.3) - 0.5 * (x - distance) * (x - distance)
        let b = log(0.7) - 0.5 * (x + distance) * (x + distance)
        let total = logSumExp(a, b)
        gradient[0] = -exp(a - total) * (x - distance) - exp(b - total) * (x + distance)
        return total
    }
}

/// Neal's funnel: v normal with variance 9, and x normal with variance e^v: no step size fits all of it.
struct Funnel: DifferentiableLogDensity {
    let dimension = 5

    func value(at position: Span<Double>, gradient: inout MutableSpan<Double>) -> Double {
        let v = position[0]
        var squares = 0.0
        for i in 1..<dimension {
            squares += position[i] * position[i]
            gradient[i] = -position[i] * exp(-v)
        }
        gradient[0] = -v / 9 - 2 + 0.5 * squares * exp(-v)
        return -v * v / 18 - 2 * v - 0.5 * squares * exp(-v)
    }
}

/// How many standard errors of the mean lie between the mean of draws and `expected`.
func zScore(_ chains: [[Double]], _ expected: Double) throws -> Double {
    let error = try MonteCarloError(chains)
    let count = Double(chains.count * chains[0].count)
    return (chains.reduce(0) { $0 + $1.reduce(0, +) } / count - expected) / error.mean
}
