/// Linear least squares with a squared penalty, for any number of targets at once, of which cells may be missing.
///
/// Minimises Σᵢ wᵢ (yᵢ − b − β·xᵢ)² + λ ‖β‖² for each target, over the rows that have it, with the intercept b
/// unpenalised, in closed form (Cholesky). With `standardises` the features are divided by their spread first, so that
/// λ is the same for each.
/// Source: Hoerl and Kennard, 1970, "Ridge regression", Technometrics 12(1).
public struct RidgeRegression: Codable, Sendable, Equatable {
    /// How large λ is.
    public enum Penalty: Codable, Sendable, Equatable {
        /// This λ, at least 0.
        case fixed(Double)
        /// For each target by itself, the one of these (the first of equals), times the total weight of the rows that
        /// are fitted, with the least squared error on folds held out.
        case crossValidated(perWeight: [Double])
    }

    /// The penalty λ.
    public var penalty: Penalty
    /// Whether features are divided by their spread.
    public var standardises: Bool
    /// Whether a feature with missing cells also gets a column that says so.
    public var indicatesMissing: Bool

    /// A ridge regression; by default λ is chosen by cross-validation from 10⁻⁶ to 1 for each unit of weight.
    public init(penalty: Penalty? = nil, standardises: Bool = true, indicatesMissing: Bool = false) {
        self.penalty = penalty ?? .crossValidated(perWeight: [1e-6, 1e-4, 1e-3, 1e-2, 1e-1, 1])
        self.standardises = standardises
        self.indicatesMissing = indicatesMissing
    }

    /// The model that fits `targets`, `[rows, targets]` (NaN: missing), to `features`, `[rows, features]` (NaN: missing).
    ///
    /// - Parameters:
    ///   - weights: one weight a row, at least 0; a weight of 2 counts a row twice.
    ///   - folds: the fold of each row, at least 0, for cross-validation; five by turns if nil. Means and spreads of the
    ///     features are those of all rows.
    /// - Throws: `LearnerError` for empty or mismatched input, infinite targets, a target that no row has, a negative λ,
    ///   and a singular problem (λ = 0 with dependent features).
    public func fit(
        features: Matrix, targets: Matrix, weights: [Double]? = nil, folds: [Int32]? = nil
    ) throws -> RidgeModel {
        try LearnerInput.check(features, weights: weights)
        try LearnerInput.check(count: targets.rows, of: "the rows of the targets", expected: features.rows)
        try LearnerInput.check(targets.columns > 0, "the number of targets", Double(targets.columns), "at least 1")
        if let folds { try LearnerInput.check(count: folds.count, of: "the folds", expected: features.rows) }
        let means = try LearnerInput.means(ofTargets: targets, weights: weights)
        let design = StandardisedDesign(features, weights: weights, indicators: indicatesMissing, divides: standardises)
        switch penalty {
        case .fixed(let lambda):
            try LearnerInput.check(lambda >= 0 && lambda.isFinite, "lambda", lambda, "a finite number of at least 0")
            let problem = RidgeProblem(design: design, targets: targets, means: means, folds: nil)
            return try problem.fit { _ in lambda }
        case .crossValidated(let candidates):
            try LearnerInput.check(!candidates.isEmpty, "the number of lambdas", 0, "at least 1")
            for lambda in candidates {
                try LearnerInput.check(lambda > 0 && lambda.isFinite, "lambda", lambda, "a finite number above 0")
            }
            let folds = folds ?? (0..<features.rows).map { Int32($0 % 5) }
            if let least = folds.min(), least < 0 {
                throw LearnerError.badSetting(name: "a fold", value: Double(least), expected: "at least 0")
            }
            let problem = RidgeProblem(design: design, targets: targets, means: means, folds: folds)
            return try problem.crossValidated(candidates)
        }
    }
}

/// A fitted ridge regression.
public struct RidgeModel: Sendable, Equatable {
    /// The linear map from raw features to targets.
    public let predictor: LinearPredictor
    /// The penalty λ that was used for each target, `[targets]`.
    public let lambdas: [Double]
    /// The weighted mean squared error on the folds held out at that λ, `[targets]`, if one was chosen.
    public let heldOutErrors: [Double]?
    /// The same of the mean of the other folds alone.
    public let heldOutErrorsOfMean: [Double]?

    /// The targets of many rows, `[rows, targets]` of `[rows, features]`.
    public func predict(_ rows: Matrix) -> Matrix { predictor.predict(rows) }
}
