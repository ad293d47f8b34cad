import Cascades
import Deferral

extension Fit {
    /// The result as JSON.
    func json(path: String?) throws -> JSONValue {
        try [
            "log": .string(name),
            "items": [
                "all": .integer(log.count), "learned": .integer(result.trainingCount),
                "heldOut": .integer(result.heldOutCount),
            ],
            "stages": .array(stages.map { .string($0) }),
            "goal": Self.json(result.goal),
            "reference": .string(stages[result.reference]),
            "costUnit": .string("\(log.objective.unit) per item"),
            "rows": .array(result.rows.map { json($0) }),
            "chosen": .string(result.chosen),
            "hasGain": .bool(result.hasGain),
            "goalReached": .bool(chosen.isReached),
            "why": .string(result.why),
            "choice": json(result.reason),
            "formula": .string(result.policy.formula(log.log.schema)),
            "obstacles": .array(result.obstacles.map { ["family": .string($0.family), "reason": .string($0.reason)] }),
            "frontier": shownFrontier?.json ?? .null,
            "certificate": CertificateText.json(result.certificate),
            "policyFile": path.map { .string($0) } ?? .null,
        ]
    }

    private func json(_ row: SearchResult.Row) -> JSONValue {
        let measurement = row.measurement
        return [
            "name": .string(row.name), "kind": .string(row.kind.rawValue),
            "isChosen": .bool(row.name == chosenName), "goalReached": .bool(row.isReached),
            "quality": JSONValue(measurement.quality), "cost": JSONValue(measurement.cost),
            "relativeCost": .number(measurement.cost.estimate / single.measurement.cost.estimate),
            "qualityGain": JSONValue(measurement.qualityGain), "costGain": JSONValue(measurement.costGain),
            "answered": JSONValue(measurement.answerShare, stages: stages),
            "asked": JSONValue(measurement.askedShare, stages: stages),
            "abstained": .number(measurement.abstainedShare),
            "decisionNanoseconds": .number(measurement.decisionNanoseconds),
        ]
    }

    /// How the choice was made.
    private func json(_ reason: ChoiceReason) -> JSONValue {
        [
            "tried": .array(reason.tried.map { .string($0) }), "reached": .array(reason.reached.map { .string($0) }),
            "best": reason.best.map { .string($0) } ?? .null, "runnerUp": reason.runnerUp.map { .string($0) } ?? .null,
            "measure": .string(reason.measure.rawValue),
            "gainOverSimple": reason.gain.map { JSONValue($0) } ?? .null,
            "leadOverRunnerUp": reason.lead.map { JSONValue($0) } ?? .null,
        ]
    }

    /// A goal as JSON.
    static func json(_ goal: Goal) -> JSONValue {
        switch goal {
        case .keep(let share): ["keep": .number(share)]
        case .budget(let budget): ["budget": .number(budget)]
        case .price(let price): ["price": .number(price)]
        }
    }
}
