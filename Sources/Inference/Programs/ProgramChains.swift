public import Cascades
public import Probability

/// Several chains of Metropolis-Hastings over a program, from starts of their own.
public struct ProgramChains: Sendable {
    /// One step of a chain.
    public var method: ProgramMetropolisHastings
    /// How many chains.
    public var chains: Int
    /// How many steps of each chain are kept.
    public var steps: Int
    /// How many steps of each chain come before those and are dropped.
    public var warmup: Int
    /// Every how many steps one is kept.
    public var thinning: Int
    /// How many chains of a program that asks stages go on at once.
    public var concurrency: Int
    /// What each chain may take; a chain that has spent it ends with what it has.
    public var budgetPerChain: Budget?

    /// Chains of `method`.
    public init(
        _ method: ProgramMetropolisHastings = ProgramMetropolisHastings(), chains: Int = 4, steps: Int,
        warmup: Int? = nil, thinning: Int = 1, concurrency: Int = 8, budgetPerChain: Budget? = nil
    ) {
        self.method = method
        self.chains = chains
        self.steps = steps
        self.warmup = warmup ?? steps / 4
        self.thinning = thinning
        self.concurrency = concurrency
        self.budgetPerChain = budgetPerChain
    }

    /// One chain: its draws after the warm-up, in order.
    public struct Chain<Output: Sendable>: Sendable {
        /// The outputs that were kept.
        public internal(set) var outputs: [Output] = []
        /// The share of the steps whose proposal was taken.
        public internal(set) var acceptance = 0.0
        /// What the chain took.
        public internal(set) var spent = Cost.zero
        /// What of the budget ran out, if it did.
        public internal(set) var stop: Budget.Resource?
        /// The state with the largest weight times known density, and what that is in nats.
        public internal(set) var best: (output: Output, logJoint: Double)?
        var steps = 0
        var acceptances = 0
    }

    /// The chains, in order. Same stream, same chains, whatever `concurrency`.
    public func run<Input, Output>(
        _ program: Program<Input, Output>, _ input: Input, using random: inout Random
    ) throws -> [Chain<Output>] {
        try check()
        let base = random.fork()
        return try ProgramLoop.runs(chains, meter: nil) { index in
            var random = base.split(UInt64(index))
            let meter = BudgetMeter(budgetPerChain ?? Budget())
            var chain = Chain<Output>()
            do {
                var state = try method.start(program, input, using: &random, meter: meter)
                for step in 0..<(warmup + steps) {
                    let info = try method.step(&state, program, input, using: &random, meter: meter)
                    chain.receive(state, info, step: step - warmup, thinning: thinning)
                }
            } catch ProgramError.budgetSpent(_, let resource) { chain.stop = resource }
            chain.finish(meter)
            return chain
        }.results
    }

    /// The chains, in order. Same stream, same chains, whatever `concurrency`.
    public func run<Input, Output>(
        _ program: Program<Input, Output>, _ input: Input, using random: inout Random
    ) async throws -> [Chain<Output>] {
        guard program.isAsynchronous else { return try onAllCores(program, input, &random) }
        try check()
        let base = random.fork()
        return try await ProgramLoop.runs(chains, limit: concurrency, meter: nil) { index in
            var random = base.split(UInt64(index))
            let meter = BudgetMeter(budgetPerChain ?? Budget())
            var chain = Chain<Output>()
            do {
                var state = try await method.start(program, input, using: &random, meter: meter)
                for step in 0..<(warmup + steps) {
                    try Task.checkCancellation()
                    let info = try await method.step(&state, program, input, using: &random, meter: meter)
                    chain.receive(state, info, step: step - warmup, thinning: thinning)
                }
            } catch ProgramError.budgetSpent(_, let resource) { chain.stop = resource }
            chain.finish(meter)
            return chain
        }.results
    }

    private func onAllCores<Input, Output>(
        _ program: Program<Input, Output>, _ input: Input, _ random: inout Random
    ) throws -> [Chain<Output>] { try run(program, input, using: &random) }

    private func check() throws {
        try requireCount(chains, "chains")
        try requireCount(steps, "steps")
        try requireCount(warmup, "warmup", least: 0)
        try requireCount(thinning, "thinning")
    }
}

extension ProgramChains.Chain {
    mutating func receive(
        _ state: ProgramMetropolisHastings.State<Output>, _ info: ProgramMetropolisHastings.Info, step: Int,
        thinning: Int
    ) {
        if info.isAccepted || best == nil {
            let logJoint = state.logWeight + state.choices.reduce(0) { $0 + ($1.logScore ?? 0) }
            if best.map({ logJoint > $0.logJoint }) ?? true { best = (state.output, logJoint) }
        }
        guard step >= 0 else { return }
        steps += 1
        if info.isAccepted { acceptances += 1 }
        if step.isMultiple(of: thinning) { outputs.append(state.output) }
    }

    mutating func finish(_ meter: BudgetMeter) {
        spent = meter.spent
        acceptance = steps > 0 ? Double(acceptances) / Double(steps) : 0
    }
}
