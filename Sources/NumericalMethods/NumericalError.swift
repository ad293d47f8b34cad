/// What can go wrong in this room when data, not the programmer, is at fault.
public enum NumericalError: Error, Equatable, Sendable {
    /// A symmetric matrix has no Cholesky factor: the leading minor that ends at row `pivot` (from 0) is not positive.
    case notPositiveDefinite(pivot: Int, size: Int)
    /// A square matrix has no inverse: the elimination met a zero at diagonal element `pivot` (from 0).
    case singular(pivot: Int, size: Int)
    /// An input holds a NaN or an infinity.
    case nonFinite(what: String, index: Int, value: Double)
    /// Two inputs do not fit together.
    case shapeMismatch(what: String, expected: String, found: String)
    /// An argument lies where the method is not defined.
    case invalidArgument(name: String, value: Double, requirement: String)
    /// An iteration used up its allowance.
    case notConverged(method: String, iterations: Int, error: Double, tolerance: Double)
    /// A root finder was given ends at which the function has the same sign.
    case notBracketed(lower: Double, upper: Double, valueAtLower: Double, valueAtUpper: Double)
    /// A function that is being minimised, integrated or solved returned NaN at `point`.
    case notANumber(method: String, point: [Double])
    /// A library refused the problem or broke down.
    case libraryFailure(library: String, routine: String, code: Int, message: String)
}

extension NumericalError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .notPositiveDefinite(let pivot, let size):
            "the \(size) x \(size) matrix is not positive definite: its leading minor of order \(pivot + 1) is not positive. "
                + "Row \(pivot) is a combination of those before it, or the matrix is not a covariance; add to the diagonal or drop the column."
        case .singular(let pivot, let size):
            "the \(size) x \(size) matrix is singular: no pivot is left for column \(pivot). Drop a dependent column or use least squares."
        case .nonFinite(let what, let index, let value):
            "\(what) holds \(value) at element \(index); every element has to be a finite number."
        case .shapeMismatch(let what, let expected, let found):
            "\(what): expected \(expected), found \(found)."
        case .invalidArgument(let name, let value, let requirement):
            "\(name) is \(value); it has to be \(requirement)."
        case .notConverged(let method, let iterations, let error, let tolerance):
            "\(method) did not converge in \(iterations) iterations: error \(error), wanted \(tolerance). Allow more iterations or a looser tolerance."
        case .notBracketed(let lower, let upper, let valueAtLower, let valueAtUpper):
            "no sign change between \(lower) (value \(valueAtLower)) and \(upper) (value \(valueAtUpper)); widen the interval until the signs differ."
        case .notANumber(let method, let point):
            "\(method): the function returned NaN at \(point); make it return +infinity, or bound the search, where it is not defined."
        case .libraryFailure(let library, let routine, let code, let message):
            "\(library) \(routine) failed with code \(code): \(message)"
        }
    }
}

/// Throws `.nonFinite` at the first element of `values` that is NaN or infinite.
func requireFinite(_ values: [Double], _ what: @autoclosure () -> String) throws(NumericalError) {
    // NaN and infinities survive multiplication by 0, so one vectorisable sum decides the usual case.
    var poison = 0.0
    for value in values { poison += value * 0 }
    if poison == 0 { return }
    if let index = values.firstIndex(where: { !$0.isFinite }) {
        throw .nonFinite(what: what(), index: index, value: values[index])
    }
}
