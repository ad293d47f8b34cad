import Cascades
import Deferral
import Probability
import Reports

/// What a policy does on items: quality and cost with intervals, beside the best single stage on the same items.
struct Evaluation {
    let name: String
    let family: String
    let items: JudgedItems
    let log: CostedLog
    let outcomes: ReplayedOutcomes
    let quality: MeanInterval
    let cost: MeanInterval
    /// Estimates that mind which cells are missing; nil where none is.
    let offPolicy: OffPolicy?
    /// The policy beside single stages at equal quality.
    let frontier: MeasuredFrontier
    /// The best single stage on these items, with quality and cost on the same footing.
    let single: (stage: Int, quality: Double, cost: Double)

    init(_ named: NamedPolicy, items: JudgedItems, objective: Objective, options: EvaluationOptions) throws {
        let (log, policy) = try named.prepared(on: items.log, objective: objective)
        let outcomes = Replay.outcomes(of: policy, on: log)
        guard outcomes.replayed > 1 else {
            throw DeferralError.unsuitableLog(
                family: named.name, reason: "the log lacks the answers that the policy asks for on every item",
                remedy: "Give a log of the same stages with more of their answers.")
        }
        let random = Random(seed: options.seed)
        func interval(_ values: [Double]) -> MeanInterval {
            MeanInterval(
                of: zip(values, outcomes.quality).map { $1.isNaN ? .nan : $0 }, weights: outcomes.weights,
                confidence: options.confidence, replicates: options.replicates, random: random)
        }
        self.items = items
        self.log = log
        self.outcomes = outcomes
        name = named.name
        family = named.file?.family ?? "single-stage"
        quality = interval(outcomes.quality)
        cost = interval(outcomes.cost)
        if log.isComplete {
            offPolicy = nil
        } else {
            var stream = random.split(1)
            offPolicy = try OffPolicy(
                policy, on: log, confidence: options.confidence, replicates: options.replicates, using: &stream)
        }
        let best = log.bestStage
        frontier = try MeasuredFrontier(
            of: policy, on: log, reference: best, confidence: options.confidence, replicates: options.replicates,
            random: random)
        single = (best, log.meanQuality[best], Replay.outcomes(of: SingleStagePolicy(stage: best), on: log).meanCost)
    }

    private var stages: [String] { log.log.schema.stages.map(\.name) }

    func print(log logName: String) {
        let unit = CostUnit(log.objective)
        Output.line("\(name) (\(family)) on \(logName): \(items.note).")
        if !log.isComplete {
            Output.line(
                "Cells are missing: \(outcomes.replayed) items could be replayed, weighted by inverse propensities.")
        }
        Output.line()
        var table = TextTable(columns: [
            "", .init("quality"), .init("cost", unit: unit.name), .init("of best single stage"),
        ])
        table.add(
            [
                .text(name), TableCell(quality, like: quality.estimate),
                .interval(cost.estimate * unit.scale, low: cost.lower * unit.scale, high: cost.upper * unit.scale),
                .percent(cost.estimate / single.cost),
            ], style: .best)
        table.add(
            [
                .text("best single stage: \(stages[single.stage])"), .number(single.quality),
                .number(single.cost * unit.scale), .percent(1),
            ],
            style: .faint)
        Output.table(table)
        Output.line()
        printSavings()
        Output.line()
        if let offPolicy { print(offPolicy, unit) }
        var shares = TextTable(columns: [.init("stage", overflow: .truncate), .init("asked"), .init("answer given")])
        for stage in log.stagesByCost where outcomes.askedShare[stage] > 0 {
            shares.add([
                .text(stages[stage]), .percent(outcomes.askedShare[stage]), .percent(outcomes.answerShare[stage]),
            ])
        }
        if outcomes.abstainedShare > 0 { shares.add(["no answer", .missing, .percent(outcomes.abstainedShare)]) }
        Output.table(shares)
    }

