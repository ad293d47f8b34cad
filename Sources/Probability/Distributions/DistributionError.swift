/// Why there is no distribution with these parameters.
public enum DistributionError: Error, Equatable, CustomStringConvertible {
    /// A parameter outside its range.
    case parameter(distribution: String, name: String, value: Double, requirement: String)
    /// Too few or mismatched parameters.
    case shape(distribution: String, expected: String, found: String)
    /// A covariance that is not positive definite; the first pivot that failed.
    case notPositiveDefinite(distribution: String, pivot: Int, size: Int)

    /// What is wrong, where, and what would be right.
    public var description: String {
        switch self {
        case .parameter(let distribution, let name, let value, let requirement):
            "\(distribution): \(name) is \(value); it must be \(requirement)"
        case .shape(let distribution, let expected, let found):
            "\(distribution): expected \(expected), found \(found)"
        case .notPositiveDefinite(let distribution, let pivot, let size):
            "\(distribution): the \(size) x \(size) covariance is not positive definite (pivot \(pivot)); "
                + "remove coordinates that depend on others, or add a little to the diagonal"
        }
    }
}

/// Throws unless the parameter is finite and above zero.
func requirePositive(_ value: Double, _ name: String, of distribution: String) throws(DistributionError) {
    guard value > 0, value < .infinity else {
        throw .parameter(distribution: distribution, name: name, value: value, requirement: "finite and above 0")
    }
}

/// Throws unless the parameter is finite.
func requireFinite(_ value: Double, _ name: String, of distribution: String) throws(DistributionError) {
    guard value.isFinite else {
        throw .parameter(distribution: distribution, name: name, value: value, requirement: "finite")
    }
}

/// Throws unless the parameter lies in [0, 1].
func requireUnit(_ value: Double, _ name: String, of distribution: String) throws(DistributionError) {
    guard value >= 0, value <= 1 else {
        throw .parameter(distribution: distribution, name: name, value: value, requirement: "in [0, 1]")
    }
}
