/// Logistic regression with a squared penalty: two classes or more, hard or soft targets.
///
/// Minimises C Σᵢ wᵢ ℓ(yᵢ, b + β·xᵢ) + ½ ‖β‖² with ℓ the negative log-likelihood in nats and the intercept b
/// unpenalised: scikit-learn's convention. Two classes: Newton's method with the exact Hessian (iteratively
/// reweighted least squares). More: Newton's method with conjugate gradients on Hessian-vector products.
/// Source: McCullagh and Nelder, 1989, "Generalized linear models"; Nocedal and Wright, 2006, algorithm 7.1.
public struct LogisticRegression: Codable, Sendable, Equatable {
    /// C, the inverse of the penalty's strength: above 0, infinite for none.
    public var inversePenalty: Double
    /// Whether features are divided by their spread, so that the penalty is the same for each.
    public var standardises: Bool
    /// Whether a feature with missing cells also gets a column that says so.
    public var indicatesMissing: Bool
    /// The most Newton steps.
    public var iterations: Int

    /// A logistic regression. `standardises: false` gives scikit-learn's optimum on raw features.
    public init(
        inversePenalty: Double = 1, standardises: Bool = true, indicatesMissing: Bool = false, iterations: Int = 100
    ) {
        self.inversePenalty = inversePenalty
        self.standardises = standardises
        self.indicatesMissing = indicatesMissing
        self.iterations = iterations
    }

    /// The two-class model of `targets`, `[rows]`: probabilities from 0 to 1 (0 and 1 for hard classes).
    ///
    /// - Parameters:
    ///   - features: `[rows, features]`, NaN where missing.
    ///   - weights: one weight a row, at least 0.
    /// - Throws: `LearnerError` for empty, mismatched or non-finite input, one class only, and no optimum
    ///   (separable classes without a penalty).
    public func fit(features: Matrix, targets: [Double], weights: [Double]? = nil) throws -> LogisticModel {
        try checkSettings()
        try LearnerInput.check(features, weights: weights)
        try LearnerInput.check(count: targets.count, of: "the targets", expected: features.rows)
        try LearnerInput.checkFinite(targets: targets)
        if let row = targets.firstIndex(where: { !(0...1 ~= $0) }) {
            throw LearnerError.targetOutOfRange(row: row, value: targets[row], expected: "from 0 to 1")
        }
        var isPositive = false
        var isNegative = false
        for (row, target) in targets.enumerated() where (weights?[row] ?? 1) > 0 {
            if target > 0 { isPositive = true }
            if target < 1 { isNegative = true }
        }
        guard isPositive && isNegative else { throw LearnerError.oneClass }
        let design = design(features, weights)
        var newton = BinaryNewton(design: design, targets: targets, penalties: penalties(design))
        let steps = try newton.minimise(iterations: iterations)
        let columns = design.columns
        return LogisticModel(
            predictor: design.rawModel(
                coefficients: Array(newton.parameters[0..<columns]), intercepts: [newton.parameters[columns]]),
            iterations: steps)
    }

    /// The model of `classes`, `[rows]`, each from 0 to `classCount` − 1: a softmax over one linear score a class.
    ///
    /// The scores are the symmetric ones: coefficients and intercepts sum to 0 over the classes.
    /// - Throws: as `fit(features:targets:weights:)`, and for a class without rows.
    public func fit(
        features: Matrix, classes: [Int], classCount: Int, weights: [Double]? = nil
    ) throws -> MultinomialModel {
        try LearnerInput.check(features, weights: weights)
        try LearnerInput.check(count: classes.count, of: "the classes", expected: features.rows)
        try LearnerInput.check(classes: classes, classCount: classCount, weights: weights)
        var targets = Matrix(rows: features.rows, columns: classCount)
        for (row, value) in classes.enumerated() { targets[row, value] = 1 }
        return try fit(features: features, distributions: targets, weights: weights)
    }

    /// The model of soft targets: row i of `distributions`, `[rows, classes]`, is a distribution over classes.
    ///
    /// - Throws: as for hard classes, and when a row is not a distribution (to 10⁻⁶).
    public func fit(features: Matrix, distributions: Matrix, weights: [Double]? = nil) throws -> MultinomialModel {
        try checkSettings()
        try LearnerInput.check(features, weights: weights)
        try LearnerInput.check(count: distributions.rows, of: "the rows of the distributions", expected: features.rows)
        try LearnerInput.checkFinite(targets: distributions.storage, columns: distributions.columns)
        let classes = distributions.columns
        guard classes >= 2 else { throw LearnerError.oneClass }
        var masses = [Double](repeating: 0, count: classes)
        for row in 0..<features.rows {
            var sum = 0.0
            for k in 0..<classes {
                let value = distributions[row, k]
                guard value >= 0 else {
                    throw LearnerError.targetOutOfRange(row: row, value: value, expected: "at least 0")
                }
                sum += value
                masses[k] += (weights?[row] ?? 1) * value
            }
            guard abs(sum - 1) <= 1e-6 else {
                throw LearnerError.targetOutOfRange(row: row, value: sum, expected: "a distribution, which sums to 1")
            }
        }
        if masses.count(where: { $0 > 0 }) < 2 { throw LearnerError.oneClass }
        if let empty = masses.firstIndex(where: { $0 <= 0 }) { throw LearnerError.emptyClass(empty) }
        let design = design(features, weights)
        var newton = MultinomialNewton(design: design, targets: distributions, penalties: penalties(design))
        let steps = try newton.minimise(iterations: iterations)
        let (coefficients, intercepts) = newton.centredParameters()
        return MultinomialModel(
            predictor: design.rawModel(coefficients: coefficients, intercepts: intercepts), iterations: steps)
    }

    private func checkSettings() throws(LearnerError) {
        try LearnerInput.check(inversePenalty > 0, "the inverse penalty", inversePenalty, "above 0")
        try LearnerInput.check(iterations > 0, "the number of iterations", Double(iterations), "at least 1")
    }

    private func design(_ features: Matrix, _ weights: [Double]?) -> StandardisedDesign {
        StandardisedDesign(features, weights: weights, indicators: indicatesMissing, divides: true)
    }

    /// The penalty of each column's coefficient. The solvers always work on standardised columns, which keeps them
    /// well conditioned; a penalty on the raw coefficient β = γ/scale is one of strength 1/scale² on γ.
    private func penalties(_ design: StandardisedDesign) -> [Double] {
        design.scales.map { 1 / inversePenalty / (standardises ? 1 : $0 * $0) }
    }
}
