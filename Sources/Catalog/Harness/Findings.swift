import Foundation
public import Reports

/// What an experiment measured, and what that says of each claim.
public struct Findings: Sendable {
    /// What data it ran on, with counts.
    public var data: String
    /// The numbers, in the order to be shown.
    public var metrics: [Metric]
    /// Tables, with their titles.
    public var tables: [(title: String, table: TextTable)]
    /// Pictures, with their titles.
    public var charts: [(title: String, chart: Chart)]
    /// One verdict a claim, by the claim's id.
    public var verdicts: [String: Verdict]
    /// What a reader should know: limits, differences from the paper.
    public var notes: [String]

    /// Findings on `data`, to be filled.
    public init(data: String) {
        self.data = data
        metrics = []
        tables = []
        charts = []
        verdicts = [:]
        notes = []
    }

    /// Adds a number.
    public mutating func measure(_ name: String, _ value: Double, standardError: Double? = nil, unit: String = "") {
        metrics.append(Metric(name: name, value: value, standardError: standardError, unit: unit))
    }

    /// Decides a claim: `measured` says what was found, with the numbers.
    public mutating func decide(_ claim: String, _ holds: Bool, _ measured: String) {
        verdicts[claim] = Verdict(outcome: holds ? .held : .failed, measured: measured)
    }

    /// Leaves a claim open: `reason` says why this run can't decide it.
    public mutating func leaveOpen(_ claim: String, _ reason: String) {
        verdicts[claim] = Verdict(outcome: .notDecided, measured: reason)
    }

    /// Decides a claim that says `a` exceeds `b` by the difference and its standard error over repetitions.
    ///
    /// Held when the difference is above 2 standard errors, failed when it is below -2 or the claim's size is ruled out,
    /// open in between: the run then can't tell.
    public mutating func decide(
        _ claim: String, difference: Double, standardError: Double, atLeast least: Double = 0, _ what: String
    ) {
        let text = "\(what): \(Metric.text(difference)) ± \(Metric.text(standardError)) (difference ± standard error)"
        if difference - 2 * standardError > least {
            decide(claim, true, text)
        } else if difference + 2 * standardError < least {
            decide(claim, false, text)
        } else {
            leaveOpen(claim, text + "; within two standard errors of \(Metric.text(least))")
        }
    }
}

/// A measured number.
public struct Metric: Sendable, Hashable, Codable {
    /// What it is.
    public var name: String
    /// The number.
    public var value: Double
    /// Its standard error over seeds or items, where there is one.
    public var standardError: Double?
    /// Its unit, or nothing.
    public var unit: String

    static func text(_ value: Double) -> String {
        value == 0
            ? "0"
            : abs(value) >= 1000 || abs(value) < 0.001 ? String(format: "%.3g", value) : String(format: "%.4g", value)
    }
}

/// What was found of a claim.
public struct Verdict: Sendable, Hashable, Codable {
    /// The three ways a claim can end.
    public enum Outcome: String, Sendable, Codable {
        /// The numbers bear it out.
        case held
        /// The numbers contradict it.
        case failed
        /// This run can't tell.
        case notDecided = "not decided"
    }
    /// How it ended.
    public var outcome: Outcome
    /// The numbers that say so.
    public var measured: String
}
