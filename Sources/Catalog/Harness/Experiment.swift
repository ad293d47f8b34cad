public import NumericalMethods

/// A published system of the field with its claims, run on data and checked.
///
/// The interesting code is in the system's room; an experiment is short and reads like the paper's experiments section.
/// To add one: one file in this room's folder for the system's room, one line in ``Experiments``, one test.
public protocol Experiment: Sendable {
    /// The row's id in the list of systems.
    var id: String { get }
    /// The paper.
    var paper: Paper { get }
    /// What is done, on what data, in a few sentences.
    var summary: String { get }
    /// What the paper says that this experiment decides.
    var claims: [Claim] { get }
    /// Loads the data, fits, measures.
    ///
    /// The same size and seed give the same findings on any number of threads.
    func run(_ context: ExperimentContext) async throws -> Findings
}

/// A paper by its number in the list of systems.
public struct Paper: Sendable, Hashable, Codable {
    /// The number; nil for an experiment beyond the list.
    public var number: Int?
    /// The title.
    public var title: String
    /// Who wrote it, and when.
    public var source: String

    /// A paper.
    public init(number: Int?, title: String, source: String) {
        self.number = number
        self.title = title
        self.source = source
    }
}

/// A sentence of the paper, put so that one number decides it.
public struct Claim: Sendable, Hashable, Codable {
    /// A short name, unique in its experiment.
    public var id: String
    /// The sentence, with what decides it.
    public var sentence: String

    /// A claim.
    public init(_ id: String, _ sentence: String) {
        self.id = id
        self.sentence = sentence
    }
}

/// How large an experiment is to be.
public enum ExperimentSize: String, Sendable, CaseIterable, Codable {
    /// A few seconds: what the tests run.
    case quick
    /// Minutes: what the documentation shows.
    case full
}

/// What an experiment is given.
public struct ExperimentContext: Sendable {
    /// Quick or full.
    public var size: ExperimentSize
    /// All randomness comes from here.
    public var seed: UInt64
    /// Where data lie that `cascade data get` fetched.
    public var data: DataStore
    /// Told how far the work is.
    public var progress: ProgressReporter

    /// A context.
    public init(
        size: ExperimentSize = .quick, seed: UInt64 = 1, data: DataStore = DataStore(),
        progress: ProgressReporter = .none
    ) {
        self.size = size
        self.seed = seed
        self.data = data
        self.progress = progress
    }

    /// `quick` in the quick size, `full` in the full one.
    public func scaled<Value>(quick: Value, full: Value) -> Value { size == .quick ? quick : full }
}
