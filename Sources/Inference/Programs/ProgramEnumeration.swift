public import Cascades
import Foundation
import NumericalMethods
import Probability

/// The exact posterior of a program whose choices are finite: every path once, depth first.
///
///     let exact = try ProgramEnumeration().run(program, input)
///     exact.posterior.probability { $0 == 3 }
///     exact.posterior.logEvidence
///
/// Paths whose probability, times their weight so far, falls below `logProbabilityBound` are cut, which also ends loops
/// that may go on for ever; ``Enumerated/logCut`` says what was lost. Stages that can list their outcomes
/// (`FiniteStage`) are enumerated; others are asked once for each history, and the result is exact given their answers.
public struct ProgramEnumeration: Sendable {
    /// Paths below this log-probability, in nats, are cut; −infinity cuts none.
    public var logProbabilityBound: Double
    /// No more paths than this are walked.
    public var maximumPaths: Int
    /// What all questions together may take.
    public var budget: Budget?
    /// Whether the paths' traces are kept.
    public var keepsTraces: Bool

    /// An enumeration.
    public init(
        logProbabilityBound: Double = -.infinity, maximumPaths: Int = 10_000_000, budget: Budget? = nil,
        keepsTraces: Bool = false
    ) {
        self.logProbabilityBound = logProbabilityBound
        self.maximumPaths = maximumPaths
        self.budget = budget
        self.keepsTraces = keepsTraces
    }

    /// The posterior of `program` on `input`.
    /// - Throws: ``ProgramError/notEnumerable(address:kernel:)`` at a choice without a finite list of outcomes;
    ///   `InferenceError.zeroTotalWeight` where every path has weight zero.
    public func run<Input, Output>(
        _ program: Program<Input, Output>, _ input: Input
    ) throws -> Enumerated<Output> {
        let (walk, meter) = try begin(Output.self)
        repeat {
            let scope = walk.scope(meter)
            do {
                walk.finish(try .run(program, input, in: scope))
            } catch ProgramError.budgetSpent(_, let resource) { walk.stop = resource }
        } while walk.advance(maximumPaths)
        return try walk.result(spent: meter?.spent)
    }

    /// The posterior of `program` on `input`.
    /// - Throws: ``ProgramError/notEnumerable(address:kernel:)`` at a choice without a finite list of outcomes;
    ///   `InferenceError.zeroTotalWeight` where every path has weight zero.
    public func run<Input, Output>(
        _ program: Program<Input, Output>, _ input: Input
    ) async throws -> Enumerated<Output> {
        let (walk, meter) = try begin(Output.self)
        repeat {
            try Task.checkCancellation()
            let scope = walk.scope(meter)
            do {
                walk.finish(try await .run(program, input, in: scope))
            } catch ProgramError.budgetSpent(_, let resource) { walk.stop = resource }
        } while walk.advance(maximumPaths)
        return try walk.result(spent: meter?.spent)
    }

    private func begin<Output>(_: Output.Type) throws -> (EnumerationWalk<Output>, BudgetMeter?) {
        try requireCount(maximumPaths, "maximumPaths")
        guard logProbabilityBound < .infinity else {
            throw InferenceError.improperParameter(
                name: "logProbabilityBound", value: "\(logProbabilityBound)", expected: "a number of nats, or -inf")
        }
        return (EnumerationWalk(bound: logProbabilityBound, keepsTraces: keepsTraces), budget.map(BudgetMeter.init))
    }
}

/// What an enumeration found.
public struct Enumerated<Output: Sendable>: Sendable {
    /// The paths that were walked to their end.
    public let posterior: ProgramPosterior<Output>
    /// `ln` of the probability, times the weight so far, of all that was cut or not reached; −infinity where nothing
    /// was, so that the posterior is exact. As long as no later factor is above 0 nats, the evidence lies between
    /// `exp(logEvidence)` and `exp(logEvidence) + exp(logCut)`.
    public let logCut: Double
    /// How many branches were cut or not reached.
    public let cuts: Int
}
