import Cascades
import Deferral
import Foundation
import Reports

/// The frontier of cost and quality: families against single stages, between them and the oracle.
struct FrontierSection {
    let context: ReportContext

    init(_ context: ReportContext) { self.context = context }

    var section: HTMLPage.Section {
        .init(
            "Frontier",
            [
                .prose(
                    "Up and to the left is better. Lines are what each family reaches on the items it was learned from, each item by a policy that was learned without it. The dashed line is the best single stage or random mixture of two, which every family must beat; the oracle knows every outcome beforehand and can't be followed. Points with bars are the policies that meet the goal, measured on held-out items."
                ),
                .figure(chart, caption: "Cost and quality of the families"),
            ] + (areas.map { [.table($0)] } ?? []))
    }

    private var chart: Chart {
        let scale = context.unit.scale
        let rows = context.fit.result.rows
        var series: [Series] = []
        func line(_ name: String, _ points: [FrontierPoint], color: ChartColor?, isDashed: Bool) -> Series {
            Series(
                name, .line, points: points.map { ChartPoint($0.cost * scale, $0.quality) }, color: color,
                isDashed: isDashed)
        }
        series.append(
            line(
                "oracle", Frontier(hullOf: OracleRule.sweep(context.training, prices: prices)).points, color: .muted,
                isDashed: false))
        if let simple = rows.first(where: { $0.name == "single-stage" })?.frontier {
            series.append(line("single stages", simple.points, color: .muted, isDashed: true))
        }
        let shown = context.shown
        for (index, row) in shown.enumerated() {
            series.append(line(row.name, row.frontier?.points ?? [], color: .palette(index), isDashed: false))
        }
        let means = context.training.meanQuality
        series.append(
            Series(
                "stages", .points(.square),
                points: context.fit.stages.indices.map {
                    ChartPoint(context.training.meanCost[$0] * scale, means[$0], label: context.fit.stages[$0])
                }, color: .ink, isInLegend: false))
        for (index, row) in shown.enumerated() {
            let (quality, cost) = (row.measurement.quality, row.measurement.cost)
            series.append(
                Series(
                    "\(row.name), held out", .points(.circle),
                    points: [
                        ChartPoint(
                            cost.estimate * scale, quality.estimate, low: quality.lower, high: quality.upper,
                            tooltip: "\(row.name), held out")
                    ], color: .palette(index), isInLegend: false))
        }
        let quality = context.interval(context.outcomes.quality)
        series.append(
            Series(
                "the policy shown", .points(.star),
                points: [
                    ChartPoint(
                        context.outcomes.meanCost * scale, quality.estimate, low: quality.lower, high: quality.upper)
                ],
                color: .ink))
        return Chart(
            "Cost and quality", x: Axis("mean cost", unit: context.unit.name, scale: .logarithmic),
            y: Axis("mean quality"),
            series: series)
    }

    /// The published figures of every family drawn, and what it saves at equal quality.
    private var areas: TextTable? {
        guard let first = context.frontiers.first, !first.frontier.figures.isEmpty else { return nil }
        let figures = first.frontier.figures
        let reference = context.fit.stages[first.frontier.reference]
        var table = TextTable(
            "Area under the frontier, held out",
            columns: ["family"] + figures.map { .init($0.name) } + [.init("saved where as good as \(reference)")])
        for tables in context.frontiers {
            let own = tables.frontier.figures
            table.add(
                [.text(tables.name)]
                    + figures.map { figure in
                        own.first { $0.kind == figure.kind }.map { FrontierTables.cell($0, $0.value) } ?? .missing
                    } + [FrontierTables.percent(tables.frontier.equalQuality().savedOfReference)],
                style: tables.name == context.fit.result.chosen ? .best : .plain)
        }
        let equal = first.frontier.equalQuality()
        table.add(
            [.text("single stages mixed at random")]
                + figures.map { $0.isShare ? .percent($0.mixtures) : .number($0.mixtures) }
                + [.percent(1 - equal.mixtureCost / equal.referenceCost, decimals: 0)],
            style: .faint, startsGroup: true)
        table.notes = [
            "Defined by: " + figures.map { "\($0.name): \($0.source)" }.joined(separator: "; ") + ".",
            "All prices of each family, on \(first.frontier.itemCount) items that it was not learned on. \(FrontierTables.note)",
        ]
        return table
    }

    /// Prices from where only quality counts to where only cost does.
    private var prices: [Double] {
        let costs = context.training.meanCost.filter { $0 > 0 }
        let quality = context.training.log.quality.filter { !$0.isNaN }
        guard let cheapest = costs.min(), let dearest = costs.max(), let low = quality.min(), let high = quality.max(),
            high > low
        else { return [0, .infinity] }
        let first = 1e-3 * (high - low) / dearest
        let ratio = 2e3 * dearest / cheapest
        return [0] + (0..<40).map { first * pow(ratio, Double($0) / 39) } + [.infinity]
    }
}
