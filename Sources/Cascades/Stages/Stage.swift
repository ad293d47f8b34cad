public import Probability

/// A kernel that lives elsewhere: a remote model, an embedded language model, a classifier, a tool, a person.
///
/// A conformance needs a name, the names of its evidence, and `answer`. Every answer has exactly the announced
/// evidence. A stage that draws at random or has stages inside also implements ``run(_:using:)``.
public protocol Stage<Input, Output>: Sendable {
    associatedtype Input: Sendable
    associatedtype Output: Sendable

    /// The stage's name, unique in its cascade.
    var name: String { get }

    /// The names of the numbers in every answer's evidence, in column order.
    var evidenceNames: [String] { get }

    /// Answers `input`.
    func answer(_ input: Input) async throws -> Answer<Output>

    /// Answers `input` with the chance of `random` only: the same stream gives the same answer.
    ///
    /// The default calls ``answer(_:)``, which is right for stages without chance of their own.
    func run(_ input: Input, using random: inout Random) async throws -> Run<Output>
}

extension Stage {
    public func run(_ input: Input, using random: inout Random) async throws -> Run<Output> {
        Run(try await answer(input))
    }

    /// The stage's columns in a log.
    public var schema: StageSchema { StageSchema(name: name, evidence: evidenceNames) }
}

/// What came of asking a stage: an answer or an abstention, and, for a cascade, what happened inside.
public struct Run<Output: Sendable>: Sendable {
    /// The output, or none.
    public var decision: Decision<Output>
    /// What the stage says of it.
    public var evidence: Evidence
    /// What it took.
    public var cost: Cost
    /// The log-density of the output in nats, where it is known.
    public var logScore: Double?
    /// What happened inside, when the stage is a cascade.
    public var trace: Trace<Output>?

    /// A run that ended with `decision`.
    public init(
        decision: Decision<Output>, evidence: Evidence, cost: Cost, logScore: Double? = nil, trace: Trace<Output>? = nil
    ) {
        self.decision = decision
        self.evidence = evidence
        self.cost = cost
        self.logScore = logScore
        self.trace = trace
    }

    /// The run that gave `answer`.
    public init(_ answer: Answer<Output>) {
        self.init(
            decision: .answered(answer.output), evidence: answer.evidence, cost: answer.cost, logScore: answer.logScore)
    }
}

extension Run: Equatable where Output: Equatable {}
