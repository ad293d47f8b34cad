import Cascades
import Deferral
import NumericalMethods
import Probability
import Reports

/// Window-based early exit from a cascade of ensembles (paper 37).
struct WindowEarlyExit: Experiment {
    let id = "window-early-exit"
    let paper = Paper(
        number: 37,
        title: "Window-Based Early-Exit Cascades for Uncertainty Estimation: When Deep Ensembles are More Efficient than Single Models",
        source: "Xia and Bouganis, 2023, arXiv 2303.08010")
    let summary = """
        Selective classification of clothes by ensembles of small networks of different seeds; stage k is the mean of the \
        first k members' probabilities, its score the largest. What lies within 10 % of the items on either side of a \
        stage's boundary for 5 % risk goes on. Compared with one-sided thresholds at the same compute, with all members \
        and with wider single networks, over disjoint parts of the images.
        """
    let claims = [
        Claim(
            "half-compute",
            "the window cascade's coverage at 5 % risk is less than 1 point below the full ensemble's, at under half its compute"),
        Claim("window", "at equal compute windows give more coverage at 5 % risk than one-sided thresholds"),
        Claim("larger-model", "the cascade covers more at 5 % risk than a single network of at least its compute"),
    ]

    /// The risk at which coverage is measured.
    static let risk = 0.05

    func run(_ context: ExperimentContext) throws -> Findings {
        let parts = context.scaled(quick: 4, full: 10)
        let plan = context.scaled(
            quick: EnsemblePlan(hidden: 32, pooling: 2, training: 1500, validation: 500, test: 1000, epochs: 40),
            full: EnsemblePlan(hidden: 64, pooling: 1, training: 4000, validation: 1000, test: 2000, epochs: 40))
        let pool = try EnsemblePool(context.data, pooling: plan.pooling, seed: context.seed)
        let tracker = context.progress.begin("ensembles", total: parts)
        var rows: [[String: SelectiveResult]] = []
        for part in 0..<parts {
            let models = try plan.draw(pool, part: part, seed: context.seed)
            rows.append(try Self.results(models, members: plan.members))
            tracker.advance()
        }
        tracker.finish()

        var findings = Findings(
            data: "\(pool.name): \(parts) disjoint parts of \(plan.training) training, \(plan.validation) validation and \(plan.test) test items")
        if pool.isSimulated {
            findings.notes.append(
                "Fashion-MNIST is not on this machine (`cascade data get fashion-mnist`): simulated classes stand in, mixtures of three normal clouds in 16 dimensions.")
        }
        findings.notes.append(
            "Differs from the paper: small dense networks on small images, four members instead of two, and thresholds between abstaining and answering swept on the test items for coverage and risk as in the paper; windows come from the validation items alone.")
        report(rows, into: &findings)
        decide(rows, &findings)
        return findings
    }

    /// What each way of deciding achieves on one part.
    private static func results(_ models: EnsembleOutcomes, members: Int) throws -> [String: SelectiveResult] {
        let (validation, test) = (models.validation, models.test)
        let scores = (0..<members).map { ConfidenceScore(signal: $0) }
        let boundaries = (0..<members).map { stage in
            validation.riskCoverage(stage: stage).coverage(atRisk: risk).threshold
        }
        let window = try WindowPolicy.around(
            boundaries, stages: Array(0..<members), scores: scores, halfWidth: 0.1, on: validation.log)
        let threshold = Self.oneSided(like: window, on: validation.log)
        var results = [
            "window cascade": SelectiveResult(Exits(window, test.log)),
            "one-sided cascade": SelectiveResult(Exits(threshold, test.log)),
        ]
        let cost = test.log.operations[0]
        for stage in 0..<members {
            results["ensemble of \(stage + 1)"] = SelectiveResult(
                test.riskCoverage(stage: stage), operations: cost * Double(stage + 1))
        }
        for wide in models.wider {
            results["\(wide.factor) x wider"] = SelectiveResult(wide.curve, operations: wide.operations)
        }
        return results
    }

    /// Thresholds that send as many items of `log` on at each stage as `window` does, the least sure ones.
    private static func oneSided(like window: WindowPolicy, on log: OutcomeLog) -> ThresholdPolicy {
        var inside = Array(0..<log.count)
        var reaching = inside
        var steps: [ThresholdPolicy.Step] = []
        for step in window.steps.dropLast() {
            func score(_ item: Int) -> Double { step.score.sign * log.signal(item: item, step.score.signal) }
            inside = inside.filter { score($0) >= step.lower && score($0) < step.upper }
            reaching.sort { (score($0), $0) < (score($1), $1) }
            let threshold = inside.count < reaching.count ? score(reaching[inside.count]) : .infinity
            steps.append(.init(stage: step.stage, score: step.score, threshold: threshold))
            reaching = Array(reaching.prefix(inside.count))
        }
        return ThresholdPolicy(steps: steps, last: window.steps.last!.stage)
    }

