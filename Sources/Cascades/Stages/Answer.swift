/// What a stage gives: its output, what it says of it, and what it took.
public struct Answer<Output: Sendable>: Sendable {
    /// The output.
    public var output: Output
    /// What the stage says of its own answer.
    public var evidence: Evidence
    /// What asking took.
    public var cost: Cost
    /// The log-density of the output given the input in nats, where the stage knows it.
    public var logScore: Double?

    /// An answer; what is left out is empty.
    public init(_ output: Output, evidence: Evidence = [:], cost: Cost = .zero, logScore: Double? = nil) {
        self.output = output
        self.evidence = evidence
        self.cost = cost
        self.logScore = logScore
    }
}

extension Answer: Equatable where Output: Equatable {}
extension Answer: Hashable where Output: Hashable {}
extension Answer: Codable where Output: Codable {}

/// An output, or the decision to give none. Abstaining is a value, not an error.
public enum Decision<Output: Sendable>: Sendable {
    /// This output.
    case answered(Output)
    /// No output.
    case abstained

    /// The output, or nil for an abstention.
    @inlinable
    public var output: Output? {
        if case .answered(let output) = self { output } else { nil }
    }

    /// The decision to give `output`, or to abstain where it is nil.
    @inlinable
    public init(_ output: Output?) {
        if let output { self = .answered(output) } else { self = .abstained }
    }
}

extension Decision: Equatable where Output: Equatable {}
extension Decision: Hashable where Output: Hashable {}
extension Decision: Codable where Output: Codable {}
