import Foundation
import Language
import Reports

/// Capabilities over scale (paper 127): tasks in BIG-bench's format, calibration, linearity and breakthroughness.
struct CapabilityHarness: Experiment {
    let id = "capability-harness"
    let paper = Paper(
        number: 127,
        title: "Beyond the Imitation Game: Quantifying and extrapolating the capabilities of language models",
        source: "Srivastava et al., 2022")
    let summary = """
        Five tasks in BIG-bench's JSON format, asked of one model's weights at several grades of precision: the normalised \
        score, and how well the probabilities of the choices are calibrated. Linearity and breakthroughness on known curves, \
        and on the published scores of eight families of models from 70 million to 110 billion parameters.
        """
    let claims = [
        Claim(
            "curves",
            "The measures are what they are said to be: a straight line through n models has linearity n - 1, and of curves that rise ever more suddenly breakthroughness over linearity rises each time."
        ),
        Claim(
            "rise",
            "The normalised score, over all questions, is higher for the model's own weights than for its coarsest."),
        Claim(
            "calibration",
            "Calibration is better, too: the Brier score of the choices' probabilities is lower for the model's own weights."
        ),
        Claim(
            "published-rise",
            "In families of models the mean score over tasks is higher for the largest than for the smallest model."),
        Claim(
            "published-linear",
            "Tasks of knowledge and common sense have larger linearity than arithmetic and unscrambling, scored by exact answers, more often than not."
        ),
        Claim(
            "published-breakthrough",
            "Arithmetic and unscrambling have larger breakthroughness than tasks of knowledge and common sense more often than not."
        ),
    ]

    func run(_ context: ExperimentContext) async throws -> Findings {
        let tasks = try tasks(context)
        let published = try PublishedScores(context.data)
        let questions = tasks.reduce(0) { $0 + $1.examples.count }
        var findings = Findings(
            data:
                "\(tasks.count) tasks with \(questions) questions of four choices (Examples/CapabilityTasks); \(published.families.count) families with \(published.families.reduce(0) { $0 + $1.sizes.count }) models on \(published.tasks.count) tasks (Examples/PublishedScores)"
        )
        curves(&findings)
        try await grades(tasks, context, &findings)
        try scales(published, &findings)
        findings.notes = [
            "Grades of precision of one model stand for scale: more bits of the same weights. Their order is that of their bytes. gemma-3-270m is another model and no point of that scale.",
            "The measures of paper 127 as its appendix defines them: the range of scores, signed, over the root of the mean (linearity) or median (breakthroughness) squared step from model to model.",
            "Curves that rise by less than 0.1 in all are left out of the comparison of families: what they measure is noise.",
        ]
        return findings
    }

    private func tasks(_ context: ExperimentContext) throws -> [CapabilityTask] {
        let folder = try context.data.folder(of: "capability-tasks")
        let names = context.scaled(
            quick: ["opposites", "capitals"],
            full: ["opposites", "capitals", "past_tense", "next_in_line", "two_digit_sums"])
        return try names.flatMap { try CapabilityTask.read(from: "\(folder)/\($0)") }.map { task in
            var task = task
            task.metrics = [.multipleChoiceGrade, .brierScore, .calibrationError]
            task.examples = Array(task.examples.prefix(context.scaled(quick: 15, full: 40)))
            return task
        }
    }

    /// Curves whose measures are known.
    private func curves(_ findings: inout Findings) {
        var gap = 0.0
        for count in 3...12 {
            let line = (0..<count).map(Double.init)
            guard let curve = try? ScaleCurve(scales: line, scores: line.map { 0.2 + 0.03 * $0 }) else { continue }
            gap = max(gap, abs(curve.linearity - Double(count - 1)))
        }
        var ratios: [Double] = []
        var table = TextTable(columns: ["rise", "linearity", "breakthroughness", "ratio"])
        for steepness in [0.25, 0.5, 1, 2, 4] {
            let places = (0..<9).map(Double.init)
            // Logistic curves from 0 to 1 around the middle model.
            guard
                let curve = try? ScaleCurve(
                    scales: places, scores: places.map { 1 / (1 + exp(-steepness * ($0 - 3.5))) })
            else { continue }
            ratios.append(curve.breakthroughness / curve.linearity)
            table.add([
                .text("logistic, steepness \(steepness)"), .number(curve.linearity), .number(curve.breakthroughness),
                .number(ratios[ratios.count - 1]),
            ])
        }
        let falls = ratios.indices.dropFirst().count { ratios[$0] <= ratios[$0 - 1] }
        findings.measure("largest difference of a line's linearity from n - 1", gap)
        findings.tables.append(("Known curves through nine models", table))
        findings.decide(
            "curves", gap < 1e-9 && ratios.count == 5 && falls == 0,
            "lines differ from n - 1 by \(gap) at most; \(falls) of \(ratios.count - 1) steps to a more sudden rise lower the ratio"
        )
    }

