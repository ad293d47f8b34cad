/// What happened in one run of a cascade: every move of the policy and every choice of the stages.
///
/// The same cascade under a trace gives the same run (``Cascade/replay(_:_:)``). Times are seconds since the run began.
public struct Trace<Output: Sendable>: Sendable {
    /// The names of the stages and signals.
    public var schema: LogSchema
    /// The item's context numbers, `[context]`; `NaN` is missing.
    public var context: [Double]
    /// The item's group.
    public var group: String?
    /// The policy's chance: a uniform number in [0, 1).
    public var coin: Double
    /// The policy's moves, in order; the last one ended the run.
    public var moves: [Move]
    /// What the stages gave, in the order of the moves and, in one move, of the schema.
    public var choices: [Choice]

    /// What one stage gave.
    public struct Choice: Sendable {
        /// The stage, by its index in the schema.
        public var stage: Int
        /// Its output; nil when it abstained.
        public var output: Output?
        /// Its evidence, in the order of the schema.
        public var evidence: [Double]
        /// What it took.
        public var cost: Cost
        /// The log-density of the output in nats, where the stage knows it.
        public var logScore: Double?
        /// When it was asked, in seconds since its cascade began.
        public var start: Double
        /// How long it took by the cascade's clock, in seconds.
        public var duration: Double
        /// What happened inside, when the stage is itself a cascade.
        public var inner: Trace<Output>?

        /// What `stage` gave.
        public init(
            stage: Int, output: Output?, evidence: [Double], cost: Cost, logScore: Double? = nil, start: Double = 0,
            duration: Double = 0, inner: Trace<Output>? = nil
        ) {
            self.stage = stage
            self.output = output
            self.evidence = evidence
            self.cost = cost
            self.logScore = logScore
            self.start = start
            self.duration = duration
            self.inner = inner
        }
    }

    /// A trace before the first move.
    public init(schema: LogSchema, context: [Double] = [], group: String? = nil, coin: Double = 0) {
        self.schema = schema
        self.context = context
        self.group = group
        self.coin = coin
        moves = []
        choices = []
    }

    /// The sum of the log-densities that are known, in nats.
    public var logScore: Double { choices.reduce(0) { $0 + ($1.logScore ?? 0) } }

    /// What `stage` gave, or nil when it was not asked.
    public func choice(of stage: Int) -> Choice? { choices.first { $0.stage == stage } }

    /// What was chosen at `address`, or nil when nothing was.
    public func choice(at address: TraceAddress) -> Choice? {
        guard let name = address.path.first, let choice = choices.first(where: { schema.stages[$0.stage].name == name })
        else { return nil }
        let rest = TraceAddress(Array(address.path.dropFirst()))
        return rest.path.isEmpty ? choice : choice.inner?.choice(at: rest)
    }

    /// Every address at which something was chosen: a cascade's own before those inside it.
    public var addresses: [TraceAddress] {
        choices.flatMap { choice in
            let own = TraceAddress([schema.stages[choice.stage].name])
            return [own] + (choice.inner?.addresses ?? []).map { TraceAddress(own.path + $0.path) }
        }
    }
}

/// Where something was chosen: the names of the stages from the outermost cascade inwards.
public struct TraceAddress: Sendable, Hashable, Codable, CustomStringConvertible, ExpressibleByArrayLiteral {
    /// Stage names, outermost first.
    public let path: [String]

    /// The address of `path`.
    public init(_ path: [String]) { self.path = path }

    public init(arrayLiteral elements: String...) { path = elements }

    public var description: String {
        path.isEmpty ? "the cascade itself" : path.map { "'\($0)'" }.joined(separator: " > ")
    }
}
