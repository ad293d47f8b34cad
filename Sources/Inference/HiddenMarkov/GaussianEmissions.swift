internal import Foundation
public import NumericalMethods
public import Probability

/// Each state shows a point from a normal distribution of its own.
///
/// Observations are a matrix `[times, dimension]`, one point a row.
///
///     let emissions = try GaussianEmissions(
///         means: Matrix(rows: [[0, 0], [3, 3]]), covariances: .diagonal(Matrix(rows: [[1, 1], [1, 2]])))
public struct GaussianEmissions: EmissionModel {
    /// The covariances of all states, and with them what they may share.
    public enum Covariances: Sendable, Equatable {
        /// One matrix for each state, `[states]` of `[dimension, dimension]`.
        case full([Matrix])
        /// The variance of each coordinate in each state, `[states, dimension]`.
        case diagonal(Matrix)
        /// One variance for all coordinates of a state, `[states]`.
        case spherical([Double])
        /// One matrix for all states, `[dimension, dimension]`.
        case tied(Matrix)

        /// The shape without the numbers.
        public var kind: Kind {
            switch self {
            case .full: .full
            case .diagonal: .diagonal
            case .spherical: .spherical
            case .tied: .tied
            }
        }
    }

    /// What is free in the covariances.
    public enum Kind: String, Sendable, CaseIterable { case full, diagonal, spherical, tied }

    /// Makes each covariance the compromise of its own data and of `weight` observations whose covariance is `variance`
    /// times the unit matrix: an inverse Wishart prior with scale `weight · variance · I`, at its mode. It keeps a state
    /// that explains few points from shrinking to one of them.
    public struct Prior: Sendable, Equatable {
        public var variance: Double
        public var weight: Double

        public init(variance: Double = 1, weight: Double = 0) {
            self.variance = variance
            self.weight = weight
        }

        /// Maximum likelihood.
        public static let none = Prior()
    }

    /// `[states, dimension]`.
    public let means: Matrix
    public let covariances: Covariances
    let table: GaussianTable

    public var states: Int { means.rows }
    /// The number of coordinates of a point.
    public var dimension: Int { means.columns }

    /// - Throws: ``InferenceError`` unless the shapes agree, the means are finite, and the covariances symmetric (to 1e-9
    ///   of their largest element) and positive definite.
    public init(means: Matrix, covariances: Covariances) throws(InferenceError) {
        guard means.rows > 0, means.columns > 0 else { throw .empty(what: "the means of the Gaussian emissions") }
        if let index = means.storage.firstIndex(where: { !$0.isFinite }) {
            throw .nonFinite(
                what: "the mean", place: "state \(index / means.columns), coordinate \(index % means.columns)",
                value: means.storage[index])
        }
        self.means = means
        self.covariances = covariances
        table = try GaussianTable(means: means, covariances: covariances)
    }

    /// The covariance of `state`, `[dimension, dimension]`.
    public func covariance(of state: Int) -> Matrix {
        switch covariances {
        case .full(let matrices): return matrices[state]
        case .tied(let matrix): return matrix
        case .diagonal, .spherical:
            var matrix = Matrix(rows: dimension, columns: dimension)
            for i in 0..<dimension {
                if case .diagonal(let variances) = covariances { matrix[i, i] = variances[state, i] }
                if case .spherical(let variances) = covariances { matrix[i, i] = variances[state] }
            }
            return matrix
        }
    }

    public static func length(of observations: Matrix) -> Int { observations.rows }

    public func check(_ observations: Matrix, name: String) throws(InferenceError) {
        guard observations.columns == dimension else {
            throw .wrongShape(
                what: name, found: "\(observations.rows) x \(observations.columns)",
                expected: "\(dimension) coordinates a row, as the means have")
        }
        guard observations.rows > 0 else { throw .empty(what: name) }
        // NaN and infinities survive multiplication by 0, so one sum decides the usual case.
        var poison = 0.0
        for value in observations.storage { poison += value * 0 }
        if poison == 0 { return }
        for (index, value) in observations.storage.enumerated() where !value.isFinite {
            throw .nonFinite(
                what: "the observation", place: "\(name), time \(index / dimension), coordinate \(index % dimension)",
                value: value)
        }
    }

    public func simulate(_ path: [Int], using random: inout Random) -> Matrix {
        var points = Matrix(rows: path.count, columns: dimension)
        var noise = [Double](repeating: 0, count: dimension)
        for (time, state) in path.enumerated() {
            noise.withUnsafeMutableBufferPointer { random.fillNormal($0) }
            let factor = table.factors[table.factors.count == 1 ? 0 : state]
            for i in 0..<dimension {
                var value = means[state, i]
                for j in 0...i { value += factor[i, j] * noise[j] }
                points[time, i] = value
            }
        }
        return points
    }
}
