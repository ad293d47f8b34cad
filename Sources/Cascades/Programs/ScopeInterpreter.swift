/// What interprets a program: it says where the values of choices come from, and is told what was chosen and weighed.
///
/// A program never sees it. One interpreter serves one run; all its calls come in the order of the program. Its methods
/// know no types: the ``Scope`` does what needs them (draws, densities, casts), specialised for each kernel.
public protocol ScopeInterpreter: AnyObject {
    /// Where the value of the choice at `address` comes from. Asked only with ``ScopeNeeds/origins``.
    func origin(of address: Address, _ kind: ChoiceKind) throws -> ChoiceOrigin

    /// Takes note of a choice that was drawn, answered or scored anew. Told only with ``ScopeNeeds/entries``.
    func note(_ entry: TraceEntry) throws

    /// Which of `alternatives`, each with its log-probability, is taken. Asked where the origin is
    /// ``ChoiceOrigin/enumerated``.
    func pick(_ alternatives: [TraceEntry], at address: Address) throws -> Int

    /// Told that the entry that was to be kept is of another type than the choice; returns to have a fresh draw.
    func cannotKeep(_ entry: TraceEntry, expected: String) throws

    /// Whether the next observation or factor is known already and need not be computed.
    func skipsWeight() -> Bool

    /// Takes note of an observation or factor: below +infinity, never `NaN`.
    func weigh(_ logWeight: Double, at address: Address, isObservation: Bool) throws
}

/// What an interpreter takes part in. Without any, draws cost what the kernels cost and a little for the address.
public struct ScopeNeeds: OptionSet, Sendable {
    public let rawValue: Int
    public init(rawValue: Int) { self.rawValue = rawValue }

    /// It says where values come from.
    public static let origins = ScopeNeeds(rawValue: 1)
    /// It takes note of choices.
    public static let entries = ScopeNeeds(rawValue: 2)
    /// The log-densities of fresh draws are computed.
    public static let scores = ScopeNeeds(rawValue: 4)
}

/// What kind of choice is to be made.
public enum ChoiceKind: Sendable {
    /// A draw from a kernel with a density.
    case scored
    /// A draw from a kernel whose density is not known.
    case unscored
    /// A question to a stage.
    case asked
    /// A question to a stage that knows how likely each answer is: what is kept can be scored anew.
    case askedScored
}

/// Where the value of a choice comes from.
public enum ChoiceOrigin {
    /// A draw, or a question that is asked.
    case fresh
    /// This value; with its density computed anew and noted where `isRescored`, else as it is and not noted.
    case kept(TraceEntry, isRescored: Bool)
    /// One of all outcomes, picked by the interpreter.
    case enumerated
}

extension ScopeInterpreter {
    public func origin(of address: Address, _ kind: ChoiceKind) throws -> ChoiceOrigin { .fresh }

    public func note(_ entry: TraceEntry) throws {}

    public func pick(_ alternatives: [TraceEntry], at address: Address) throws -> Int { 0 }

    public func cannotKeep(_ entry: TraceEntry, expected: String) throws {
        throw ProgramError.traceMismatch(address: entry.address, expected: expected, found: entry.valueText)
    }

    public func skipsWeight() -> Bool { false }

    public func weigh(_ logWeight: Double, at address: Address, isObservation: Bool) throws {}
}