    /// What it saves where others are as good.
    private func printSavings() {
        var table = TextTable(columns: ["at equal quality, less than", "cost saved", ""])
        table.add([
            .text("stages mixed at random"), FrontierTables.percent(frontier.savingOverMixtures()),
            .text(
                frontier.isMatchedByStage()
                    ? "the cheapest mixture that is as good as the policy"
                    : "no stage is as good as the policy; the best stage's cost is taken"),
        ])
        table.add([
            .text(stages[single.stage]), FrontierTables.percent(frontier.equalQuality().savedOfReference),
            .text(
                frontier.points[0].quality >= single.quality
                    ? "the policy, mixed with cheaper stages down to that quality"
                    : "the policy keeps \(NumberWords.percent(quality.estimate / single.quality)) of that quality; to be as good takes that stage itself"
            ),
        ])
        Output.table(table)
    }

    private func print(_ estimates: OffPolicy, _ unit: CostUnit) {
        var table = TextTable(columns: ["estimate", "quality", .init("cost", unit: unit.name)])
        for (name, quality, cost) in [
            ("replayed items only", estimates.quality.direct, estimates.cost.direct),
            ("inverse propensity", estimates.quality.inverse, estimates.cost.inverse),
            ("self-normalised", estimates.quality.selfNormalised, estimates.cost.selfNormalised),
            ("doubly robust", estimates.quality.doublyRobust, estimates.cost.doublyRobust),
        ] {
            table.add([
                .text(name), TableCell(quality, like: estimates.quality.direct.estimate),
                TableCell(
                    MeanInterval(scaling: cost, by: unit.scale), like: estimates.cost.direct.estimate * unit.scale),
            ])
        }
        table.notes = [
            "\(NumberText.percent(estimates.replayedShare)) of the items could be replayed, worth \(NumberText.significant(estimates.effectiveItems)) of equal weight. "
                + (estimates.hasLoggedPropensities
                    ? "Propensities are those in the log."
                    : "Propensities are the stages' shares of cells: right if cells are missing by chance.")
        ]
        Output.table(table)
        Output.line()
    }

    var json: JSONValue {
        [
            "policy": .string(name), "family": .string(family), "items": .integer(log.count),
            "itemsNote": .string(items.note), "replayed": .integer(outcomes.replayed), "isExact": .bool(log.isComplete),
            "offPolicy": offPolicy.map(Self.json) ?? .null,
            "quality": JSONValue(quality), "cost": JSONValue(cost),
            "costUnit": .string("\(log.objective.unit) per item"), "relativeCost": .number(cost.estimate / single.cost),
            "bestSingleStage": [
                "name": .string(stages[single.stage]), "quality": .number(single.quality), "cost": .number(single.cost),
            ],
            "savedAtEqualQuality": [
                "ofStagesMixed": frontier.savingOverMixtures().map { JSONValue($0) } ?? .null,
                "ofBestSingleStage": frontier.equalQuality().savedOfReference.map { JSONValue($0) } ?? .null,
            ],
            "asked": JSONValue(outcomes.askedShare, stages: stages),
            "answered": JSONValue(outcomes.answerShare, stages: stages),
            "abstained": .number(outcomes.abstainedShare),
        ]
    }

    private static func json(_ estimates: OffPolicy) -> JSONValue {
        func each(_ estimates: OffPolicy.Estimates) -> JSONValue {
            [
                "direct": JSONValue(estimates.direct), "inverse": JSONValue(estimates.inverse),
                "selfNormalised": JSONValue(estimates.selfNormalised),
                "doublyRobust": JSONValue(estimates.doublyRobust),
            ]
        }
        return [
            "quality": each(estimates.quality), "cost": each(estimates.cost),
            "replayedShare": .number(estimates.replayedShare), "effectiveItems": .number(estimates.effectiveItems),
            "hasLoggedPropensities": .bool(estimates.hasLoggedPropensities),
        ]
    }
}
