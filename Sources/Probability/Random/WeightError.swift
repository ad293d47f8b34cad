/// Why a choice by weights can't be made.
public enum WeightError: Error, Equatable, CustomStringConvertible {
    /// There is nothing to choose from.
    case empty
    /// The weight at this index is not a number, negative, or +infinity.
    case invalid(index: Int, value: Double)
    /// No weight is above zero (no log-weight above −infinity).
    case allZero(count: Int)

    /// What is wrong, where, and what would be right.
    public var description: String {
        switch self {
        case .empty: "a choice needs at least one weight, and there is none"
        case .invalid(let index, let value):
            "weight \(index) is \(value); weights are finite and not negative (log-weights below +infinity, −infinity allowed)"
        case .allZero(let count):
            "all \(count) weights are zero (log-weights −infinity); at least one choice must be possible"
        }
    }
}
