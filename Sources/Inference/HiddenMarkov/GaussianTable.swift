internal import Foundation
internal import NumericalMethods

/// Gaussian log-densities of all states at once: c − ½ ‖W (x − μ)‖², with W the inverse of the covariance's factor.
struct GaussianTable: Sendable, Equatable {
    /// `[dimension, vectors]`.
    let means: [StateVector]
    /// The lower triangle of W by rows, `[dimension (dimension + 1) / 2, vectors]`; its diagonal alone, `[dimension,
    /// vectors]`, where covariances are diagonal.
    let whitening: [StateVector]
    /// `[vectors]`; −infinity in lanes without a state.
    let constants: [StateVector]
    /// Lower Cholesky factors of the covariances: one for each state, or one for all.
    let factors: [Matrix]
    /// The logarithms of the covariances' determinants, as many as factors.
    let logDeterminants: [Double]
    let isDiagonal: Bool
    let dimension: Int
    let vectors: Int

    init(means: Matrix, covariances: GaussianEmissions.Covariances) throws(InferenceError) {
        let (states, dimension) = (means.rows, means.columns)
        let vectors = (states + 7) / 8
        factors = try Self.factors(covariances, states: states, dimension: dimension)
        isDiagonal = covariances.kind == .diagonal || covariances.kind == .spherical
        self.dimension = dimension
        self.vectors = vectors
        self.means = (0..<dimension).flatMap { i in
            StateVector.packed((0..<states).map { means[$0, i] }, vectors: vectors)
        }
        logDeterminants = factors.map { factor in 2 * factor.diagonal.reduce(0) { $0 + log($1) } }
        let inverses = factors.map { $0.solvingTriangular(.lower, .identity(dimension)) }
        var whitening: [StateVector] = []
        for i in 0..<dimension {
            for j in (isDiagonal ? i : 0)...i {
                whitening += StateVector.packed(
                    (0..<states).map { inverses[inverses.count == 1 ? 0 : $0][i, j] }, vectors: vectors)
            }
        }
        self.whitening = whitening
        let logs = logDeterminants
        constants = StateVector.packed(
            (0..<states).map { -0.5 * (Double(dimension) * log(2 * Double.pi) + logs[logs.count == 1 ? 0 : $0]) },
            vectors: vectors, padding: -.infinity)
    }

    private static func factors(
        _ covariances: GaussianEmissions.Covariances, states: Int, dimension: Int
    ) throws(InferenceError) -> [Matrix] {
        func roots(_ variances: (Int) -> Double, of state: Int) throws(InferenceError) -> Matrix {
            var factor = Matrix(rows: dimension, columns: dimension)
            for i in 0..<dimension {
                let variance = variances(i)
                guard variance > 0, variance < .infinity else {
                    throw .improperParameter(
                        name: "the variance of state \(state), coordinate \(i)", value: "\(variance)",
                        expected: "a finite number above 0")
                }
                factor[i, i] = variance.squareRoot()
            }
            return factor
        }
        func shape(_ what: String, _ found: String, _ expected: String) -> InferenceError {
            .wrongShape(what: what, found: found, expected: expected)
        }
        var result: [Matrix] = []
        switch covariances {
        case .full(let matrices):
            guard matrices.count == states else {
                throw shape("the list of covariances", "of length \(matrices.count)", "\(states), one for each mean")
            }
            for (state, matrix) in matrices.enumerated() {
                result.append(
                    try CovarianceFactor.lower(matrix, size: dimension, name: "the covariance of state \(state)"))
            }
        case .tied(let matrix):
            result.append(try CovarianceFactor.lower(matrix, size: dimension, name: "the shared covariance"))
        case .diagonal(let variances):
            guard variances.rows == states, variances.columns == dimension else {
                throw shape(
                    "the matrix of variances", "\(variances.rows) x \(variances.columns)", "\(states) x \(dimension)")
            }
            for state in 0..<states { result.append(try roots({ variances[state, $0] }, of: state)) }
        case .spherical(let variances):
            guard variances.count == states else {
                throw shape("the list of variances", "of length \(variances.count)", "\(states), one for each mean")
            }
            for state in 0..<states { result.append(try roots({ _ in variances[state] }, of: state)) }
        }
        return result
    }
}
