/// What can go wrong when policies are learned, read or run on a log.
public enum DeferralError: Error, Equatable, Sendable {
    /// The log is too small, lacks a column, or has one stage only.
    case unsuitableLog(family: String, reason: String, remedy: String)
    /// A policy file that can't be read.
    case badPolicyFile(path: String, reason: String, remedy: String)
    /// A policy that was learned for other stages or signals than the log has.
    case schemaMismatch(missing: [String], remedy: String)
    /// No family of that name.
    case unknownFamily(name: String, known: [String])
    /// A goal that no policy reaches: the budget is below the cheapest stage, the quality above the best.
    case unreachableGoal(goal: String, nearest: String)
    /// A parameter out of its range.
    case badParameter(name: String, value: String, expected: String)
    /// No item of that id.
    case unknownItem(id: String)
}

extension DeferralError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .unsuitableLog(let family, let reason, let remedy): "\(family): \(reason). \(remedy)"
        case .badPolicyFile(let path, let reason, let remedy): "\(path): \(reason). \(remedy)"
        case .schemaMismatch(let missing, let remedy):
            "the policy needs what the log doesn't have: \(missing.joined(separator: ", ")). \(remedy)"
        case .unknownFamily(let name, let known):
            "there is no policy family '\(name)'. The families are: \(known.joined(separator: ", "))."
        case .unreachableGoal(let goal, let nearest): "\(goal) can't be reached: \(nearest)."
        case .badParameter(let name, let value, let expected): "\(name) = \(value): expected \(expected)."
        case .unknownItem(let id): "there is no item '\(id)' in the log. `cascade log show` lists the first ids."
        }
    }
}
