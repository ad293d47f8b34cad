import Probability

extension Scope {
    /// The answer of `stage` to `input`.
    /// - Throws: ``ProgramError/stageFailed(address:stage:failure:)``, ``ProgramError/abstained(address:stage:)`` (which
    ///   the program may catch, to ask another), ``ProgramError/budgetSpent(address:resource:)`` (which ends the run).
    public func ask<S: Stage>(_ address: Address, _ stage: S, _ input: S.Input) async throws -> Answer<S.Output> {
        let run = try await consult(address, stage, input)
        guard let output = run.decision.output else {
            throw ProgramError.abstained(address: absolute(address), stage: stage.name)
        }
        return Answer(output, evidence: run.evidence, cost: run.cost, logScore: run.logScore)
    }

    /// What comes of asking `stage`, abstentions included.
    public func consult<S: Stage>(_ address: Address, _ stage: S, _ input: S.Input) async throws -> Run<S.Output> {
        switch try await remembered(address, stage, input) {
        case .run(let run): return run
        case .ask(let place):
            do {
                try Task.checkCancellation()
                try meter?.admit(place)
            } catch { throw stop(error) }
            var stream = random.fork()
            let outcome = await outcome(stage, input, &stream)
            return try receive(outcome, at: place, stage, countsCost: true)
        }
    }

    /// What comes of asking several stages at once: costs add, the latency is the slowest one's. Stage `i` is at its
    /// own name inside `address`. Under a budget they are asked one after the other.
    public func consultTogether<Input: Sendable, Output: Sendable>(
        _ address: Address, _ stages: [any Stage<Input, Output>], _ input: Input
    ) async throws -> [Run<Output>] {
        if meter != nil || stages.count == 1 {
            var runs: [Run<Output>] = []
            for stage in stages { runs.append(try await consult(address / Address(stage.name), stage, input)) }
            return runs
        }
        var runs = [Run<Output>?](repeating: nil, count: stages.count)
        var places: [(index: Int, address: Address, stream: Random)] = []
        for (index, stage) in stages.enumerated() {
            switch try await remembered(address / Address(stage.name), stage, input) {
            case .run(let run): runs[index] = run
            case .ask(let place): places.append((index, place, random.fork()))
            }
        }
        if places.isEmpty { return runs.compactMap { $0 } }
        do { try Task.checkCancellation() } catch { throw stop(error) }
        var outcomes = [StageOutcome<Output>?](repeating: nil, count: stages.count)
        await withTaskGroup(of: (Int, StageOutcome<Output>).self) { group in
            for (index, _, stream) in places {
                let stage = stages[index]
                group.addTask {
                    var stream = stream
                    return (index, await outcome(stage, input, &stream))
                }
            }
            for await (index, outcome) in group { outcomes[index] = outcome }
        }
        // Noted in the order of the stages, whichever came first.
        var together = Cost.zero
        var failure: (any Error)?
        for (index, place, _) in places {
            guard let outcome = outcomes[index] else { continue }
            if case .run(let run) = outcome { together = together.alongside(run.cost) }
            do {
                runs[index] = try receive(outcome, at: place, stages[index], countsCost: false)
            } catch  where failure == nil { failure = error } catch {}
        }
        record(together, isSpent: true)
        if let failure { throw failure }
        return runs.compactMap { $0 }
    }

    private enum Memory<Output: Sendable> {
        case run(Run<Output>)
        case ask(Address)
    }

    /// What the interpreter knows of this question, or the address at which it is to be asked.
    private func remembered<S: Stage>(
        _ address: Address, _ stage: S, _ input: S.Input
    ) async throws -> Memory<S.Output> {
        _ = try claim(address)
        let place = absolute(address)
        guard needs.contains(.origins), let interpreter else { return .ask(place) }
        let scoring = stage as? any ScoredStage<S.Input, S.Output>
        do {
            switch try interpreter.origin(of: place, scoring == nil ? .asked : .askedScored) {
            case .fresh: return .ask(place)
            case .kept(let entry, let isRescored):
                if let failed = entry as? TypedEntry<StageFailure> {
                    if isRescored { try interpreter.note(entry) }
                    // Not an end of the run: the program may have caught it.
                    throw ProgramError.stageFailed(address: place, stage: stage.name, failure: failed.typed)
                }
                guard let kept = entry as? TypedEntry<Run<S.Output>> else {
                    try interpreter.cannotKeep(entry, expected: "\(S.Output.self)")
                    return .ask(place)
                }
                if isRescored, let scoring, let output = kept.typed.decision.output {
                    let answer = try await score(output, of: scoring, given: input, at: place)
                    let score = try checked(answer.logScore ?? .nan, place, .scored)
                    try interpreter.note(self.entry(place, stage, Run(answer), score: score))
                    return .run(Run(answer))
                }
                if isRescored { try interpreter.note(entry) }
                record(kept.typed.cost, isSpent: false)
                return .run(kept.typed)
            case .enumerated:
                guard let finite = stage as? any FiniteStage<S.Input, S.Output> else { return .ask(place) }
                try Task.checkCancellation()
                try meter?.admit(place)
                guard let all = try await finite.outcomes(given: input) else { return .ask(place) }
                spend(all.cost)
                let entries = all.runs.map { entry(place, stage, $0.value, score: $0.logWeight) }
                let run = entries[try interpreter.pick(entries, at: place)].typed
                record(run.cost, isSpent: false)
                return .run(run)
            }
        } catch let error as ProgramError {
            if case .stageFailed = error { throw error }
            throw stop(error)
        } catch { throw stop(named(error, address)) }
    }

    /// Takes note of what came of a question.
    private func receive<Output>(
        _ outcome: StageOutcome<Output>, at place: Address, _ stage: any Stage, countsCost: Bool
    ) throws -> Run<Output> {
        switch outcome {
        case .run(let run):
            if countsCost { record(run.cost, isSpent: true) }
            if needs.contains(.entries), let interpreter {
                do {
                    try interpreter.note(entry(place, stage, run, score: run.logScore ?? .nan))
                } catch { throw stop(error) }
            }
            return run
        case .cancelled: throw stop(CancellationError())
        case .failure(let failure):
            if needs.contains(.entries), let interpreter {
                let note = AnswerNote(stage: stage.name, evidence: [:], cost: .zero, text: "failed: \(failure)")
                do {
                    try interpreter.note(
                        TypedEntry(address: place, value: failure, score: .nan, isAnswer: true, note: note))
                } catch { throw stop(error) }
            }
            throw ProgramError.stageFailed(address: place, stage: stage.name, failure: failure)
        }
    }

    private func entry<Output>(
        _ place: Address, _ stage: any Stage, _ run: Run<Output>, score: Double
    ) -> TypedEntry<Run<Output>> {
        let text = run.decision.output.map { "\($0)" } ?? "abstained"
        return TypedEntry(
            address: place, value: run, score: score, isAnswer: true,
            note: AnswerNote(
                stage: stage.name, evidence: run.evidence, cost: run.cost, isFromScoredStage: stage is any ScoredStage,
                text: text))
    }
}

/// What came of asking a stage.
private enum StageOutcome<Output: Sendable>: Sendable {
    case run(Run<Output>)
    case failure(StageFailure)
    case cancelled
}

private func outcome<S: Stage>(
    _ stage: S, _ input: S.Input, _ stream: inout Random
) async -> StageOutcome<S.Output> {
    do {
        return .run(try await stage.run(input, using: &stream))
    } catch is CancellationError {
        return .cancelled
    } catch {
        return Task.isCancelled ? .cancelled : .failure(StageFailure(error))
    }
}
