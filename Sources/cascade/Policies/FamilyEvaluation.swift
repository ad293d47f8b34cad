import Cascades
import Deferral
import Probability
import Reports

/// A whole family of policies on a log, by cross-validation: each item by a policy that was learned without it.
struct FamilyEvaluation {
    let summary: String
    let log: CostedLog
    let folds: Int
    let tables: FrontierTables

    init(_ learner: any PolicyLearner, on log: OutcomeLog, folds: Int, options: EvaluationOptions) throws {
        self.log = CostedLog(log)
        self.folds = folds
        summary = learner.summary
        tables = FrontierTables(
            name: learner.family,
            frontier: try MeasuredFrontier(
                crossValidating: learner, on: self.log, folds: folds, confidence: options.confidence,
                replicates: options.replicates, random: Random(seed: options.seed), progress: ProgressLine.reporter),
            stages: log.schema.stages.map(\.name), unit: CostUnit(self.log.objective))
    }

    func print(log name: String) {
        Output.line(
            "\(tables.name) on \(name): \(tables.frontier.itemCount) items, each by a policy learned without it (\(folds) folds)."
        )
        Output.wrapped("\(tables.name): \(summary)")
        Output.line()
        Output.heading("The frontier, from the cheapest policy to the best")
        Output.table(tables.corners(limit: 12))
        Output.line()
        tables.print()
    }

    var json: JSONValue {
        [
            "family": .string(tables.name), "items": .integer(tables.frontier.itemCount), "folds": .integer(folds),
            "costUnit": .string("\(log.objective.unit) per item"), "frontier": tables.json,
        ]
    }
}
