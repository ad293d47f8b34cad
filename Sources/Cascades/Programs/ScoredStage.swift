/// A stage that knows how likely it is to answer with any given output.
///
/// Programs can then hold that it gave an output (``Scope/observe(_:_:_:_:)-(_,S,_,_)``), and Metropolis-Hastings keeps its
/// answers when something before them changes, judged by what they are worth there. Its `run(_:using:)` must draw from the
/// law that its scores tell, and say the score of what it drew; `checkScoredStage` of the testing product looks at that.
public protocol ScoredStage<Input, Output>: Stage {
    /// `output` as the answer to `input` that it would be, with its log-probability in nats, −infinity for what it never
    /// answers; and what it took to know.
    func scored(_ output: Output, given input: Input) async throws -> Answer<Output>
}

extension KernelStage: ScoredStage where Base: DensityKernel {
    public func scored(_ output: Base.Output, given input: Base.Input) throws -> Answer<Base.Output> {
        var answer = try answer(output, to: input)
        answer.logScore = kernel.logDensity(of: output, given: input)
        return answer
    }
}

extension Scope {
    /// Holds that `stage`, given `input`, gave `output`: its log-probability weighs the run.
    ///
    /// Where no weight is needed, in a simulation or for a remembered past, the stage is not asked.
    /// - Throws: ``ProgramError/stageFailed(address:stage:failure:)``, ``ProgramError/budgetSpent(address:resource:)``,
    ///   ``ProgramError/badWeight(address:value:)`` where the stage does not know; each ends the run.
    public func observe<S: ScoredStage>(
        _ address: Address, _ stage: S, _ input: S.Input, _ output: S.Output
    ) async throws {
        _ = try claim(address)
        guard let interpreter, !interpreter.skipsWeight() else { return }
        let place = absolute(address)
        let answer = try await score(output, of: stage, given: input, at: place)
        let weight = try checkedWeight(answer.logScore ?? .nan, address)
        do { try interpreter.weigh(weight, at: place, isObservation: true) } catch { throw stop(error) }
    }

    /// What `output` is worth as the answer of `stage`, paid for.
    func score<S: ScoredStage>(
        _ output: S.Output, of stage: S, given input: S.Input, at place: Address
    ) async throws -> Answer<S.Output> {
        do {
            try Task.checkCancellation()
            try meter?.admit(place)
        } catch { throw stop(error) }
        do {
            let answer = try await stage.scored(output, given: input)
            record(answer.cost, isSpent: true)
            return answer
        } catch is CancellationError {
            throw stop(CancellationError())
        } catch {
            throw stop(ProgramError.stageFailed(address: place, stage: stage.name, failure: StageFailure(error)))
        }
    }
}
