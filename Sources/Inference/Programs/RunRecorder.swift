public import Cascades
public import Probability

/// The interpreter that writes down what a run chooses and weighs.
final class RunRecorder: ScopeInterpreter {
    private let keepsTerms: Bool
    private let stopsAtZero: Bool
    private(set) var choices: [TraceEntry] = []
    private(set) var terms: [WeightTerm] = []
    private(set) var logWeight = 0.0

    init(keepsTerms: Bool, stopsAtZero: Bool) {
        self.keepsTerms = keepsTerms
        self.stopsAtZero = stopsAtZero
    }

    func note(_ entry: TraceEntry) { choices.append(entry) }

    func weigh(_ logWeight: Double, at address: Address, isObservation: Bool) throws {
        self.logWeight += logWeight
        if keepsTerms {
            terms.append(
                WeightTerm(
                    address: address, logWeight: logWeight, isObservation: isObservation, position: choices.count))
        }
        if stopsAtZero && logWeight == -.infinity { throw RunEnd.impossible(address) }
    }

    func trace(_ scope: Scope) -> ProgramTrace { ProgramTrace(choices: choices, weights: terms, cost: scope.cost) }
}

extension Program {
    /// A run under the prior, written down: every choice by address with its score, evidence and cost.
    public func record(
        _ input: Input, using random: inout Random, meter: BudgetMeter? = nil
    ) throws -> ProgramRun<Output> {
        let recorder = RunRecorder(keepsTerms: true, stopsAtZero: false)
        let scope = Scope(random: random.fork(), interpreter: recorder, needs: [.entries, .scores], meter: meter)
        let output = try run(in: scope, input)
        return ProgramRun(output: output, trace: recorder.trace(scope))
    }

    /// A run under the prior, written down: every choice by address with its score, evidence and cost.
    public func record(
        _ input: Input, using random: inout Random, meter: BudgetMeter? = nil
    ) async throws -> ProgramRun<Output> {
        let recorder = RunRecorder(keepsTerms: true, stopsAtZero: false)
        let scope = Scope(random: random.fork(), interpreter: recorder, needs: [.entries, .scores], meter: meter)
        let output = try await run(in: scope, input)
        return ProgramRun(output: output, trace: recorder.trace(scope))
    }
}