    private func report(_ rows: [[String: SelectiveResult]], into findings: inout Findings) {
        var table = TextTable(columns: [
            "method", "operations an item", "right", "coverage at 5 % risk", "risk at 80 % coverage", "risk-coverage area",
        ])
        var (single, wide, cascades): ([ChartPoint], [ChartPoint], [ChartPoint]) = ([], [], [])
        for name in rows[0].keys.sorted(by: { rows[0][$0]!.operations < rows[0][$1]!.operations }) {
            func mean(_ path: (SelectiveResult) -> Double) -> Comparison { Comparison(rows.map { path($0[name]!) }) }
            let (cost, coverage) = (mean(\.operations), mean(\.coverage))
            table.add([
                .text(name), .number(cost.mean), .percent(mean(\.accuracy).mean), .percentInterval(coverage.mean, low: coverage.low, high: coverage.high),
                .percent(mean(\.riskAt80).mean, decimals: 2), .percent(mean(\.area).mean, decimals: 2),
            ])
            findings.measure("coverage at 5 % risk, \(name)", coverage.mean, standardError: coverage.standardError)
            findings.measure("accuracy, \(name)", mean(\.accuracy).mean, standardError: mean(\.accuracy).standardError)
            findings.measure("operations, \(name)", cost.mean, standardError: cost.standardError)
            let point = ChartPoint(cost.mean, coverage.mean, low: coverage.low, high: coverage.high, label: name)
            if name.hasSuffix("cascade") { cascades.append(point) } else if name.hasSuffix("wider") { wide.append(point) } else { single.append(point) }
        }
        findings.tables.append(("Selective classification, means over the parts", table))
        findings.charts.append(
            (
                "Coverage against compute",
                Chart(
                    "Coverage at 5 % risk against compute", x: Axis("operations an item", scale: .logarithmic),
                    y: Axis("coverage at 5 % risk", format: .percent),
                    series: [
                        Series("ensembles", .points(.circle), points: single), Series("single wider networks", .points(.square), points: wide),
                        Series("cascades", .points(.star), points: cascades),
                    ])
            ))
    }

    private func decide(_ rows: [[String: SelectiveResult]], _ findings: inout Findings) {
        func coverages(_ name: String) -> [Double] { rows.map { $0[name]!.coverage } }
        let full = rows[0].keys.filter { $0.hasPrefix("ensemble") }.max { rows[0][$0]!.operations < rows[0][$1]!.operations }!
        let share = Comparison(rows.map { $0["window cascade"]!.operations / $0[full]!.operations })
        let loss = Comparison(coverages("window cascade"), over: coverages(full))
        findings.measure("share of the full ensemble's compute", share.mean, standardError: share.standardError)
        if share.low >= 0.5 {
            findings.decide("half-compute", false, "the cascade takes \(share.mean) of the full ensemble's compute")
        } else {
            findings.decide(
                "half-compute", difference: loss.mean, standardError: loss.standardError, atLeast: -0.01,
                "coverage of the cascade less the full ensemble's, at \(Int((100 * share.mean).rounded())) % of its compute")
        }
        let gain = Comparison(coverages("window cascade"), over: coverages("one-sided cascade"))
        findings.decide(
            "window", difference: gain.mean, standardError: gain.standardError, "coverage with windows less one-sided thresholds")
        // The narrowest single network that costs at least what the cascade does, on average.
        func cost(_ name: String) -> Double { Comparison(rows.map { $0[name]!.operations }).mean }
        let wider = rows[0].keys.filter { $0.hasSuffix("wider") && cost($0) >= cost("window cascade") }.min { cost($0) < cost($1) }!
        let lead = Comparison(coverages("window cascade"), over: coverages(wider))
        findings.decide(
            "larger-model", difference: lead.mean, standardError: lead.standardError,
            "coverage of the cascade less that of a network \(wider), at \(Int((100 * cost("window cascade") / cost(wider)).rounded())) % of its compute")
    }
}

/// What one way of deciding achieves on one part.
struct SelectiveResult: Sendable {
    /// Mean multiply-adds an item.
    var operations: Double
    /// The largest coverage at 5 % risk.
    var coverage: Double
    /// The share right where all is answered.
    var accuracy: Double
    /// The risk at 80 % coverage.
    var riskAt80: Double
    /// The area under risk against coverage.
    var area: Double

    init(_ curve: RiskCoverage, operations: Double) {
        self.operations = operations
        coverage = curve.coverage(atRisk: WindowEarlyExit.risk).coverage
        accuracy = 1 - curve.risk(atCoverage: 1)
        riskAt80 = curve.risk(atCoverage: 0.8)
        area = curve.area
    }

    init(_ exits: Exits) { self.init(RiskCoverage(scores: exits.scores, losses: exits.losses), operations: exits.meanOperations) }
}
