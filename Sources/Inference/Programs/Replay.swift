public import Cascades
import Probability

/// The interpreter that gives the choices of a trace, in their order, and writes them down again.
final class ReplayInterpreter: ScopeInterpreter {
    private let source: [TraceEntry]
    private var position = 0
    private var choices: [TraceEntry] = []
    private var terms: [WeightTerm] = []

    init(_ trace: ProgramTrace) { source = trace.choices }

    func origin(of address: Address, _ kind: ChoiceKind) throws -> ChoiceOrigin {
        guard position < source.count else {
            throw ProgramError.traceMismatch(address: address, expected: "no more choices", found: "one more")
        }
        let entry = source[position]
        guard entry.address == address else {
            throw ProgramError.traceMismatch(
                address: address, expected: "a choice at \(entry.address)", found: "one at \(address)")
        }
        position += 1
        if kind == .askedScored {
            // A replay asks nobody: answers keep the scores that they came with.
            choices.append(entry)
            return .kept(entry, isRescored: false)
        }
        return .kept(entry, isRescored: true)
    }

    func note(_ entry: TraceEntry) { choices.append(entry) }

    func weigh(_ logWeight: Double, at address: Address, isObservation: Bool) {
        terms.append(
            WeightTerm(address: address, logWeight: logWeight, isObservation: isObservation, position: choices.count))
    }

    /// The trace of the replay, which must have used all of its source.
    func trace(_ scope: Scope) throws -> ProgramTrace {
        if position < source.count {
            throw ProgramError.traceMismatch(
                address: source[position].address, expected: "a choice", found: "the end of the program")
        }
        return ProgramTrace(choices: choices, weights: terms, cost: scope.cost)
    }
}

extension Program {
    /// The run that `trace` tells of, its densities and weights computed anew; no kernel draws and no stage answers.
    ///
    /// - Throws: ``ProgramError/traceMismatch(address:expected:found:)`` where the program makes other choices.
    public func replay(_ trace: ProgramTrace, _ input: Input) throws -> ProgramRun<Output> {
        let interpreter = ReplayInterpreter(trace)
        let scope = Scope(
            random: Random(seed: 0), interpreter: interpreter, needs: [.origins, .entries, .scores],
            expected: trace.choices.count + trace.weights.count)
        let output = try run(in: scope, input)
        return ProgramRun(output: output, trace: try interpreter.trace(scope))
    }

    /// The run that `trace` tells of, its densities and weights computed anew; no kernel draws and no stage answers.
    ///
    /// - Throws: ``ProgramError/traceMismatch(address:expected:found:)`` where the program makes other choices.
    public func replay(_ trace: ProgramTrace, _ input: Input) async throws -> ProgramRun<Output> {
        let interpreter = ReplayInterpreter(trace)
        let scope = Scope(
            random: Random(seed: 0), interpreter: interpreter, needs: [.origins, .entries, .scores],
            expected: trace.choices.count + trace.weights.count)
        let output = try await run(in: scope, input)
        return ProgramRun(output: output, trace: try interpreter.trace(scope))
    }
}
