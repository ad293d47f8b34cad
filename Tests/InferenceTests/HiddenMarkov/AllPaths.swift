import Foundation
import NumericalMethods
import Probability

@testable import Inference

/// Everything about a hidden Markov model and a short sequence, by walking through all paths.
struct AllPaths {
    var logLikelihood: Double
    /// `[times, states]`.
    var marginals: Matrix
    /// `[times - 1]` of `[states, states]`.
    var pairs: [Matrix]
    var best: (states: [Int], logDensity: Double)
    /// The probability of each path given the observations.
    var probabilities: [[Int]: Double]

    init<Emissions: EmissionModel>(
        _ model: HiddenMarkovModel<Emissions>, _ observations: Emissions.Observations
    ) throws {
        let length = Emissions.length(of: observations)
        let states = model.states
        var paths: [[Int]] = [[]]
        for _ in 0..<length { paths = paths.flatMap { path in (0..<states).map { path + [$0] } } }
        let logs = try paths.map { try model.logDensity(of: $0, and: observations) }
        let total = logSumExp(logs)
        logLikelihood = total
        marginals = Matrix(rows: length, columns: states)
        pairs = [Matrix](repeating: Matrix(rows: states, columns: states), count: max(0, length - 1))
        probabilities = [:]
        best = ([], -.infinity)
        for (path, log) in zip(paths, logs) {
            let probability = exp(log - total)
            probabilities[path] = probability
            if log > best.logDensity { best = (path, log) }
            for time in 0..<length {
                marginals[time, path[time]] += probability
                if time > 0 { pairs[time - 1][path[time - 1], path[time]] += probability }
            }
        }
    }
}

/// Random models for tests.
enum RandomModels {
    static func row(_ count: Int, zeros: Double = 0, using random: inout Random) -> [Double] {
        var values = (0..<count).map { _ in random.uniform() < zeros ? 0 : random.exponential() }
        if values.allSatisfy({ $0 == 0 }) { values[random.integer(below: count)] = 1 }
        let total = values.reduce(0, +)
        return values.map { $0 / total }
    }

    static func matrix(_ rows: Int, _ columns: Int, zeros: Double = 0, using random: inout Random) -> Matrix {
        Matrix(rows: (0..<rows).map { _ in row(columns, zeros: zeros, using: &random) })
    }

    static func covariance(_ size: Int, using random: inout Random) -> Matrix {
        var factor = Matrix(rows: size, columns: size)
        for index in factor.storage.indices { factor.storage[index] = random.normal() }
        return factor.multiplied(by: factor, transposingOther: true) + Matrix.identity(size) * 0.3
    }

    static func gaussian(
        states: Int, dimension: Int, kind: GaussianEmissions.Kind, zeros: Double = 0, using random: inout Random
    ) throws -> HiddenMarkovModel<GaussianEmissions> {
        var means = Matrix(rows: states, columns: dimension)
        for index in means.storage.indices { means.storage[index] = 2 * random.normal() }
        let covariances: GaussianEmissions.Covariances
        switch kind {
        case .full: covariances = .full((0..<states).map { _ in covariance(dimension, using: &random) })
        case .tied: covariances = .tied(covariance(dimension, using: &random))
        case .spherical: covariances = .spherical((0..<states).map { _ in 0.2 + random.exponential() })
        case .diagonal:
            var variances = Matrix(rows: states, columns: dimension)
            for index in variances.storage.indices { variances.storage[index] = 0.2 + random.exponential() }
            covariances = .diagonal(variances)
        }
        return try HiddenMarkovModel(
            initial: row(states, zeros: zeros, using: &random),
            transition: matrix(states, states, zeros: zeros, using: &random),
            emissions: GaussianEmissions(means: means, covariances: covariances))
    }

    static func categorical(
        states: Int, symbols: Int, zeros: Double = 0, using random: inout Random
    ) throws -> HiddenMarkovModel<CategoricalEmissions> {
        try HiddenMarkovModel(
            initial: row(states, zeros: zeros, using: &random),
            transition: matrix(states, states, zeros: zeros, using: &random),
            emissions: CategoricalEmissions(
                probabilities: matrix(states, symbols, zeros: zeros, using: &random)))
    }
}

/// The largest difference between two matrices.
func distance(_ a: Matrix, _ b: Matrix) -> Double {
    precondition(a.rows == b.rows && a.columns == b.columns)
    return zip(a.storage, b.storage).reduce(0) { max($0, abs($1.0 - $1.1)) }
}
