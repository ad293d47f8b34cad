internal import CLinearAlgebra

/// Linear least squares with a squared penalty, for any number of targets at once.
///
/// Minimises Σᵢ wᵢ ‖yᵢ − b − B xᵢ‖² + λ ‖B‖² with the intercept b unpenalised, in closed form (Cholesky). With
/// `standardises` the features are divided by their spread first, so that λ is the same for each.
/// Source: Hoerl and Kennard, 1970, "Ridge regression", Technometrics 12(1).
public struct RidgeRegression: Codable, Sendable, Equatable {
    /// How large λ is.
    public enum Penalty: Codable, Sendable, Equatable {
        /// This λ, at least 0.
        case fixed(Double)
        /// The λ of these with the least leave-one-out squared error over all targets (the first of equals).
        case leaveOneOut([Double])
    }

    /// The penalty λ.
    public var penalty: Penalty
    /// Whether features are divided by their spread.
    public var standardises: Bool
    /// Whether a feature with missing cells also gets a column that says so.
    public var indicatesMissing: Bool

    /// A ridge regression; by default λ is chosen by leave-one-out from 13 values from 10⁻³ to 10³.
    public init(penalty: Penalty? = nil, standardises: Bool = true, indicatesMissing: Bool = false) {
        self.penalty =
            penalty ?? .leaveOneOut([1e-3, 3e-3, 1e-2, 3e-2, 0.1, 0.3, 1, 3, 10, 30, 100, 300, 1000])
        self.standardises = standardises
        self.indicatesMissing = indicatesMissing
    }

    /// The model that fits `targets`, `[rows, targets]`, to `features`, `[rows, features]` (NaN: missing).
    ///
    /// - Parameter weights: one weight a row, at least 0; a weight of 2 counts a row twice.
    /// - Throws: `LearnerError` for empty or mismatched input, targets that are not finite, a negative λ, and a
    ///   singular problem (λ = 0 with dependent features).
    public func fit(features: Matrix, targets: Matrix, weights: [Double]? = nil) throws -> RidgeModel {
        try LearnerInput.check(features, weights: weights)
        try LearnerInput.check(count: targets.rows, of: "the rows of the targets", expected: features.rows)
        try LearnerInput.check(targets.columns > 0, "the number of targets", Double(targets.columns), "at least 1")
        try LearnerInput.checkFinite(targets: targets.storage, columns: targets.columns)
        let design = StandardisedDesign(features, weights: weights, indicators: indicatesMissing, divides: standardises)
        let problem = RidgeProblem(design: design, targets: targets)
        switch penalty {
        case .fixed(let lambda):
            try LearnerInput.check(lambda >= 0 && lambda.isFinite, "lambda", lambda, "a finite number of at least 0")
            return RidgeModel(predictor: try problem.solution(lambda: lambda), lambda: lambda, leaveOneOutErrors: nil)
        case .leaveOneOut(let candidates):
            try LearnerInput.check(!candidates.isEmpty, "the number of lambdas", 0, "at least 1")
            for lambda in candidates {
                try LearnerInput.check(lambda > 0 && lambda.isFinite, "lambda", lambda, "a finite number above 0")
            }
            let errors = try problem.leaveOneOutErrors(lambdas: candidates)
            let best = errors.indices.min { errors[$0] < errors[$1] }!
            return RidgeModel(
                predictor: try problem.solution(lambda: candidates[best]), lambda: candidates[best],
                leaveOneOutErrors: errors)
        }
    }
}

/// A fitted ridge regression.
public struct RidgeModel: Codable, Sendable, Equatable {
    /// The linear map from raw features to targets.
    public let predictor: LinearPredictor
    /// The penalty that was used.
    public let lambda: Double
    /// The weighted mean squared leave-one-out error of each candidate λ, over all targets, if one was chosen.
    public let leaveOneOutErrors: [Double]?

    /// Writes the targets, `[targets]`, of one row, `[features]`. Allocates nothing.
    @inlinable
    public func predict(_ row: UnsafeBufferPointer<Double>, into result: UnsafeMutableBufferPointer<Double>) {
        predictor.predict(row, into: result)
    }

    /// The targets of many rows, `[rows, targets]` of `[rows, features]`.
    public func predict(_ rows: Matrix) -> Matrix { predictor.predict(rows) }
}

/// The centred normal equations of one ridge regression.
private struct RidgeProblem {
    let design: StandardisedDesign
    let targets: Matrix
    let targetMeans: [Double]
    /// √w x and √w (y − ȳ), so that plain products are weighted ones.
    let x: [Double]
    let y: [Double]
    /// XᵀWX `[columns, columns]` and XᵀWY `[columns, targets]`.
    let gram: [Double]
    let cross: [Double]

