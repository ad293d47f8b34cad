import Cascades
import Deferral
import Reports

/// The table of a search: baselines, then families; the chosen row stands out.
struct FitTable {
    let fit: Fit

    init(_ fit: Fit) { self.fit = fit }

    /// Stages in the order in which columns show them: the cheapest first.
    private var order: [Int] { fit.log.stagesByCost }
    /// Whether each stage has a column of its own; else they share one, by number.
    private var isWide: Bool { order.count <= 4 }

    var table: TextTable {
        let single = fit.single.measurement
        let hasAbstention = fit.result.rows.contains { $0.measurement.abstainedShare > 0 }
        var columns: [TextTable.Column] = [
            .init("policy", overflow: .truncate), .init("quality", key: "quality"),
            .init("cost", unit: fit.unit.name, key: "cost"), .init("of best", key: "relative cost"),
            .init("gain in quality", key: "quality gain"),
        ]
        if isWide {
            columns += order.map { .init(fit.stages[$0], key: "answers \(fit.stages[$0])") }
        } else {
            columns.append(.init("% answered by stage " + order.indices.map { Self.number($0 + 1) }.joined(separator: Self.space), alignment: .left))
        }
        if hasAbstention { columns.append(.init("no answer")) }
        columns.append(.init("decision", unit: "ns", key: "decision nanoseconds"))
        var table = TextTable(columns: columns)
        var wasBaseline = true
        for row in fit.result.rows {
            let measurement = row.measurement
            var cells: [TableCell] = [
                // The name of the best single stage is said above the table.
                .text(row.name.hasPrefix("best single: ") ? "best single stage" : row.name), TableCell(measurement.quality, like: single.quality.estimate), .number(measurement.cost.estimate * fit.unit.scale),
                .percent(measurement.cost.estimate / single.cost.estimate, decimals: 0),
                row.name == "single-stage" ? .missing : TableCell(measurement.qualityGain, like: single.quality.estimate),
            ]
            if isWide {
                cells += order.map { .percent(measurement.answerShare[$0], decimals: 0) }
            } else {
                cells.append(.text(order.map { Self.share(measurement.answerShare[$0]) }.joined(separator: Self.space)))
            }
            if hasAbstention { cells.append(.percent(measurement.abstainedShare, decimals: 0)) }
            cells.append(row.policy == nil ? .missing : .number(measurement.decisionNanoseconds, significant: 2))
            let isBaseline = row.kind == .baseline
            table.add(
                cells, style: row.name == fit.result.chosen ? .best : isBaseline ? .faint : .plain,
                startsGroup: wasBaseline && !isBaseline)
            wasBaseline = isBaseline
        }
        table.notes.append("gain in quality: against the simple policy, single-stage, on the same items.")
        if !isWide {
            table.notes.append("Stages, cheapest first: " + order.enumerated().map { "\($0 + 1) \(fit.stages[$1])" }.joined(separator: ", "))
        }
        return table
    }

    /// A space at which no line is broken.
    private static let space = "\u{A0}"

    private static func number(_ value: Int) -> String { value < 10 ? "\(space)\(value)" : "\(value)" }

    /// A share as a whole percentage of two characters; a dot for less than half a percent.
    private static func share(_ share: Double) -> String {
        let percent = Int((share * 100).rounded())
        return percent == 0 ? "\(space)·" : percent >= 100 ? "●●" : number(percent)
    }
}
