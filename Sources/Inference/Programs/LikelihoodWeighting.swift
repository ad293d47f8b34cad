public import Cascades
import Foundation
import NumericalMethods
public import Probability

/// Runs under the prior, weighted by their observations and factors.
///
///     let posterior = try LikelihoodWeighting(samples: 10_000).run(program, input, using: &random)
///
/// The evidence is the mean weight, unbiased; means are ratios of weighted sums. A run whose weight becomes zero ends
/// there. Same stream, same result, whatever `concurrency`.
public struct LikelihoodWeighting: Sendable {
    /// How many runs; one at least.
    public var samples: Int
    /// How many runs of a program that asks stages go on at once.
    public var concurrency: Int
    /// What all runs together may take; with a budget they go one after the other.
    public var budget: Budget?
    /// Whether the runs' traces are kept.
    public var keepsTraces: Bool

    /// `samples` runs.
    public init(samples: Int, concurrency: Int = 8, budget: Budget? = nil, keepsTraces: Bool = false) {
        self.samples = samples
        self.concurrency = concurrency
        self.budget = budget
        self.keepsTraces = keepsTraces
    }

    /// The posterior of `program` on `input`.
    /// - Throws: `InferenceError.zeroTotalWeight` where no run has weight; also what the program throws.
    public func run<Input, Output>(
        _ program: Program<Input, Output>, _ input: Input, using random: inout Random
    ) throws -> ProgramPosterior<Output> {
        try requireCount(samples, "samples")
        let base = random.fork()
        let meter = budget.map(BudgetMeter.init)
        let (runs, stop) = try ProgramLoop.runs(samples, meter: meter) { index in
            let (scope, recorder) = scope(base.split(UInt64(index)), meter)
            return SampledRun(try .run(program, input, in: scope), recorder, scope, keepsTrace: keepsTraces)
        }
        return try posterior(runs, stop, spent: meter?.spent)
    }

    /// The posterior of `program` on `input`.
    /// - Throws: `InferenceError.zeroTotalWeight` where no run has weight; also what the program throws.
    public func run<Input, Output>(
        _ program: Program<Input, Output>, _ input: Input, using random: inout Random
    ) async throws -> ProgramPosterior<Output> {
        guard program.isAsynchronous else { return try onAllCores(program, input, &random) }
        try requireCount(samples, "samples")
        let base = random.fork()
        let meter = budget.map(BudgetMeter.init)
        let (runs, stop) = try await ProgramLoop.runs(samples, limit: concurrency, meter: meter) { index in
            let (scope, recorder) = scope(base.split(UInt64(index)), meter)
            return SampledRun(try await .run(program, input, in: scope), recorder, scope, keepsTrace: keepsTraces)
        }
        return try posterior(runs, stop, spent: meter?.spent)
    }

    private func onAllCores<Input, Output>(
        _ program: Program<Input, Output>, _ input: Input, _ random: inout Random
    ) throws -> ProgramPosterior<Output> { try run(program, input, using: &random) }

    private func scope(_ random: Random, _ meter: BudgetMeter?) -> (Scope, RunRecorder) {
        let recorder = RunRecorder(keepsTerms: keepsTraces, stopsAtZero: true)
        let needs: ScopeNeeds = keepsTraces ? [.entries, .scores] : []
        return (Scope(random: random, interpreter: recorder, needs: needs, meter: meter), recorder)
    }

    private func posterior<Output>(
        _ runs: [SampledRun<Output>], _ stop: Budget.Resource?, spent: Cost?
    ) throws -> ProgramPosterior<Output> {
        let complete = runs.compactMap(\.weighted)
        return try ProgramPosterior(
            runs: complete, logEvidence: logSumExp(complete.map(\.logWeight)) - log(Double(runs.count)),
            spent: spent ?? runs.reduce(Cost.zero) { $0 + $1.execution.spent }, stop: stop,
            impossibleAt: runs.lazy.compactMap(\.execution.impossibleAt).first)
    }
}

/// One run and its weight.
private struct SampledRun<Output: Sendable>: Sendable {
    var execution: Execution<Output>
    var weighted: ProgramPosterior<Output>.WeightedRun?

    init(_ execution: Execution<Output>, _ recorder: RunRecorder, _ scope: Scope, keepsTrace: Bool) {
        self.execution = execution
        weighted = execution.output.map {
            .init(output: $0, logWeight: recorder.logWeight, trace: keepsTrace ? recorder.trace(scope) : nil)
        }
    }
}
