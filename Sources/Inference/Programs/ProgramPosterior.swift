public import Cascades
import Foundation
import NumericalMethods

/// A program's output under its observations, as weighted runs.
public struct ProgramPosterior<Output: Sendable>: Sendable {
    /// One run.
    public struct WeightedRun: Sendable {
        /// Its output.
        public var output: Output
        /// Its log-weight in nats, not normalised; −infinity where it is ruled out.
        public var logWeight: Double
        /// How it came about; nil where the method was not told to keep it.
        public var trace: ProgramTrace?
    }

    /// The runs; for an exact method the paths of the program, each once.
    public let runs: [WeightedRun]
    /// The runs' weights, `[runs]`, adding up to 1.
    public let weights: [Double]
    /// `ln` of the evidence, the prior mean of the weight; nil where the method does not estimate it. The estimates of
    /// likelihood weighting and SMC are unbiased before the logarithm.
    public let logEvidence: Double?
    /// What all runs took.
    public let spent: Cost
    /// What of the budget ran out, if it did: then this is what was there by then.
    public let stop: Budget.Resource?

    /// - Throws: `InferenceError.empty` without runs, `zeroTotalWeight` where no run has weight.
    init(
        runs: [WeightedRun], logEvidence: Double?, spent: Cost, stop: Budget.Resource? = nil,
        impossibleAt: Address? = nil
    ) throws(InferenceError) {
        let logTotal = logSumExp(runs.map(\.logWeight))
        guard logTotal > -.infinity else {
            if let stop, impossibleAt == nil {
                throw .empty(what: "the set of runs that were complete when the \(stop) of the budget ran out")
            }
            if runs.isEmpty && impossibleAt == nil { throw .empty(what: "the set of runs") }
            throw .zeroTotalWeight(place: impossibleAt.map { "\($0)" } ?? "the end of the program")
        }
        self.runs = runs
        weights = runs.map { exp($0.logWeight - logTotal) }
        self.logEvidence = logEvidence
        self.spent = spent
        self.stop = stop
    }

    /// The posterior mean of `value`.
    public func expectation(_ value: (Output) -> Double) -> Double {
        zip(runs, weights).reduce(0) { $1.1 > 0 ? $0 + $1.1 * value($1.0.output) : $0 }
    }

    /// The posterior probability of `holds`.
    public func probability(_ holds: (Output) -> Bool) -> Double { expectation { holds($0) ? 1 : 0 } }

    /// `1 / Σ w²`: how many equally weighted runs these are worth, as far as their weights tell.
    public var effectiveSampleSize: Double { 1 / weights.reduce(0) { $0 + $1 * $1 } }

    /// The run with the most weight, the first among equals.
    public var best: WeightedRun {
        // Never empty: an initialiser that finds no weight throws.
        runs[weights.indices.max { weights[$0] < weights[$1] } ?? 0]
    }
}

extension ProgramPosterior where Output: Hashable {
    /// The posterior probability of every output that came up.
    public var probabilities: [Output: Double] {
        var table: [Output: Double] = [:]
        for (run, weight) in zip(runs, weights) { table[run.output, default: 0] += weight }
        return table
    }

    /// The output with the largest probability, the one that came up first among equals.
    public var mode: Output {
        let table = probabilities
        var best = runs[0].output
        for run in runs where table[run.output, default: 0] > table[best, default: 0] { best = run.output }
        return best
    }
}
