/// What a learner refuses: each case says what was wrong, where, and what would be right.
public enum LearnerError: Error, Equatable, Sendable, CustomStringConvertible {
    /// There is nothing to learn from.
    case noRows
    /// There are no feature columns.
    case noFeatures
    /// Two inputs that describe the same rows (or columns) disagree in size.
    case mismatchedShapes(what: String, expected: Int, found: Int)
    /// A target is NaN or infinite where a number is needed.
    case nonFiniteTarget(row: Int, column: Int)
    /// A feature is infinite (a missing one is NaN, which is fine).
    case infiniteFeature(row: Int, column: Int)
    /// A sample weight is negative, NaN or infinite, or all are zero (then `row` is nil).
    case badWeight(row: Int?)
    /// A target lies outside the range of its loss.
    case targetOutOfRange(row: Int, value: Double, expected: String)
    /// Every row has the same class, so that there is nothing to tell apart.
    case oneClass
    /// A class has no row of positive weight, so that its intercept has no finite optimum.
    case emptyClass(Int)
    /// A setting of the learner lies outside its range.
    case badSetting(name: String, value: Double, expected: String)
    /// The normal equations have no unique solution.
    case singular(learner: String)
    /// The iterations ended before the optimum.
    case notConverged(learner: String, iterations: Int, gradient: Double)
    /// XGBoost refused a call.
    case xgboost(call: String, message: String)
    /// A stored model does not hold together.
    case badModel(String)

    /// What was wrong, where, and what would be right.
    public var description: String {
        switch self {
        case .noRows:
            "there are no rows to learn from; give at least one"
        case .noFeatures:
            "there are no features; give at least one column"
        case .mismatchedShapes(let what, let expected, let found):
            "\(what) should count \(expected) but counts \(found)"
        case .nonFiniteTarget(let row, let column):
            "the target of row \(row), column \(column) is not a finite number; drop the row or fill it in"
        case .infiniteFeature(let row, let column):
            "feature \(column) of row \(row) is infinite; a missing feature is NaN, any other a finite number"
        case .badWeight(let row?):
            "the weight of row \(row) is negative or not finite; weights are finite and at least 0"
        case .badWeight(nil):
            "all sample weights are zero; give some row a positive weight"
        case .targetOutOfRange(let row, let value, let expected):
            "the target of row \(row) is \(value) but should be \(expected)"
        case .oneClass:
            "every row has the same class; give rows of at least two classes"
        case .emptyClass(let index):
            "class \(index) has no row of positive weight; drop the class or add rows of it"
        case .badSetting(let name, let value, let expected):
            "\(name) is \(value) but should be \(expected)"
        case .singular(let learner):
            "\(learner): the features are linearly dependent; use a positive penalty or drop a column"
        case .notConverged(let learner, let iterations, let gradient):
            "\(learner): no optimum after \(iterations) iterations (gradient \(gradient)); "
                + "use a stronger penalty or more iterations"
        case .xgboost(let call, let message):
            "XGBoost refused \(call): \(message)"
        case .badModel(let problem):
            "the stored model is damaged: \(problem)"
        }
    }
}
