import Deferral
import Foundation

/// Fitting and cross-validating every family on 100,000 items and 5 stages.
enum FitBenchmarks {
    private static func log() -> CostedLog {
        CostedLog(SimulatedLog.make(items: 100_000, stages: 5, evidence: 2, context: 4, seed: 5))
    }

    /// Each family alone.
    static func families() throws -> [Row] {
        let log = log()
        var rows: [Row] = []
        let clock = ContinuousClock()
        for learner in PolicyFamilies.learners where learner.obstacle(log) == nil && learner.family != "single-stage" {
            var result: SearchResult?
            let elapsed = try clock.measure {
                result = try PolicySearch(goal: .keep(0.98), learners: [learner], replicates: 200).run(log)
            }
            let held = result!.rows.first { $0.name == learner.family }!.measurement
            rows.append(
                Row(
                    name: "fit: \(learner.family), 100,000 x 5, cross-validated", value: elapsed / .seconds(1),
                    unit: "s",
                    note: "held out: quality \(short(held.quality.estimate)) at cost \(short(held.cost.estimate)), "
                        + "\(short(held.decisionNanoseconds)) ns a decision"))
        }
        return rows
    }

    private static func short(_ number: Double) -> String { String(format: "%.4g", number) }

    /// All families in one search.
    static func run() throws -> [Row] {
        let log = log()
        let elapsed = try ContinuousClock().measure { _ = try PolicySearch(goal: .keep(0.98)).run(log) }
        return [
            Row(
                name: "fit: all families, 100,000 x 5, cross-validated", value: elapsed / .seconds(1), unit: "s",
                target: 60)
        ]
    }
}
