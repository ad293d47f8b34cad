public import Probability

/// Stages and a policy that says which of them to ask; itself a stage, so cascades nest.
///
///     let cascade = try Cascade("support", stages: [small, large], policy: policy, seed: 1)
///     let run = try await cascade.run("Where is my parcel?")
///     run.decision.output   // the answer, or nil where the policy abstained
///     run.cost, run.trace   // what it took, and what happened
///
/// The same input and the same stream of `random` give the same run, whatever runs beside it, as far as the stages
/// are deterministic themselves. Several stages of one move are asked at once: their costs add, the latency is the
/// slowest one's; when one fails or the task is cancelled, the others are cancelled and waited for.
public struct Cascade<Input: Sendable, Output: Sendable>: Stage {
    public let name: String
    /// The stages, in the order of the policy's indices.
    public let stages: [any Stage<Input, Output>]
    /// What says which stage to ask.
    public let policy: any Policy
    /// The names of stages, evidence and context.
    public let schema: LogSchema
    /// How costs count in the policy's ``PolicyState/spent``.
    public let weights: CostWeights
    public let evidenceNames: [String]

    private let context: ItemContext<Input>
    private let agrees: (@Sendable (Output, Output) -> Bool)?
    private let clock: any Clock<Duration>
    private let root: Random
    private let requests = CallCounter()

    /// A cascade of `stages` driven by `policy`.
    /// - Parameters:
    ///   - context: the item's numbers and group that the policy may read before anything is asked.
    ///   - weights: how costs count in ``PolicyState/spent``.
    ///   - seed: seeds the streams of the requests: request `i` runs under stream `i`.
    ///   - clock: what measures start and duration of every choice.
    ///   - agrees: whether two outputs are the same answer, for policies that combine.
    /// - Throws: ``CascadeError/badCascade(name:reason:remedy:)``.
    public init(
        _ name: String, stages: [any Stage<Input, Output>], policy: any Policy, context: ItemContext<Input> = .none,
        weights: CostWeights = CostWeights(money: 1), seed: UInt64, clock: any Clock<Duration> = ContinuousClock(),
        agrees: (@Sendable (Output, Output) -> Bool)?
    ) throws {
        func bad(_ reason: String, _ remedy: String) -> CascadeError {
            .badCascade(name: name, reason: reason, remedy: remedy)
        }
        if stages.isEmpty { throw bad("it has no stages", "Give it one at least") }
        if stages.count > StageSet.capacity {
            throw bad("it has \(stages.count) stages", "Use \(StageSet.capacity) at most, or nest cascades")
        }
        for (index, stage) in stages.enumerated() {
            if stages[..<index].contains(where: { $0.name == stage.name }) {
                throw bad("two stages are called '\(stage.name)'", "Give each a name of its own")
            }
            if Set(stage.evidenceNames).count != stage.evidenceNames.count {
                throw bad("stage '\(stage.name)' names a number of its evidence twice", "Use each name once")
            }
        }
        guard policy.reach.isSubset(of: .all(stages.count)) else {
            throw bad(
                "its policy may ask stages \(policy.reach) and there are \(stages.count), counted from 0",
                "Use a policy that was learned for these stages")
        }
        self.name = name
        self.stages = stages
        self.policy = policy
        self.context = context
        self.weights = weights
        self.clock = clock
        self.agrees = agrees
        root = Random(seed: seed)
        schema = LogSchema(context: context.names, stages: stages.map { $0.schema })
        evidenceNames = CascadeMachine<Output>.evidenceNames(schema)
    }

    /// The answer to `input`, under the next stream.
    /// - Throws: ``CascadeError``; also ``CascadeError/abstained(cascade:)``, since there is no answer then.
    public func answer(_ input: Input) async throws -> Answer<Output> {
        let run = try await run(input)
        guard let output = run.decision.output else { throw CascadeError.abstained(cascade: name) }
        return Answer(output, evidence: run.evidence, cost: run.cost, logScore: run.logScore)
    }

    /// Runs on `input` under the next stream: each call has one of its own, in the order of the calls.
    public func run(_ input: Input) async throws -> Run<Output> {
        try await run(input, request: requests.next())
    }

