public import Cascades
import Foundation
import NumericalMethods
public import Probability

/// Sequential Monte Carlo over the runs of a program: particles are weighed at every observation and factor, and
/// resampled where too few of them carry the weight.
///
/// A particle that has offspring can't be copied in mid-run, so its offspring are run again, with their past from
/// memory: no kernel draws twice, no density is computed twice, and no stage is asked twice for the same history.
/// Programs of kernels run ahead for as many weights as the last resampling lasted, so that only offspring beyond the
/// first are run again; programs that ask stages wait for each other at every weight, so that no question is asked for
/// a particle without a future.
///
/// The evidence is unbiased. Same stream, same result, whatever `concurrency`.
///
/// - Source: N. Gordon, D. Salmond, A. Smith, 1993 (the filter); F. Wood, J. W. van de Meent, V. Mansinghka, "A new
///   approach to probabilistic programming inference", 2014 (over programs).
public struct ReexecutionSMC: Sendable {
    /// How many particles; one at least.
    public var particles: Int
    /// Resampled where the effective number falls below this share of the particles: 0 never, 1 always.
    public var threshold: Double
    /// How they are resampled.
    public var scheme: ResamplingScheme
    /// How many particles of a program that asks stages run at once.
    public var concurrency: Int
    /// What all runs together may take; with a budget they go one after the other.
    public var budget: Budget?
    /// Whether the densities of the choices are computed, for the scores in the traces.
    public var keepsScores: Bool

    /// SMC with `particles` particles.
    public init(
        particles: Int, threshold: Double = 0.5, scheme: ResamplingScheme = .systematic, concurrency: Int = 8,
        budget: Budget? = nil, keepsScores: Bool = false
    ) {
        self.particles = particles
        self.threshold = threshold
        self.scheme = scheme
        self.concurrency = concurrency
        self.budget = budget
        self.keepsScores = keepsScores
    }

    /// The posterior of `program` on `input`; every run has its trace.
    /// - Throws: `InferenceError.zeroTotalWeight` where no particle is left, with the address at which the first one of
    ///   them died; also what the program throws.
    public func run<Input, Output>(
        _ program: Program<Input, Output>, _ input: Input, using random: inout Random
    ) throws -> ProgramPosterior<Output> {
        let meter = budget.map(BudgetMeter.init)
        var cloud = try cloud(of: Output.self, runsAhead: meter == nil, &random)
        var jobs = cloud.begin()
        var spent = Cost.zero
        while !jobs.isEmpty {
            let now = jobs
            let (results, stop) = try ProgramLoop.runs(now.count, meter: meter) { index in
                let (scope, interpreter) = scope(now[index], meter)
                return ParticleRun(try .run(program, input, in: scope), interpreter)
            }
            spent += results.reduce(Cost.zero) { $0 + $1.spent }
            cloud.receive(results.map(\.particle), of: now)
            if let stop { return try posterior(cloud, spent: meter?.spent ?? spent, stop: stop) }
            jobs = try cloud.advance()
        }
        return try posterior(cloud, spent: spent, stop: nil)
    }

    /// The posterior of `program` on `input`; every run has its trace.
    /// - Throws: `InferenceError.zeroTotalWeight` where no particle is left, with the address at which the first one of
    ///   them died; also what the program throws.
    public func run<Input, Output>(
        _ program: Program<Input, Output>, _ input: Input, using random: inout Random
    ) async throws -> ProgramPosterior<Output> {
        guard program.isAsynchronous else { return try onAllCores(program, input, &random) }
        let meter = budget.map(BudgetMeter.init)
        var cloud = try cloud(of: Output.self, runsAhead: false, &random)
        var jobs = cloud.begin()
        var spent = Cost.zero
        while !jobs.isEmpty {
            let now = jobs
            let (results, stop) = try await ProgramLoop.runs(now.count, limit: concurrency, meter: meter) { index in
                let (scope, interpreter) = scope(now[index], meter)
                return ParticleRun(try await .run(program, input, in: scope), interpreter)
            }
            spent += results.reduce(Cost.zero) { $0 + $1.spent }
            cloud.receive(results.map(\.particle), of: now)
            if let stop { return try posterior(cloud, spent: meter?.spent ?? spent, stop: stop) }
            jobs = try cloud.advance()
        }
        return try posterior(cloud, spent: spent, stop: nil)
    }

    private func onAllCores<Input, Output>(
        _ program: Program<Input, Output>, _ input: Input, _ random: inout Random
    ) throws -> ProgramPosterior<Output> { try run(program, input, using: &random) }

    private func cloud<Output>(
        of output: Output.Type, runsAhead: Bool, _ random: inout Random
    ) throws -> ReexecutionCloud<Output> {
        try requireCount(particles, "particles")
        guard threshold >= 0, threshold <= 1 else {
            throw InferenceError.improperParameter(name: "threshold", value: "\(threshold)", expected: "from 0 to 1")
        }
        return ReexecutionCloud(
            count: particles, threshold: threshold, scheme: scheme, runsAhead: runsAhead, random: random.fork())
    }

    private func scope<Output>(
        _ job: ReexecutionCloud<Output>.Job, _ meter: BudgetMeter?
    ) -> (Scope, ParticleInterpreter) {
        let interpreter = ParticleInterpreter(past: job.past, pause: job.pause)
        let needs: ScopeNeeds = keepsScores ? [.origins, .entries, .scores] : [.origins, .entries]
        let scope = Scope(
            random: job.random, interpreter: interpreter, needs: needs, meter: meter,
            expected: job.past.choices.count + job.past.marks.count + 16)
        return (scope, interpreter)
    }

    /// The particles that are through, with their weights; after a stop, those that were by then.
    private func posterior<Output>(
        _ cloud: ReexecutionCloud<Output>, spent: Cost, stop: Budget.Resource?
    ) throws -> ProgramPosterior<Output> {
        let logWeights = cloud.logWeights
        let runs = zip(cloud.particles, logWeights).compactMap { particle, logWeight in
            particle.output.map {
                ProgramPosterior.WeightedRun(
                    output: $0, logWeight: logWeight,
                    trace: ProgramTrace(choices: particle.choices, cost: particle.cost))
            }
        }
        return try ProgramPosterior(
            runs: runs,
            logEvidence: stop == nil ? cloud.logEvidence + logSumExp(logWeights) - log(Double(particles)) : nil,
            spent: spent, stop: stop, impossibleAt: cloud.particles.lazy.compactMap(\.impossibleAt).first)
    }
}

private struct ParticleRun<Output: Sendable>: Sendable {
    var particle: ProgramParticle<Output>
    var spent: Cost

    init(_ execution: Execution<Output>, _ interpreter: ParticleInterpreter) {
        particle = interpreter.particle(execution)
        spent = execution.spent
    }
}