    init(design: StandardisedDesign, targets: Matrix) {
        BLAS.prepare()
        self.design = design
        self.targets = targets
        let n = design.rows
        let d = design.columns
        let m = targets.columns
        var means = [Double](repeating: 0, count: m)
        for row in 0..<n {
            for target in 0..<m { means[target] += design.weights[row] * targets[row, target] }
        }
        for target in 0..<m { means[target] /= design.totalWeight }
        var x = design.values
        var y = targets.storage
        // Imputed and weighted columns are centred by construction: a missing cell is at its column's mean.
        for row in 0..<n {
            let root = design.weights[row].squareRoot()
            for column in 0..<d { x[row * d + column] *= root }
            for target in 0..<m { y[row * m + target] = root * (y[row * m + target] - means[target]) }
        }
        var gram = [Double](repeating: 0, count: d * d)
        cblas_dsyrk(
            CblasRowMajor, CblasUpper, CblasTrans, blasint(d), blasint(n), 1, x, blasint(d), 0, &gram, blasint(d))
        var cross = [Double](repeating: 0, count: d * m)
        cblas_dgemm(
            CblasRowMajor, CblasTrans, CblasNoTrans, blasint(d), blasint(m), blasint(n), 1, x, blasint(d), y,
            blasint(m), 0, &cross, blasint(m))
        targetMeans = means
        self.x = x
        self.y = y
        self.gram = gram
        self.cross = cross
    }

    /// The minimiser for one λ.
    func solution(lambda: Double) throws(LearnerError) -> LinearPredictor {
        let d = design.columns
        let m = targets.columns
        var factor = gram
        let largest = (0..<d).reduce(0.0) { max($0, gram[$1 * d + $1]) }
        for column in 0..<d { factor[column * d + column] += lambda }
        guard LAPACKE_dpotrf(LAPACK_ROW_MAJOR, CChar(UInt8(ascii: "U")), Int32(d), &factor, Int32(d)) == 0,
            // With λ = 0 rounding can hide a dependent column behind a tiny pivot.
            (0..<d).allSatisfy({ factor[$0 * d + $0] * factor[$0 * d + $0] > 1e-13 * (largest + lambda) || lambda > 0 })
        else { throw .singular(learner: "ridge regression") }
        var solution = cross
        _ = LAPACKE_dpotrs(
            LAPACK_ROW_MAJOR, CChar(UInt8(ascii: "U")), Int32(d), Int32(m), factor, Int32(d), &solution,
            Int32(m))
        var coefficients = [Double](repeating: 0, count: m * d)
        for target in 0..<m {
            for column in 0..<d { coefficients[target * d + column] = solution[column * m + target] }
        }
        return design.rawModel(coefficients: coefficients, intercepts: targetMeans)
    }

    /// The weighted mean squared leave-one-out error for each λ.
    ///
    /// With XᵀWX = VEVᵀ and Q = √W X V, row i has leverage hᵢ(λ) = wᵢ/Σw + Σⱼ qᵢⱼ² / (eⱼ + λ), and its residual
    /// when left out is its residual divided by 1 − hᵢ (Allen, 1974; means and spreads of features held).
    func leaveOneOutErrors(lambdas: [Double]) throws(LearnerError) -> [Double] {
        let n = design.rows
        let d = design.columns
        let m = targets.columns
        var vectors = gram
        var eigenvalues = [Double](repeating: 0, count: d)
        guard
            LAPACKE_dsyevd(
                LAPACK_ROW_MAJOR, CChar(UInt8(ascii: "V")), CChar(UInt8(ascii: "U")), Int32(d), &vectors,
                Int32(d), &eigenvalues) == 0
        else { throw .singular(learner: "ridge regression") }
        var q = [Double](repeating: 0, count: n * d)
        cblas_dgemm(
            CblasRowMajor, CblasNoTrans, CblasNoTrans, blasint(n), blasint(d), blasint(d), 1, x, blasint(d), vectors,
            blasint(d), 0, &q, blasint(d))
        var rotated = [Double](repeating: 0, count: d * m)
        cblas_dgemm(
            CblasRowMajor, CblasTrans, CblasNoTrans, blasint(d), blasint(m), blasint(d), 1, vectors, blasint(d), cross,
            blasint(m), 0, &rotated, blasint(m))
        return lambdas.map { lambda in
            let shrink = eigenvalues.map { 1 / (max($0, 0) + lambda) }
            var scaled = rotated
            for column in 0..<d {
                for target in 0..<m { scaled[column * m + target] *= shrink[column] }
            }
            var residuals = y
            cblas_dgemm(
                CblasRowMajor, CblasNoTrans, CblasNoTrans, blasint(n), blasint(m), blasint(d), -1, q, blasint(d),
                scaled, blasint(m), 1, &residuals, blasint(m))
            var sum = 0.0
            for row in 0..<n where design.weights[row] > 0 {
                var leverage = design.weights[row] / design.totalWeight
                for column in 0..<d {
                    let value = q[row * d + column]
                    leverage += value * value * shrink[column]
                }
                // A row that carries all the weight cannot be predicted by the others: it says nothing of λ.
                let free = 1 - leverage
                guard free > 1e-12 else { continue }
                for target in 0..<m {
                    let error = residuals[row * m + target] / free
                    sum += error * error
                }
            }
            return sum / (design.totalWeight * Double(m))
        }
    }
}