    /// One model's weights at rising precision.
    private func grades(
        _ tasks: [CapabilityTask], _ context: ExperimentContext, _ findings: inout Findings
    ) async throws {
        // Q3_K_S comes to the same weights as Q2_K (rows of 576 numbers are no whole blocks of either), Q8_0 to the own ones.
        let forms: [EmbeddedModel.Quantization?] = [.q2K, .q4Zero, nil]
        let harness = TaskHarness(shots: context.scaled(quick: 0, full: 2), seed: context.seed)
        var table = TextTable(
            columns: ["model", "megabytes", "score, 0 to 100", "Brier score", "calibration error"])
        var bytes: [Double] = []
        var scores: [[Double]] = []
        var briers: [[Double]] = []
        var taskScores: [[Double]] = tasks.map { _ in [] }
        func measure(_ model: EmbeddedLanguageModel, _ label: String, inScale: Bool) async throws {
            var (values, errors, calibration) = ([Double](), [Double](), 0.0)
            for (place, task) in tasks.enumerated() {
                let answers = try await harness.answers(to: task, by: model, progress: context.progress)
                let all = try TaskScores(task, answers)
                calibration += (all[.calibrationError]?.value ?? 0) / Double(tasks.count)
                let range = task.range(of: .multipleChoiceGrade) ?? (0, 1)
                values += try TaskScores.values(of: .multipleChoiceGrade, task, answers).map {
                    100 * ($0 - range.low) / (range.high - range.low)
                }
                errors += try TaskScores.values(of: .brierScore, task, answers)
                if inScale { taskScores[place].append(all.preferred.value) }
            }
            let (score, brier) = (Comparison(values), Comparison(errors))
            let size = Double(model.model.byteCount)
            findings.measure("score, \(label)", score.mean, standardError: score.standardError)
            findings.measure("Brier score, \(label)", brier.mean, standardError: brier.standardError)
            findings.measure("calibration error, \(label)", calibration)
            table.add([
                .text(label), .number(size / 1e6), .interval(score.mean, low: score.low, high: score.high),
                .interval(brier.mean, low: brier.low, high: brier.high), .number(calibration),
            ])
            guard inScale else { return }
            bytes.append(size)
            scores.append(values)
            briers.append(errors)
        }
        for form in forms {
            try await measure(
                try ExperimentModels.load(as: form), "smollm2-135m, \(form?.rawValue ?? "own weights (Q4_1)")",
                inScale: true)
        }
        if context.size == .full, let gemma = try? ExperimentModels.load("gemma-3-270m") {
            try await measure(gemma, "gemma-3-270m", inScale: false)
        }
        table.notes = [
            "Scores with two standard errors; 0 is guessing, 100 always right. Less is better in the last two."
        ]
        findings.tables.append(("Tasks over grades of precision", table))
        let rise = Comparison(scores[scores.count - 1], over: scores[0])
        findings.decide(
            "rise", difference: rise.mean, standardError: rise.standardError, "own weights less the coarsest, 0 to 100")
        let calibration = Comparison(briers[0], over: briers[briers.count - 1])
        findings.decide(
            "calibration", difference: calibration.mean, standardError: calibration.standardError,
            "Brier score of the coarsest weights less that of its own")
        var measures = TextTable(columns: ["task", "improvement", "linearity", "breakthroughness"])
        for (task, values) in zip(tasks, taskScores) {
            let curve = try ScaleCurve(scales: bytes, scores: values)
            measures.add([
                .text(task.name), .number(curve.improvement), .number(curve.linearity),
                .number(curve.breakthroughness),
            ])
        }
        measures.notes = ["Over \(bytes.count) grades; the largest linearity is \(bytes.count - 1)."]
        findings.tables.append(("How tasks rise with precision", measures))
        findings.charts.append(
            (
                "Score over precision",
                Chart(
                    "Tasks over precision", x: Axis("weights", unit: "MB"), y: Axis("share right"),
                    series: zip(tasks, taskScores).map { task, values in
                        Series(task.name, points: zip(bytes, values).map { ChartPoint($0 / 1e6, $1) }, showsDots: true)
                    })
            ))
    }

