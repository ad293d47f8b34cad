import Foundation
import Reports

/// Figures of the kinds and sizes that the other rooms draw, with numbers as they come, made from formulas.
enum Demo {
    static let models = [
        "gpt-4o", "claude-3-opus", "llama-3.1-405b", "mixtral-8x22b", "qwen2-72b", "gemma-2-9b", "phi-3-mini",
        "llama-3.1-8b", "mistral-7b",
    ]
    static let tasks = [
        "arithmetic", "boolean logic", "causal judgement", "date understanding", "disambiguation", "formal fallacies",
        "geometric shapes", "hyperbaton", "movie recommendation", "navigate", "object counting", "snarks",
        "sports understanding", "word sorting",
    ]

    /// A number in 0..<1 that looks random and never changes.
    static func noise(_ a: Int, _ b: Int = 0) -> Double {
        let value = sin(Double(a) * 12.9898 + Double(b) * 78.233) * 43758.5453
        return value - value.rounded(.down)
    }

    static func frontier() -> Chart {
        let families = [
            ("thresholds", 0.0), ("post-hoc", 0.008), ("k-nearest router", -0.012), ("cascade routing", 0.02),
        ]
        var series = families.enumerated().map { place, family in
            let points = (0..<12).map { step -> ChartPoint in
                let cost = 0.04 * pow(1.5, Double(step))
                let quality = 0.62 + 0.29 * (1 - exp(-Double(step) / 3.6)) + family.1 * sin(Double(step) / 3.5)
                let half = 0.012 - 0.0004 * Double(step)
                return ChartPoint(cost, quality, low: quality - half, high: quality + half)
            }
            return Series(family.0, points: points, color: .palette(place))
        }
        let costs = [2.9, 3.4, 1.3, 0.62, 0.55, 0.13, 0.055, 0.06, 0.05]
        let qualities = [0.905, 0.897, 0.884, 0.792, 0.823, 0.741, 0.655, 0.668, 0.583]
        series.append(
            Series(
                "single model", .points(.circle),
                points: models.indices.map { index in
                    ChartPoint(
                        costs[index], qualities[index], low: qualities[index] - 0.011, high: qualities[index] + 0.011,
                        label: models[index])
                }, color: .muted))
        series.append(
            Series(
                "chosen policy", .points(.star), points: [ChartPoint(0.69, 0.902, label: "chosen")], color: .palette(1))
        )
        return Chart(
            "Quality against cost, by family of policies",
            x: Axis("cost", unit: "per 1,000 items", scale: .logarithmic, format: .currency("$")),
            y: Axis("quality", format: .percent), series: series,
            referenceLines: [.init(.y(0.887), label: "98% of the best single model")])
    }

    static func calibration() -> Chart {
        let curves = ["small", "medium", "large"].enumerated().map { place, name in
            let predictions = (0..<3000).map { 0.35 + 0.65 * noise($0, place) }
            let outcomes = predictions.indices.map { index in
                let p = predictions[index]
                let truth = p - (0.16 - 0.07 * Double(place)) * 4 * p * (1 - p)
                return noise(index, place + 10) < truth ? 1.0 : 0.0
            }
            return CalibrationCurve(name, predictions: predictions, outcomes: outcomes)
        }
        return .calibration(
            "Calibration of each stage's confidence", curves: curves, predicted: "confidence", observed: "correct")
    }

    static func heatMap() -> HeatMap {
        var values: [Double] = []
        for task in tasks.indices {
            for model in models.indices {
                let quality =
                    0.95 - 0.05 * Double(model) - 0.25 * noise(task, 3) + 0.18 * (noise(task, model + 5) - 0.5)
                values.append(min(1, max(0, quality)))
            }
        }
        values[17] = .nan
        return HeatMap(
            "Who wins where", rows: tasks, columns: models, values: values,
            axis: Axis("share correct", format: .percent),
            highlight: .rowMaximum)
    }

    static func ledger() -> CategoryBars {
        CategoryBars(
            "Where the money goes",
            categories: ["always gpt-4o", "cascade routing", "thresholds", "k-nearest router", "random, same cost"],
            axis: Axis("cost", unit: "per 1,000 items", format: .currency("$")),
            series: [
                .init("gpt-4o", [2.9, 0.41, 0.55, 0.71, 0.49]), .init("qwen2-72b", [0, 0.2, 0.28, 0.05, 0.14]),
                .init("gemma-2-9b", [0, 0.08, 0.13, 0.02, 0.06]),
            ], arrangement: .stacked)
    }

    static func shares() -> CategoryBars {
        CategoryBars(
            "Share of items that each stage answers", categories: ["thresholds", "post-hoc", "cascade routing"],
            axis: Axis("share of items", format: .percent, range: 0...1),
            series: [
                .init("gemma-2-9b", [0.612, 0.58, 0.637]), .init("qwen2-72b", [0.231, 0.29, 0.243]),
                .init("gpt-4o", [0.157, 0.13, 0.12]),
            ], arrangement: .stacked)
    }

