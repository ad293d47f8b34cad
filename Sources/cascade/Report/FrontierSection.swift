import Cascades
import Deferral
import Foundation
import Reports

/// The frontier of cost and quality: families against single stages, between them and the oracle.
struct FrontierSection {
    let context: ReportContext

    init(_ context: ReportContext) { self.context = context }

    /// How many families are drawn; the rest would hide them.
    private static let limit = 5

    var section: HTMLPage.Section {
        .init(
            "Frontier",
            [
                .prose(
                    "Up and to the left is better. Lines are what each family reaches on the items it was learned from, each item by a policy that was learned without it. The dashed line is the best single stage or random mixture of two, which every family must beat; the oracle knows every outcome beforehand and can't be followed. Points with bars are the policies that meet the goal, measured on held-out items."
                ),
                .figure(chart, caption: "Cost and quality of the families"),
            ])
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
        let shown = families
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

    /// The chosen family and those with the largest areas under their frontiers.
    private var families: [SearchResult.Row] {
        let rows = context.fit.result.rows.filter {
            $0.kind == .family && $0.frontier != nil && $0.name != "single-stage"
        }
        let start = rows.compactMap { $0.frontier?.points.first?.cost }.max() ?? 0
        let end = max(context.training.meanCost.max() ?? 0, start * 1.000001)
        func area(_ row: SearchResult.Row) -> Double {
            row.frontier.map { FrontierArea.meanQuality($0, from: start, to: end) } ?? -.infinity
        }
        let ranked = rows.map { ($0, area($0)) }.sorted {
            ($0.0.name == context.fit.result.chosen ? .infinity : $0.1, $1.0.name) > (
                $1.0.name == context.fit.result.chosen ? .infinity : $1.1, $0.0.name
            )
        }
        return ranked.prefix(Self.limit).map(\.0)
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