    /// Runs on `input` as request number `request`: always the same stream.
    public func run(_ input: Input, request: UInt64) async throws -> Run<Output> {
        var random = root.split(request)
        return try await run(input, using: &random)
    }

    public func run(_ input: Input, using random: inout Random) async throws -> Run<Output> {
        let elapsed = stopwatch(clock)
        var machine = try machine(input, coin: random.uniform())
        while true {
            try Task.checkCancellation()
            switch try machine.next() {
            case .finish(let decision): return machine.run(decision)
            case .ask(let set): machine.receive(try await ask(set, input, random: random, elapsed: elapsed))
            }
        }
    }

    /// The run that `trace` tells of, without asking any stage.
    ///
    /// - Throws: ``CascadeError/traceMismatch(address:expected:found:)`` where the trace is not what this cascade would
    ///   have done on `input`, given what the stages gave.
    public func replay(_ trace: Trace<Output>, _ input: Input) throws -> Run<Output> {
        try replay(trace, input, at: [])
    }

    func machine(_ input: Input, coin: Double) throws -> CascadeMachine<Output> {
        try CascadeMachine(
            name: name, schema: schema, policy: policy, weights: weights, agrees: agrees,
            context: context.values(input), group: context.group(input), coin: coin)
    }

    /// Asks the stages of `set` at once; stage `s` draws from stream `s` of `random`.
    private func ask(
        _ set: StageSet, _ input: Input, random: Random, elapsed: @escaping @Sendable () -> Double
    ) async throws -> [Trace<Output>.Choice] {
        // One stage needs no task of its own.
        if set.count == 1, let stage = set.first {
            return [try await ask(stage, input, random: random.split(UInt64(stage)), elapsed: elapsed)]
        }
        return try await withThrowingTaskGroup(of: Trace<Output>.Choice.self) { group in
            for stage in set {
                let stream = random.split(UInt64(stage))
                group.addTask { try await ask(stage, input, random: stream, elapsed: elapsed) }
            }
            var choices: [Trace<Output>.Choice] = []
            // The first error leaves the group, which cancels the others and waits for them.
            for try await choice in group { choices.append(choice) }
            return choices.sorted { $0.stage < $1.stage }
        }
    }

    private func ask(
        _ index: Int, _ input: Input, random: Random, elapsed: @Sendable () -> Double
    ) async throws -> Trace<Output>.Choice {
        let stage = stages[index]
        var random = random
        let start = elapsed()
        let run: Run<Output>
        do {
            run = try await stage.run(input, using: &random)
        } catch let error as CancellationError {
            throw error
        } catch {
            throw CascadeError.stageFailed(stage: stage.name, failure: StageFailure(error))
        }
        guard let evidence = run.evidence.ordered(as: schema.stages[index].evidence) else {
            throw CascadeError.evidenceMismatch(
                source: "stage '\(stage.name)'", expected: schema.stages[index].evidence, found: run.evidence.names)
        }
        return Trace.Choice(
            stage: index, output: run.decision.output, evidence: evidence, cost: run.cost, logScore: run.logScore,
            start: start, duration: elapsed() - start, inner: run.trace)
    }
}

extension Cascade where Output: Equatable {
    /// A cascade whose outputs are the same answer when they are equal.
    public init(
        _ name: String, stages: [any Stage<Input, Output>], policy: any Policy, context: ItemContext<Input> = .none,
        weights: CostWeights = CostWeights(money: 1), seed: UInt64, clock: any Clock<Duration> = ContinuousClock()
    ) throws {
        try self.init(
            name, stages: stages, policy: policy, context: context, weights: weights, seed: seed, clock: clock,
            agrees: { $0 == $1 })
    }
}

/// A closure that gives the seconds since now.
private func stopwatch<C: Clock>(_ clock: C) -> @Sendable () -> Double where C.Duration == Duration {
    let start = clock.now
    return {
        let parts = start.duration(to: clock.now).components
        return Double(parts.seconds) + Double(parts.attoseconds) * 1e-18
    }
}