    static func gains() -> CategoryBars {
        CategoryBars(
            "Gain over the best single model", categories: ["3 models", "5 models", "9 models"],
            axis: Axis("gain in area", unit: "points"),
            series: [
                .init("routing", [0.8, 1.3, 1.1], intervals: [0.3...1.3, 0.7...1.9, 0.4...1.8]),
                .init("thresholds", [1.1, 1.2, -0.4], intervals: [0.6...1.6, 0.6...1.8, -1.1...0.3]),
                .init("cascade routing", [1.9, 2.8, 3.1], intervals: [1.3...2.5, 2.1...3.5, 2.4...3.8]),
            ], direction: .vertical)
    }

    static func histogram() -> Chart {
        let values = (0..<4000).map { noise($0, 1) + noise($0, 2) + noise($0, 3) - 1.5 }
        return Chart(
            "Margins of the small model", x: Axis("margin"), y: Axis("items"),
            series: [Series.histogram("items", of: values, bins: 40)],
            referenceLines: [.init(.x(0.31), label: "threshold")])
    }

    static func costs() -> Chart {
        let points = (0...20).map { ChartPoint(Double($0) * 50_000, 120 * pow(Double($0) / 20, 1.4)) }
        let steps = (0...10).map { ChartPoint(Double($0) * 100_000, Double($0 * $0) * 0.6 + 20) }
        return Chart(
            "Seconds and items", x: Axis("items"), y: Axis("time", unit: "s"),
            series: [Series("decide", .area, points: points), Series("learn", .step, points: steps)])
    }

    static func table() -> TextTable {
        var table = TextTable(
            "Families, by cross-validation",
            columns: [
                "policy", "quality", TextTable.Column("cost", unit: "$/1,000"), "calls",
                TextTable.Column("decision", unit: "µs"),
                "why",
            ], notes: ["Intervals: 95%, paired bootstrap over 4,000 items."])
        table.add(
            [
                "cascade routing", .percentInterval(0.902, low: 0.893, high: 0.911), 0.69, .number(1.24), .number(3.18),
                "largest quality within the budget",
            ], style: .best)
        table.add(
            [
                "thresholds", .percentInterval(0.894, low: 0.885, high: 0.903), 0.96, .number(1.52), .number(0.021),
                "as good, but dearer",
            ], style: .good)
        table.add(
            [
                "k-nearest router", .percentInterval(0.871, low: 0.861, high: 0.881), 0.78, .number(1), .number(14.2),
                "loses to a mixture of two single models",
            ], style: .warning)
        table.add(
            ["oracle", .percent(0.967), 0.21, .number(1), .missing, "knows the outcomes"], style: .faint,
            startsGroup: true)
        table.add([
            "always gpt-4o", .percentInterval(0.905, low: 0.896, high: 0.914), 2.9, .number(1), .missing,
            "the reference",
        ])
        return table
    }

    static var figures: [any Figure] {
        [frontier(), calibration(), heatMap(), ledger(), shares(), gains(), histogram(), costs()]
    }

    static func page() -> HTMLPage {
        HTMLPage(
            "Cascade report",
            subtitle: "9 models on 14 tasks, 4,000 items, learned with a budget of $0.70 per 1,000 items",
            cards: [
                .init("Saved", value: "76%", note: "of the cost of gpt-4o, at 99.7% of its quality", isMain: true),
                .init("Quality", value: "90.2%", note: "95% interval 89.3 to 91.1"),
                .init("Cost", value: "$0.69", note: "per 1,000 items"),
                .init("Stages asked", value: "1.24", note: "per item"),
            ],
            sections: [
                .init(
                    "Frontier",
                    [
                        .prose(
                            "Each line is a family of policies, learned at twelve budgets; its band is the 95% interval.\n\nDots are single models asked for every item."
                        ),
                        .figure(frontier(), caption: "Held-out items. The star is the policy that was chosen."),
                        .table(table()),
                        .notice(
                            "Three families do better than any single model at its price; k-nearest routing does not."),
                    ]),
                .init(
                    "Calibration",
                    [
                        .figure(calibration(), caption: "Below the diagonal, a stage is surer than it should be."),
                        .figure(histogram()),
                    ]),
                .init("Who wins where", [.figure(heatMap())]),
                .init("Cost ledger", [.figure(ledger()), .figure(shares()), .figure(gains()), .figure(costs())]),
                .init(
                    "How to use it",
                    [
                        .list(["Serve the policy beside the models.", "Learn again when the log has grown by half."]),
                        .code("cascade evaluate policy.json log.jsonl --json"),
                        .details(
                            "The rule, in full",
                            [.prose("Ask the set of stages with the largest expected gain."), .table(table())]),
                        .notice("The log holds no latencies, so none are reported.", isWarning: true),
                    ]),
            ], footer: "cascade 0.1 · cascade report log.jsonl -o report.html")
    }
}
