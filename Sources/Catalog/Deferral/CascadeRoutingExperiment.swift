import Cascades
import Deferral
import NumericalMethods
import Probability
import Reports

/// What cascade routing adds to routing and to cascading, by how good the estimates of quality are.
public struct CascadeRoutingExperiment: Experiment {
    /// The experiment.
    public init() {}

    public let id = "cascade-routing"
    public let paper = Paper(
        number: nil, title: "A Unified Approach to Routing and Cascading for LLMs",
        source: "Dekoninck, Baader and Vechev 2024")
    public let summary = """
        Areas under the frontier of cost and quality for 3, 5 and 9 language models, with estimates of quality at three \
        published levels of noise, and with estimators learned from the questions' features: mixtures of single models, \
        routing, thresholds, the optimal cascade, and cascade routing.
        """
    public let claims = [
        Claim("routing", "Cascade routing has more area than routing at every noise level and number of models."),
        Claim(
            "thresholds",
            "Cascade routing has more area than threshold cascades at every noise level and number of models."),
        Claim(
            "cascade",
            "Cascade routing has more area than the optimal cascade at every noise level and number of models."),
        Claim(
            "low-noise",
            "Cascade routing gains more over the better of routing and the optimal cascade at low noise than at high noise."
        ),
        Claim(
            "hull",
            "At low noise routing, the optimal cascade and cascade routing all have more area than mixtures of single models."
        ),
        Claim(
            "learned-routing",
            "With estimators learned from the questions alone, linear routing has more area than mixtures of single models."
        ),
        Claim(
            "learned-no-loss",
            "With estimators learned from the questions alone, where asking reveals nothing, cascade routing loses less than half a percentage point of area against linear routing."
        ),
    ]

    static let rules = ["single models", "routing", "thresholds", "optimal cascade", "cascade routing"]

    public func run(_ context: ExperimentContext) throws -> Findings {
        var random = Random(seed: context.seed).split(1 << 32)
        let table = try QualityTable.nineModels(context.data, using: &random)
        let items = min(table.log.count, context.scaled(quick: 800, full: 2000))
        let repetitions = context.scaled(quick: 4, full: 8)
        let counts = context.scaled(quick: [3], full: [3, 5, 9])
        let grid = context.scaled(quick: 10, full: 20)
        let cells = counts.flatMap { count in EstimateNoise.published.map { (count: count, noise: $0) } }
        let root = Random(seed: context.seed)
        let work = context.progress.begin("frontiers", total: cells.count * repetitions)
        let curves = try Parallel.map(count: cells.count * repetitions) { index in
            let cell = cells[index / repetitions]
            // A repetition uses the same items, and each cell its own noise.
            let repetition = root.split(UInt64(index % repetitions))
            var shuffler = repetition.split(0)
            var random = repetition.split(UInt64(1 + index / repetitions))
            let split = Split(of: table.log.count, items: items, using: &shuffler)
            let log = cell.noise.estimates(
                of: table.log, stages: table.spread(cell.count), training: split.training, using: &random)
            let given = try GivenEstimates(log.schema)
            let training = CostedLog(log.subset(split.training))
            var paths = [try SingleStageLearner().fit(training, using: &random)]
            for rule in GivenEstimates.Rule.allCases {
                paths.append(try given.path(rule, learnedFrom: training, using: &random))
            }
            let prices = PriceGrid.coarse(for: training, count: grid)
            let result = paths.map { FrontierTest($0, test: CostedLog(log.subset(split.test)), prices: prices) }
            work.advance()
            return result
        }
        work.finish()

        var findings = Findings(
            data:
                "\(table.source), \(items) of \(table.log.count) items a repetition, half to learn on and half to test on; \(repetitions) repetitions"
        )
        // areas[cell][rule][repetition]
        let areas = cells.indices.map { cell in
            Self.rules.indices.map { rule in
                (0..<repetitions).map { curves[cell * repetitions + $0][rule].area }
            }
        }
        show(cells.map { "\($0.count) models, \($0.noise.name) noise" }, areas, in: &findings)
        for (cell, kind) in cells.enumerated() where kind.noise.name == "low" {
            let title = "\(kind.count) models, low noise: the first repetition"
            findings.charts.append((title, FrontierTest.chart(title, curves[cell * repetitions], names: Self.rules)))
        }
        decide(cells, areas, in: &findings)
        try learned(table, context, into: &findings)
        if context.size == .full, context.data.has("emotion-eleven-models") {
            try confidences(context, into: &findings)
        }
        findings.notes += [
            "Standard errors are over splits and noise on the same questions, not over new questions.",
            "Estimates are linear in quality plus noise. The estimate after an answer uses both noisy values; published, it replaces the one before.",
            "Every rule is swept over the same prices; the area lies under the points themselves, joined by random mixtures, between the cheapest and the dearest model's mean cost, on the half that nothing was learned on.",
        ]
        return findings
    }

    private func show(_ titles: [String], _ areas: [[[Double]]], in findings: inout Findings) {
        var table = TextTable(columns: ["estimates"] + Self.rules.map { TextTable.Column($0) })
        for (title, values) in zip(titles, areas) {
            table.add([.text(title)] + values.map { FrontierTest.cell($0) })
            for (rule, name) in Self.rules.enumerated() {
                let area = Comparison(values[rule])
                findings.measure("\(title): \(name)", area.mean, standardError: area.standardError, unit: "area")
            }
        }
        table.notes = [
            "Mean quality over all budgets between the cheapest and the dearest model, plus or minus two standard errors."
        ]
        findings.tables.append(("Areas with estimates of known quality", table))
    }

