import Cascades
import Deferral
import Probability

/// A search on a log with all that is to be said of it: what `fit` prints and `report` draws.
struct Fit {
    let name: String
    let log: CostedLog
    let search: PolicySearch
    let result: SearchResult

    /// Searches `log`.
    init(
        log: OutcomeLog, name: String, goal: GoalOptions, objective: ObjectiveOptions, search options: SearchOptions,
        families: [String]
    ) throws {
        let costed = CostedLog(log, objective: try objective.objective(for: log))
        guard log.stageCount > 1 else {
            throw DeferralError.unsuitableLog(
                family: "fit", reason: "the log has one stage only, \(log.schema.stages[0].name)",
                remedy: "There is nothing to choose between; log at least two stages.")
        }
        let reference = try options.reference(in: log)
        let search = try options.search(
            goal: goal.goal(on: costed, reference: reference), reference: reference, families: families)
        self.init(name: name, log: costed, search: search, result: try search.run(costed))
    }

    init(name: String, log: CostedLog, search: PolicySearch, result: SearchResult) {
        self.name = name
        self.log = log
        self.search = search
        self.result = result
    }

    /// The names of the stages.
    var stages: [String] { log.log.schema.stages.map(\.name) }
    /// How costs are shown.
    var unit: CostUnit { CostUnit(log.objective) }
    /// The row of the policy to use: the certified one, where a certificate was asked for.
    var chosen: SearchResult.Row { result.rows.first { $0.name == chosenName } ?? result.rows[0] }
    /// Its name.
    var chosenName: String { result.certificate == nil ? result.chosen : "certified \(result.chosen)" }
    /// The row of the best single stage.
    var single: SearchResult.Row { result.rows[0] }

    /// The policy as a file.
    var policyFile: PolicyFile {
        let measurement = chosen.measurement
        // The time of a decision is left out: the same search is to give the same bytes.
        var measured: [String: Double] = [:]
        for (name, interval) in [
            ("quality", measurement.quality), ("cost", measurement.cost), ("quality gain", measurement.qualityGain),
            ("cost gain", measurement.costGain),
        ] {
            measured[name] = interval.estimate
            measured["\(name) lower"] = interval.lower
            measured["\(name) upper"] = interval.upper
        }
        let origin = LearnedItems(
            log: log.log, split: search.split, share: search.heldOutShare, seed: search.seed,
            isCertified: search.guarantee != nil)
        var provenance = origin.provenance
        if let certificate = result.certificate {
            provenance["promise"] = certificate.promise
            provenance["confidence"] = String(certificate.confidence)
        }
        provenance["log"] = name
        provenance["program"] = "cascade \(CascadeCommand.version)"
        return PolicyFile(
            family: result.chosen, schema: log.log.schema, objective: log.objective, goal: result.goal,
            measured: measured.filter { $0.value.isFinite }, provenance: provenance, frontier: frontier,
            policy: result.policy)
    }

    /// The chosen family's frontier beside each stage alone: the frontier out of fold, the stages on the held-out items.
    private var frontier: PolicyFrontier? {
        guard let frontier = result.rows.first(where: { $0.name == result.chosen })?.frontier else { return nil }
        let heldOut = result.heldOut
        let stages = stages.indices.map {
            PolicyFrontier.Point(cost: heldOut.meanCost[$0], quality: heldOut.meanQuality[$0])
        }
        // A stage that no held-out item asked has no place.
        guard stages.allSatisfy({ $0.cost.isFinite && $0.quality.isFinite }) else { return nil }
        return PolicyFrontier(
            points: frontier.points.map { PolicyFrontier.Point(cost: $0.cost, quality: $0.quality) }, stages: stages,
            reference: result.reference, unit: log.objective.unit)
    }
}
