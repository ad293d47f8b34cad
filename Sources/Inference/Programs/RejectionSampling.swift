public import Cascades
import Foundation
public import Probability

/// Independent draws from a program's posterior: runs under the prior, each kept with probability `weight / bound`.
///
/// Exact where the bound holds. The evidence is the share of the runs that were kept, times the bound.
public struct RejectionSampling: Sendable {
    /// What is known of the weights.
    public enum Bound: Sendable, Hashable {
        /// No run weighs more than `exp(logBound)`.
        case total(Double)
        /// No observation or factor is above 0 nats (densities of discrete outputs, scores that only take away), so
        /// that a run can be given up before its end.
        case noTermAboveZero
    }

    /// How many draws; one at least.
    public var samples: Int
    /// What is known of the weights.
    public var bound: Bound
    /// How many runs a draw may take.
    public var triesPerSample: Int
    /// How many draws from a program that asks stages go on at once.
    public var concurrency: Int
    /// What all runs together may take; with a budget they go one after the other.
    public var budget: Budget?

    /// `samples` draws.
    public init(
        samples: Int, bound: Bound = .noTermAboveZero, triesPerSample: Int = 1_000_000, concurrency: Int = 8,
        budget: Budget? = nil
    ) {
        self.samples = samples
        self.bound = bound
        self.triesPerSample = triesPerSample
        self.concurrency = concurrency
        self.budget = budget
    }

    /// Draws from the posterior of `program` on `input`, all of the same weight.
    /// - Throws: `InferenceError.notConverged` where a draw took too many runs, `improperParameter` where a weight is
    ///   above its bound.
    public func run<Input, Output>(
        _ program: Program<Input, Output>, _ input: Input, using random: inout Random
    ) throws -> ProgramPosterior<Output> {
        try check()
        let base = random.fork()
        let meter = budget.map(BudgetMeter.init)
        let (draws, stop) = try ProgramLoop.runs(samples, meter: meter) { index in
            var draw = AcceptedDraw<Output>(base.split(UInt64(index)))
            while draw.output == nil {
                let (scope, interpreter) = try scope(&draw, meter)
                try draw.receive(try .run(program, input, in: scope), interpreter)
            }
            return draw
        }
        return try posterior(draws, stop, spent: meter?.spent)
    }

    /// Draws from the posterior of `program` on `input`, all of the same weight.
    /// - Throws: `InferenceError.notConverged` where a draw took too many runs, `improperParameter` where a weight is
    ///   above its bound.
    public func run<Input, Output>(
        _ program: Program<Input, Output>, _ input: Input, using random: inout Random
    ) async throws -> ProgramPosterior<Output> {
        guard program.isAsynchronous else { return try onAllCores(program, input, &random) }
        try check()
        let base = random.fork()
        let meter = budget.map(BudgetMeter.init)
        let (draws, stop) = try await ProgramLoop.runs(samples, limit: concurrency, meter: meter) { index in
            var draw = AcceptedDraw<Output>(base.split(UInt64(index)))
            while draw.output == nil {
                try Task.checkCancellation()
                let (scope, interpreter) = try scope(&draw, meter)
                try draw.receive(try await .run(program, input, in: scope), interpreter)
            }
            return draw
        }
        return try posterior(draws, stop, spent: meter?.spent)
    }

    private func onAllCores<Input, Output>(
        _ program: Program<Input, Output>, _ input: Input, _ random: inout Random
    ) throws -> ProgramPosterior<Output> { try run(program, input, using: &random) }

    private func check() throws {
        try requireCount(samples, "samples")
        try requireCount(triesPerSample, "triesPerSample")
        if case .total(let bound) = bound, !bound.isFinite {
            throw InferenceError.improperParameter(
                name: "bound", value: "\(bound)", expected: "a finite number of nats")
        }
    }

    /// A scope for the next try of `draw`.
    private func scope<Output>(
        _ draw: inout AcceptedDraw<Output>, _ meter: BudgetMeter?
    ) throws -> (Scope, RejectionInterpreter) {
        guard draw.tries < triesPerSample else {
            throw InferenceError.notConverged(
                method: "rejection sampling", after: "\(draw.tries) runs for one draw",
                remedy: "Allow more tries, tighten the bound, or use SMC.")
        }
        let stream = draw.random.split(UInt64(draw.tries))
        // The stream's own numbers are the run's; the threshold comes from one split off it.
        var coin = stream.split(0)
        draw.tries += 1
        let interpreter = RejectionInterpreter(bound: bound, logThreshold: log(coin.uniformOpen()))
        return (Scope(random: stream, interpreter: interpreter, meter: meter), interpreter)
    }

    private func posterior<Output>(
        _ draws: [AcceptedDraw<Output>], _ stop: Budget.Resource?, spent: Cost?
    ) throws -> ProgramPosterior<Output> {
        let tries = draws.reduce(0) { $0 + $1.tries }
        let logBound = if case .total(let bound) = bound { bound } else { 0.0 }
        return try ProgramPosterior(
            runs: draws.compactMap { draw in draw.output.map { .init(output: $0, logWeight: 0, trace: nil) } },
            logEvidence: stop == nil ? log(Double(draws.count) / Double(tries)) + logBound : nil,
            spent: spent ?? draws.reduce(Cost.zero) { $0 + $1.spent }, stop: stop)
    }
}

/// Tries until one is accepted.
private struct AcceptedDraw<Output: Sendable>: Sendable {
    let random: Random
    var tries = 0
    var spent = Cost.zero
    var output: Output?

    init(_ random: Random) { self.random = random }

    mutating func receive(_ execution: Execution<Output>, _ interpreter: RejectionInterpreter) throws {
        spent += execution.spent
        if execution.output != nil, try interpreter.accepts() { output = execution.output }
    }
}

/// Rejects a run as soon as that can be known.
private final class RejectionInterpreter: ScopeInterpreter {
    private let bound: RejectionSampling.Bound
    private let logThreshold: Double
    private var logWeight = 0.0
    private var last: Address?

    init(bound: RejectionSampling.Bound, logThreshold: Double) {
        self.bound = bound
        self.logThreshold = logThreshold
    }

    /// Whether the run, which came to its end, is kept.
    func accepts() throws(InferenceError) -> Bool {
        guard case .total(let bound) = bound else { return logWeight >= logThreshold }
        // A bound is worked out on paper and a weight summed up: they may differ in the last digits.
        if logWeight > bound + 1e-9 * max(1, abs(bound)) {
            throw .improperParameter(
                name: "bound", value: "total(\(bound))",
                expected: "a bound that holds: at \(last.map { "\($0)" } ?? "the end") the log-weight is \(logWeight)")
        }
        return logWeight - bound >= logThreshold
    }

    func weigh(_ logWeight: Double, at address: Address, isObservation: Bool) throws {
        self.logWeight += logWeight
        last = address
        if self.logWeight == -.infinity { throw RunEnd.rejected }
        guard bound == .noTermAboveZero else { return }
        if logWeight > 0 {
            throw InferenceError.improperParameter(
                name: "bound", value: "noTermAboveZero",
                expected: "a bound that holds: the log-weight at \(address) is \(logWeight)")
        }
        if self.logWeight < logThreshold { throw RunEnd.rejected }
    }
}
