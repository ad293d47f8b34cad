import Foundation
import NumericalMethods
import Probability

@testable import Inference

/// The whole joint law of a short chain as one dense normal, conditioned directly.
struct JointGaussian {
    var logLikelihood: Double
    /// `[times, dimension]`.
    var means: Matrix
    /// Of all states stacked, `[times · dimension]` squared.
    var covariance: Matrix

    init(_ model: LinearGaussianModel, _ series: Matrix) throws {
        let (length, n, p) = (series.rows, model.dimension, model.outputs)
        // States: stacked mean and covariance by the recursion of moments, block by block.
        var mean = [Double](repeating: 0, count: length * n)
        var joint = Matrix(rows: length * n, columns: length * n)
        for time in 0..<length {
            if time == 0 {
                for i in 0..<n {
                    mean[i] = model.initialMean[i]
                    for j in 0..<n { joint[i, j] = model.initialCovariance[i, j] }
                }
                continue
            }
            let move = model.transition(after: time - 1)
            for i in 0..<n {
                mean[time * n + i] = move.offset[i]
                for k in 0..<n { mean[time * n + i] += move.matrix[i, k] * mean[(time - 1) * n + k] }
                for column in 0..<time * n {
                    var sum = 0.0
                    for k in 0..<n { sum += move.matrix[i, k] * joint[(time - 1) * n + k, column] }
                    joint[time * n + i, column] = sum
                    joint[column, time * n + i] = sum
                }
            }
            for i in 0..<n {
                for j in 0..<n {
                    var sum = move.noise[i, j]
                    for k in 0..<n { sum += joint[time * n + i, (time - 1) * n + k] * move.matrix[j, k] }
                    joint[time * n + i, time * n + j] = sum
                }
            }
        }
        let seen = (0..<length * p).filter { !series.storage[$0].isNaN }
        guard !seen.isEmpty else {
            logLikelihood = 0
            means = Matrix(rows: length, columns: n, storage: mean)
            covariance = joint
            return
        }
        var view = Matrix(rows: seen.count, columns: length * n)
        var noise = Matrix(rows: seen.count, columns: seen.count)
        var rest = [Double](repeating: 0, count: seen.count)
        for (row, index) in seen.enumerated() {
            let (time, output) = (index / p, index % p)
            let law = model.observation(at: time)
            rest[row] = series.storage[index] - law.offset[output]
            for k in 0..<n {
                view[row, time * n + k] = law.matrix[output, k]
                rest[row] -= law.matrix[output, k] * mean[time * n + k]
            }
            for (column, other) in seen.enumerated() where other / p == time {
                noise[row, column] = law.noise[output, other % p]
            }
        }
        let spread = Cholesky.symmetric((view * joint).multiplied(by: view, transposingOther: true) + noise)
        let factor = try Cholesky(spread)
        logLikelihood =
            -0.5 * (factor.quadraticForm(rest) + factor.logDeterminant + Double(seen.count) * log(2 * Double.pi))
        let cross = view * joint
        let shift = cross.multiplied(by: factor.solve(rest), transposingSelf: true)
        means = Matrix(rows: length, columns: n, storage: zip(mean, shift).map(+))
        covariance = joint - cross.multiplied(by: factor.solve(cross), transposingSelf: true)
    }

    /// Cov(x of one time, x of another).
    func block(_ a: Int, _ b: Int) -> Matrix {
        let n = means.columns
        return covariance.part(Array(a * n..<(a + 1) * n), Array(b * n..<(b + 1) * n))
    }
}

extension Cholesky {
    fileprivate static func symmetric(_ matrix: Matrix) -> Matrix { matrix.symmetrised }
}

/// Random chains for tests.
enum RandomChains {
    static func matrix(_ rows: Int, _ columns: Int, scale: Double = 1, using random: inout Random) -> Matrix {
        Matrix(rows: rows, columns: columns, storage: (0..<rows * columns).map { _ in scale * random.normal() })
    }

    /// - Parameter rank: of the transition noise; below the dimension it is singular.
    static func model(
        dimension: Int, outputs: Int, length: Int?, rank: Int? = nil, using random: inout Random
    ) throws -> LinearGaussianModel {
        func transition() -> LinearGaussianModel.Transition {
            let root = matrix(dimension, rank ?? dimension, using: &random)
            var noise = root.multiplied(by: root, transposingOther: true).symmetrised
            if rank == nil { noise = noise + Matrix.identity(dimension) * 0.1 }
            return .init(
                matrix: matrix(dimension, dimension, scale: 0.6, using: &random),
                offset: (0..<dimension).map { _ in random.normal() }, noise: noise)
        }
        func observation() -> LinearGaussianModel.Observation {
            .init(
                matrix: matrix(outputs, dimension, using: &random), offset: (0..<outputs).map { _ in random.normal() },
                noise: RandomModels.covariance(outputs, using: &random))
        }
        return try LinearGaussianModel(
            initialMean: (0..<dimension).map { _ in random.normal() },
            initialCovariance: RandomModels.covariance(dimension, using: &random),
            transitions: (0..<max(1, (length ?? 2) - 1)).map { _ in transition() },
            observations: (0..<(length ?? 1)).map { _ in observation() })
    }

    /// A series with some numbers gone.
    static func gaps(_ series: Matrix, share: Double, using random: inout Random) -> Matrix {
        var result = series
        for index in result.storage.indices where random.uniform() < share { result.storage[index] = .nan }
        return result
    }
}
