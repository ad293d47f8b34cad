/// What can go wrong when smooth maps, causal maps and likelihoods meet data.
public enum SmoothMapError: Error, Equatable, Sendable {
    /// A number that is `NaN` or infinite. `place` says where: a step of a series, an item of the data.
    case notFinite(what: String, place: String)
    /// Numbers that don't fit what takes them.
    case wrongCount(what: String, found: Int, expected: String)
    /// Two models that can't be composed, for their noise differs.
    case differentNoise(first: String, second: String)
    /// There is nothing to learn from.
    case noData(what: String)
}

extension SmoothMapError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .notFinite(let what, let place):
            "\(what) at \(place) is not finite. Check the data there, or take smaller steps."
        case .wrongCount(let what, let found, let expected): "\(what): found \(found) numbers, expected \(expected)."
        case .differentNoise(let first, let second):
            "the kernels have different noise: \(first) and \(second). Give both the same family."
        case .noData(let what): "\(what) is empty: expected at least one item."
        }
    }
}