    private func decide(
        _ cells: [(count: Int, noise: EstimateNoise)], _ areas: [[[Double]]], in findings: inout Findings
    ) {
        /// The comparison with the smallest difference in standard errors decides.
        func tightest(_ comparisons: [(name: String, value: Comparison)], _ claim: String, _ what: String) {
            let worst = comparisons.min {
                $0.value.mean / max($0.value.standardError, 1e-12) < $1.value.mean / max($1.value.standardError, 1e-12)
            }!
            findings.decide(
                claim, difference: worst.value.mean, standardError: worst.value.standardError,
                "\(what); tightest of \(comparisons.count), \(worst.name)")
        }
        for (rule, claim) in [(1, "routing"), (2, "thresholds"), (3, "cascade")] {
            tightest(
                cells.indices.map { cell in
                    (
                        "\(cells[cell].count) models, \(cells[cell].noise.name) noise",
                        Comparison(areas[cell][4], over: areas[cell][rule])
                    )
                }, claim, "area of cascade routing less that of \(Self.rules[rule])")
        }
        func lead(_ cell: Int) -> [Double] {
            (0..<areas[cell][4].count).map { areas[cell][4][$0] - max(areas[cell][1][$0], areas[cell][3][$0]) }
        }
        let counts = Array(Set(cells.map(\.count))).sorted()
        tightest(
            counts.map { count in
                func cell(_ noise: String) -> Int { cells.firstIndex { $0.count == count && $0.noise.name == noise }! }
                return ("\(count) models", Comparison(lead(cell("low")), over: lead(cell("high"))))
            }, "low-noise", "lead of cascade routing at low noise less its lead at high noise")
        tightest(
            cells.indices.filter { cells[$0].noise.name == "low" }.flatMap { cell in
                [1, 3, 4].map { rule in
                    (
                        "\(cells[cell].count) models, \(Self.rules[rule])",
                        Comparison(areas[cell][rule], over: areas[cell][0])
                    )
                }
            }, "hull", "area of a rule less that of mixtures of single models at low noise")
    }

    /// Estimators learned from the questions' features: the log holds nothing of what a model says of its own answer.
    private func learned(_ table: QualityTable, _ context: ExperimentContext, into findings: inout Findings) throws {
        let learners: [any PolicyLearner] = [
            SingleStageLearner(), RouterLearner.group, RouterLearner.linear, RouterLearner.nearestNeighbours,
            CascadeRoutingLearner(),
        ]
        let areas = try frontiers(
            of: table,
            learners: learners.filter { $0.obstacle(CostedLog(table.log)) == nil || $0 is SingleStageLearner },
            items: context.scaled(quick: 500, full: 5000), repetitions: context.scaled(quick: 3, full: 8), context,
            title: "Areas with learned estimators, nine models", into: &findings)
        guard let single = areas["single-stage"], let linear = areas["linear-router"],
            let both = areas["cascade-routing"]
        else { return }
        let gain = Comparison(linear, over: single)
        findings.decide(
            "learned-routing", difference: gain.mean, standardError: gain.standardError,
            "area of linear routing less that of mixtures of single models")
        let loss = Comparison(both, over: linear)
        findings.decide(
            "learned-no-loss", difference: loss.mean, standardError: loss.standardError, atLeast: -0.005,
            "area of cascade routing less that of linear routing")
        findings.notes.append(
            "The nine models' log has no evidence from answers, so with learned estimators no cascade can be learned on it and cascade routing can be a router at best."
        )
    }

    /// Real confidences of eleven models, where someone has put them there.
    private func confidences(_ context: ExperimentContext, into findings: inout Findings) throws {
        _ = try frontiers(
            of: .emotions(context.data),
            learners: [SingleStageLearner(), RouterLearner.linear, ThresholdLearner(), CascadeRoutingLearner()],
            items: 3000, repetitions: 4, context, title: "Areas with real confidences, eleven models", into: &findings)
    }

    /// Areas of `learners` by family over `repetitions` splits, as a table.
    private func frontiers(
        of table: QualityTable, learners: [any PolicyLearner], items: Int, repetitions: Int,
        _ context: ExperimentContext,
        title: String, into findings: inout Findings
    ) throws -> [String: [Double]] {
        let root = Random(seed: context.seed).split(1 << 33)
        let items = min(items, table.log.count)
        let grid = context.scaled(quick: 10, full: 20)
        let work = context.progress.begin(title, total: repetitions)
        let results = try Parallel.map(count: repetitions) { index in
            var random = root.split(UInt64(index))
            let split = Split(of: table.log.count, items: items, using: &random)
            let training = CostedLog(table.log.subset(split.training))
            let test = CostedLog(table.log.subset(split.test))
            let prices = PriceGrid.coarse(for: training, count: grid)
            let result = try learners.map { learner in
                FrontierTest(try learner.fit(training, using: &random), test: test, prices: prices)
            }
            work.advance()
            return result
        }
        work.finish()
        var text = TextTable(columns: ["family", "area"])
        var areas: [String: [Double]] = [:]
        for (place, learner) in learners.enumerated() {
            let values = results.map { $0[place].area }
            areas[learner.family] = values
            text.add([.text(learner.family), FrontierTest.cell(values)])
            let area = Comparison(values)
            findings.measure("\(title): \(learner.family)", area.mean, standardError: area.standardError, unit: "area")
        }
        text.notes = [
            "\(table.source), \(items) items a repetition, half to learn on; \(repetitions) repetitions; two standard errors."
        ]
        findings.tables.append((title, text))
        findings.charts.append((title, FrontierTest.chart(title, results[0], names: learners.map(\.family))))
        return areas
    }
}
