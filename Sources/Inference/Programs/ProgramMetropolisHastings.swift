public import Cascades
import Foundation
import NumericalMethods
public import Probability

/// Metropolis-Hastings over the choices of a program, by address.
///
/// A move redraws some choices from their kernels; all others keep their values, as far as the program still makes
/// them. A choice that appears is fresh, one that disappears is stale. Fresh and stale choices are proposed with their
/// own densities, which cancel, so that with weights W and N choices
///
///     α = min(1, W' Π p'(kept) N / (W Π p(kept) N'))    (one choice redrawn, uniformly)
///
/// with N' and N left out where a block, fixed by address, is redrawn. The answers of stages and draws from kernels
/// without a density are kept only where nothing before them changed, and else asked and drawn anew; answers of a
/// `ScoredStage` are kept and judged like draws from a kernel with a density.
///
/// - Source: D. Wingate, A. Stuhlmüller, N. Goodman, "Lightweight implementations of probabilistic programming languages
///   via transformational compilation", 2011, with the correction for the number of choices.
public struct ProgramMetropolisHastings: Sendable {
    /// What a step changes.
    public enum Move: Sendable {
        /// One choice, each as likely as another, redrawn.
        case oneChoice
        /// One choice, each as likely as another: a real number is moved by a normal step of this standard deviation,
        /// anything else redrawn.
        case drift(Double)
        /// All choices whose address is inside one of these, redrawn.
        case block([Address])
        /// All choices redrawn.
        case everything
    }

    /// The moves, each as likely as another in every step; one at least.
    public var moves: [Move]
    /// How many runs under the prior may be needed to find one with weight.
    public var startTries: Int
    /// Whether stages whose answers were not touched by a change are asked again as a move of their own. Right for
    /// stages with chance; with deterministic ones it costs and changes nothing. Without it every answer is asked for anew
    /// when something before it changed, whether or not its stage could score it.
    public var asksAgain: Bool

    /// A sampler with these moves.
    public init(moves: [Move] = [.oneChoice], startTries: Int = 10_000, asksAgain: Bool = true) {
        self.moves = moves
        self.startTries = startTries
        self.asksAgain = asksAgain
    }

    /// Where a chain is.
    public struct State<Output: Sendable>: Sendable {
        /// The output of its run.
        public let output: Output
        /// The log-weight of its run, in nats.
        public let logWeight: Double
        /// The choices of its run.
        public var trace: ProgramTrace { ProgramTrace(choices: choices, cost: cost) }

        let choices: [TraceEntry]
        let marks: [ParticleMark]
        let cost: Cost
    }

    /// What a step did.
    public struct Info: Sendable {
        /// Whether the proposal was taken.
        public var isAccepted: Bool
        /// `ln α` before the minimum with 0; −infinity for an impossible proposal.
        public var logAcceptance: Double
        /// What the step took.
        public var spent: Cost
    }

    /// A run under the prior that has weight, with what it took to find it.
    /// - Throws: `InferenceError.zeroTotalWeight` where none of `startTries` runs has.
    public func start<Input, Output>(
        _ program: Program<Input, Output>, _ input: Input, using random: inout Random, meter: BudgetMeter? = nil
    ) throws -> State<Output> {
        var failure: Address?
        try check()
        for _ in 0..<startTries {
            let (scope, interpreter) = startScope(random.fork(), meter)
            if let state = interpreter.state(try Execution.run(program, input, in: scope)) { return state }
            failure = interpreter.impossibleAt ?? failure
        }
        throw noStart(failure)
    }

    /// A run under the prior that has weight.
    /// - Throws: `InferenceError.zeroTotalWeight` where none of `startTries` runs has.
    public func start<Input, Output>(
        _ program: Program<Input, Output>, _ input: Input, using random: inout Random, meter: BudgetMeter? = nil
    ) async throws -> State<Output> {
        var failure: Address?
        try check()
        for _ in 0..<startTries {
            try Task.checkCancellation()
            let (scope, interpreter) = startScope(random.fork(), meter)
            if let state = interpreter.state(try await Execution.run(program, input, in: scope)) { return state }
            failure = interpreter.impossibleAt ?? failure
        }
        throw noStart(failure)
    }

    /// One step from `state`.
    public func step<Input, Output>(
        _ state: inout State<Output>, _ program: Program<Input, Output>, _ input: Input, using random: inout Random,
        meter: BudgetMeter? = nil
    ) throws -> Info {
        let proposal = proposal(state, &random)
        guard let proposal else { return Info(isAccepted: true, logAcceptance: 0, spent: .zero) }
        let scope = proposal.scope(random.fork(), meter)
        return proposal.settle(try .run(program, input, in: scope), &state, coin: random.uniformOpen())
    }

    /// One step from `state`.
    public func step<Input, Output>(
        _ state: inout State<Output>, _ program: Program<Input, Output>, _ input: Input, using random: inout Random,
        meter: BudgetMeter? = nil
    ) async throws -> Info {
        let proposal = proposal(state, &random)
        guard let proposal else { return Info(isAccepted: true, logAcceptance: 0, spent: .zero) }
        let scope = proposal.scope(random.fork(), meter)
        return proposal.settle(try await .run(program, input, in: scope), &state, coin: random.uniformOpen())
    }

    private func check() throws {
        guard !moves.isEmpty else { throw InferenceError.empty(what: "the list of moves") }
        try requireCount(startTries, "startTries")
        for case .drift(let scale) in moves where !(scale > 0 && scale.isFinite) {
            throw InferenceError.improperParameter(name: "drift", value: "\(scale)", expected: "finite and above 0")
        }
    }

    private func noStart(_ failure: Address?) -> InferenceError {
        .zeroTotalWeight(place: failure.map { "\($0)" } ?? "the start of a chain")
    }

    private func startScope(_ random: Random, _ meter: BudgetMeter?) -> (Scope, ProposalInterpreter) {
        let interpreter = ProposalInterpreter()
        return (interpreter.scope(random, meter), interpreter)
    }

    /// The next proposal; nil where there is nothing to change.
    private func proposal<Output>(_ state: State<Output>, _ random: inout Random) -> ProposalInterpreter? {
        let counted = asksAgain ? state.choices.count : state.choices.count { !$0.isAnswer }
        func site() -> TraceEntry? {
            guard counted > 0 else { return nil }
            let index = random.integer(below: counted)
            return asksAgain ? state.choices[index] : state.choices.lazy.filter { !$0.isAnswer }.dropFirst(index).first
        }
        switch moves[random.integer(below: moves.count)] {
        case .oneChoice:
            guard let site = site() else { return nil }
            return ProposalInterpreter(state.choices, state.marks, countsAnswers: asksAgain, keepsAnswers: asksAgain) {
                $0 === site
            }
        case .drift(let scale):
            guard let site = site() else { return nil }
            let step = scale * random.normal()
            return ProposalInterpreter(
                state.choices, state.marks, countsAnswers: asksAgain, keepsAnswers: asksAgain, step: step
            ) { $0 === site }
        case .block(let addresses):
            return ProposalInterpreter(state.choices, state.marks, countsAnswers: nil, keepsAnswers: asksAgain) {
                entry in
                addresses.contains { entry.address.isInside($0) }
            }
        case .everything:
            return ProposalInterpreter(state.choices, state.marks, countsAnswers: nil) { _ in true }
        }
    }
}
