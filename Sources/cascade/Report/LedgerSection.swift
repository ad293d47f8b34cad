import Cascades
import Deferral
import Reports

/// The cost ledger: what is asked of whom, what it takes, and what the policy saves.
struct LedgerSection {
    let context: ReportContext

    init(_ context: ReportContext) { self.context = context }

    private struct Column {
        var title: TextTable.Column
        var values: [Double]
    }

    var section: HTMLPage.Section {
        let log = context.log.log
        let columns = [
            Column(title: .init("money", unit: "$"), values: filled(log.money)),
            Column(title: .init("latency", unit: "s"), values: filled(log.seconds)),
            Column(title: .init("operations"), values: filled(log.operations)),
            Column(title: .init("tokens in"), values: filled(log.tokensIn)),
            Column(title: .init("tokens out"), values: filled(log.tokensOut)),
        ].filter { !$0.values.isEmpty }
        var table = TextTable(
            "For 1,000 items", columns: [.init("stage"), .init("calls"), .init("answers given")] + columns.map(\.title))
        var totals = [Double](repeating: 0, count: columns.count)
        let all = Array(0..<log.count)
        for stage in context.log.stagesByCost {
            let calls = context.use.share(\.asked, stage: stage, items: all)
            if calls == 0 { continue }
            var cells: [TableCell] = [
                .text(context.stages[stage]), .number(1000 * calls),
                .number(1000 * context.use.share(\.answered, stage: stage, items: all)),
            ]
            for (index, column) in columns.enumerated() {
                let total = 1000 * spent(column.values, stage: stage) { context.use.asked[$0 * log.stageCount + stage] }
                totals[index] += total
                cells.append(.number(total))
            }
            table.add(cells)
        }
        let calls = 1000 * context.outcomes.askedShare.reduce(0, +)
        table.add(
            [.text("the policy"), .number(calls), .missing] + totals.map { .number($0) }, style: .best,
            startsGroup: true)
        let reference = columns.map { 1000 * spent($0.values, stage: context.reference) { _ in 1 } }
        let name = context.stages[context.reference]
        table.add(
            [.text("\(name) for all"), .number(1000), .number(1000)] + reference.map { .number($0) }, style: .faint)
        table.add(
            [.text("saved"), .percent(1 - calls / 1000), .missing]
                + zip(totals, reference).map { $1 > 0 ? .percent(1 - $0 / $1) : .missing }, style: .good)
        return .init(
            "Cost ledger",
            [
                .prose(
                    "What 1,000 items take under the policy, stage by stage. Latencies are added up as if stages were asked one after the other."
                ),
                .table(table),
            ])
    }

    /// The mean over items of what `stage` takes, times how often it is asked.
    private func spent(_ values: [Double], stage: Int, asked: (Int) -> Double) -> Double {
        let (items, stages) = (context.log.count, context.stages.count)
        return (0..<items).reduce(0) { $0 + asked($1) * values[$1 * stages + stage] } / Double(items)
    }

    /// `column` with missing cells filled by their stage's mean; empty where the log has no such column.
    private func filled(_ column: [Double]) -> [Double] {
        let stages = context.stages.count
        var result = column
        for stage in 0..<stages where !column.isEmpty {
            let cells = Array(stride(from: stage, to: column.count, by: stages))
            let present = cells.filter { !column[$0].isNaN }
            let mean = present.isEmpty ? 0 : present.reduce(0) { $0 + column[$1] } / Double(present.count)
            for cell in cells where column[cell].isNaN { result[cell] = mean }
        }
        return result.contains { $0 != 0 } ? result : []
    }
}