    /// Families of models.
    private func scales(_ published: PublishedScores, _ findings: inout Findings) throws {
        let composite = published.tasks.indices.filter {
            published.tasks[$0].contains("digit") || published.tasks[$0].contains("unscrambling")
        }
        var (rises, linear, sudden) = ([Double](), [Double](), [Double]())
        var table = TextTable(
            columns: ["family", "models", "task", "improvement", "linearity", "breakthroughness"])
        for family in published.families {
            let complete = family.scores.filter { $0.allSatisfy(\.isFinite) }
            func mean(_ model: Int) -> Double { complete.reduce(0) { $0 + $1[model] } / Double(complete.count) }
            rises.append(mean(family.sizes.count - 1) - mean(0))
            var curves: [(isComposite: Bool, curve: ScaleCurve)] = []
            for (task, values) in family.scores.enumerated() {
                let there = values.indices.filter { values[$0].isFinite }
                let curve = try ScaleCurve(
                    scales: there.map { family.sizes[$0] }, scores: there.map { values[$0] })
                guard curve.improvement >= 0.1 else { continue }
                curves.append((composite.contains(task), curve))
                table.add([
                    .text(family.name), .count(there.count), .text(published.tasks[task]), .number(curve.improvement),
                    .number(curve.linearity), .number(curve.breakthroughness),
                ])
            }
            // The share of pairs of one task of each kind that are as claimed; pairs of equal numbers count half.
            func share(_ value: (ScaleCurve) -> Double, composite: Bool) -> Double? {
                var (wins, pairs) = (0.0, 0.0)
                for one in curves where one.isComposite == composite {
                    for other in curves where other.isComposite != composite {
                        let (a, b) = (value(one.curve), value(other.curve))
                        wins += a > b ? 1 : a == b ? 0.5 : 0
                        pairs += 1
                    }
                }
                return pairs > 0 ? wins / pairs : nil
            }
            if let share = share(\.linearity, composite: false) { linear.append(share) }
            if let share = share(\.breakthroughness, composite: true) { sudden.append(share) }
        }
        findings.tables.append(("Published scores over scale", table))
        let (rise, linearity, jump) = (Comparison(rises), Comparison(linear), Comparison(sudden))
        findings.measure("rise from smallest to largest model", rise.mean, standardError: rise.standardError)
        findings.measure("pairs with more linear knowledge", linearity.mean, standardError: linearity.standardError)
        findings.measure("pairs with more sudden arithmetic", jump.mean, standardError: jump.standardError)
        findings.decide(
            "published-rise", difference: rise.mean, standardError: rise.standardError,
            "mean score of the largest less the smallest model, \(rises.count) families")
        findings.decide(
            "published-linear", difference: linearity.mean, standardError: linearity.standardError, atLeast: 0.5,
            "share of pairs of tasks in a family in which knowledge is the more linear one, \(linear.count) families")
        findings.decide(
            "published-breakthrough", difference: jump.mean, standardError: jump.standardError, atLeast: 0.5,
            "share of pairs of tasks in a family in which arithmetic or unscrambling is the more sudden one, \(sudden.count) families"
        )
        findings.charts.append(
            (
                "Two kinds of tasks over scale",
                Chart(
                    "Two kinds of tasks", x: Axis("billions of parameters", scale: .logarithmic),
                    y: Axis("share right"),
                    series: published.families.prefix(3).flatMap { family in
                        [2, 6].map { task in
                            Series(
                                "\(family.name), \(published.tasks[task])",
                                points: family.sizes.indices.map {
                                    ChartPoint(family.sizes[$0], family.scores[task][$0])
                                })
                        }
                    })
            ))
    }
}
