/// What can go wrong when a method of inference meets its model or its data.
public enum InferenceError: Error, Equatable, Sendable {
    /// A parameter out of its range.
    case improperParameter(name: String, value: String, expected: String)
    /// Arrays that don't fit together.
    case wrongShape(what: String, found: String, expected: String)
    /// A density, weight or derivative that is `NaN` or +infinity. `place` says where: a step, a particle, an address.
    case nonFinite(what: String, place: String, value: Double)
    /// An observation that the model holds to be impossible.
    case impossibleObservation(place: String)
    /// Every particle, or every explanation, has weight zero.
    case zeroTotalWeight(place: String)
    /// A cloud, a sequence or a data set without a member.
    case empty(what: String)
    /// A part of a graph that can't be reached from the rest.
    case disconnected(what: String, parts: [String])
    /// A method that stopped before it met its tolerance.
    case notConverged(method: String, after: String, remedy: String)
    /// A request that the model can't serve: an enumeration of a continuous choice, a smoother without densities.
    case unsupported(what: String, place: String, remedy: String)
    /// A line of a file that can't be read.
    case badLine(file: String, line: Int, reason: String)
}

extension InferenceError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .improperParameter(let name, let value, let expected): "\(name) = \(value): expected \(expected)."
        case .wrongShape(let what, let found, let expected): "\(what) is \(found): expected \(expected)."
        case .nonFinite(let what, let place, let value):
            "\(what) at \(place) is \(value): expected a finite number, or -inf for what is impossible."
        case .impossibleObservation(let place):
            "the observation at \(place) is impossible under the model. Check its value, or give the model some noise."
        case .zeroTotalWeight(let place):
            "all weights at \(place) are zero. Check the observations, or use more particles or a better proposal."
        case .empty(let what): "\(what) is empty: expected at least one."
        case .disconnected(let what, let parts):
            "\(what) falls apart into \(parts.count) parts, which can't be compared: \(parts.joined(separator: "; "))."
        case .notConverged(let method, let after, let remedy):
            "\(method) did not converge after \(after). \(remedy)"
        case .unsupported(let what, let place, let remedy): "\(what) at \(place) is not possible. \(remedy)"
        case .badLine(let file, let line, let reason): "\(file):\(line): \(reason)"
        }
    }
}
