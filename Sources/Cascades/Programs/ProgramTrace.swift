/// What happened in one run of a program: its choices by address, in order, and what it weighed.
public struct ProgramTrace: Sendable {
    /// The draws and answers, in the order in which they were made.
    public var choices: [TraceEntry]
    /// The observations and factors, in the order in which they came.
    public var weights: [WeightTerm]
    /// What the run took, stages asked at once counted by the slowest.
    public var cost: Cost

    /// A trace of these.
    public init(choices: [TraceEntry] = [], weights: [WeightTerm] = [], cost: Cost = .zero) {
        self.choices = choices
        self.weights = weights
        self.cost = cost
    }

    /// The sum of the choices' log-densities that are known, in nats.
    public var logScore: Double { choices.reduce(0) { $0 + ($1.logScore ?? 0) } }

    /// The log-weight of the run: the sum over its observations and factors, in nats.
    public var logWeight: Double { weights.reduce(0) { $0 + $1.logWeight } }

    /// What was chosen at `address`, or nil where nothing was.
    public subscript(address: Address) -> TraceEntry? { choices.first { $0.address == address } }

    /// The output chosen at `address`, or nil where nothing of this type was.
    public func value<Value: Sendable>(at address: Address, as type: Value.Type = Value.self) -> Value? {
        guard let entry = self[address] else { return nil }
        return (entry as? TypedEntry<Value>)?.typed ?? (entry as? TypedEntry<Run<Value>>)?.typed.decision.output
    }
}

/// One observation or factor of a run.
public struct WeightTerm: Sendable, Hashable {
    /// Where it was.
    public var address: Address
    /// What it adds to the log-weight of the run, in nats.
    public var logWeight: Double
    /// Whether something was observed there, or else weighed by hand.
    public var isObservation: Bool
    /// How many choices were made before it.
    public var position: Int

    /// A term of a log-weight.
    public init(address: Address, logWeight: Double, isObservation: Bool, position: Int) {
        self.address = address
        self.logWeight = logWeight
        self.isObservation = isObservation
        self.position = position
    }
}

/// The output of a program and how it came about.
public struct ProgramRun<Output: Sendable>: Sendable {
    /// The output.
    public var output: Output
    /// How it came about.
    public var trace: ProgramTrace

    /// A run.
    public init(output: Output, trace: ProgramTrace) {
        self.output = output
        self.trace = trace
    }
}
