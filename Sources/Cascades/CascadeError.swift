/// What can go wrong when stages are asked, a cascade runs, or a trace is replayed.
public enum CascadeError: Error, Equatable, Sendable {
    /// A cascade that can't be put together.
    case badCascade(name: String, reason: String, remedy: String)
    /// The policy asked for a stage that the cascade doesn't have.
    case unknownStage(index: Int, count: Int)
    /// The policy asked a stage a second time.
    case askedTwice(stage: String)
    /// The policy asked for no stage at all.
    case emptyMove(asked: [String])
    /// The policy gave the answer of a stage that was not asked.
    case answerNotAsked(stage: String, asked: [String])
    /// The policy combined answers that can't be compared.
    case notComparable(cascade: String, output: String)
    /// A stage threw an error.
    case stageFailed(stage: String, failure: StageFailure)
    /// The evidence of an answer, or an item's context, does not have the names that were announced.
    case evidenceMismatch(source: String, expected: [String], found: [String])
    /// Numbers from which no evidence can be computed.
    case badEvidence(reason: String)
    /// The cascade was asked for an answer and its policy gave none.
    case abstained(cascade: String)
    /// A trace that the cascade would not have produced for this input.
    case traceMismatch(address: TraceAddress, expected: String, found: String)
}

/// The error that a stage threw, comparable by what it says.
public struct StageFailure: Sendable, Equatable, CustomStringConvertible {
    /// The error itself.
    public let error: any Error

    /// Keeps `error`.
    public init(_ error: any Error) { self.error = error }

    public var description: String { String(describing: error) }

    public static func == (left: StageFailure, right: StageFailure) -> Bool { left.description == right.description }
}

extension CascadeError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .badCascade(let name, let reason, let remedy): "cascade '\(name)': \(reason). \(remedy)"
        case .unknownStage(let index, let count):
            "the policy asked for stage \(index), but the cascade has \(count), counted from 0. "
                + "Use a policy that was learned for these stages."
        case .askedTwice(let stage):
            "the policy asked stage '\(stage)' twice. A policy asks only stages that are not in the state's `asked`."
        case .emptyMove(let asked):
            "the policy named no stage (asked so far: \(Self.list(asked))). A policy asks or combines at least one."
        case .answerNotAsked(let stage, let asked):
            "the policy gave the answer of stage '\(stage)', which was not asked (asked: \(Self.list(asked)))."
        case .notComparable(let cascade, let output):
            "cascade '\(cascade)': the policy combines answers, but \(output) has no equality. "
                + "Make it Equatable or give the cascade `agrees:`."
        case .stageFailed(let stage, let failure): "stage '\(stage)' failed: \(failure)"
        case .evidenceMismatch(let source, let expected, let found):
            "\(source) should give \(Self.list(expected)) and gave \(Self.list(found))."
        case .badEvidence(let reason): "no evidence can be computed: \(reason)."
        case .abstained(let cascade):
            "cascade '\(cascade)' abstained: its policy gave no answer. Use `run` to get abstentions as values."
        case .traceMismatch(let address, let expected, let found):
            "the trace does not fit at \(address): expected \(expected), found \(found). "
                + "Replay it with the input, stages and policy it was recorded with."
        }
    }

    static func list(_ names: [String]) -> String { names.isEmpty ? "nothing" : names.joined(separator: ", ") }
}
