import Cascades
import Deferral
import Reports

/// Churn: what changes for whom when the policy takes the place of the reference stage.
struct ChurnSection {
    let context: ReportContext

    init(_ context: ReportContext) { self.context = context }

    private struct Churn {
        var changed = 0.0, better = 0.0, worse = 0.0, count = 0.0
    }

    var section: HTMLPage.Section {
        let groups = context.groups(limit: 12)
        var table = TextTable(columns: [
            .init("items"), .init("count"), .init("answered by another stage"),
            .init(isBinary ? "wrong → right" : "better"),
            .init(isBinary ? "right → wrong" : "worse"), .init("net"),
        ])
        for group in groups {
            let churn = churn(group.items)
            guard churn.count > 0 else { continue }
            let net = (churn.better - churn.worse) / churn.count
            table.add(
                [
                    .text(group.name), .count(Int(churn.count)), .percent(churn.changed / churn.count),
                    .percent(churn.better / churn.count), .percent(churn.worse / churn.count), .percent(net),
                ], style: group.name == "all" ? .best : net < 0 ? .warning : .plain)
        }
        return .init(
            "Churn",
            [
                .prose(
                    "Against \(context.stages[context.reference]) on every item. A policy can keep the mean and still change who gets a right answer."
                ),
                .table(table),
            ])
    }

    private var isBinary: Bool { context.log.log.quality.allSatisfy { $0.isNaN || $0 == 0 || $0 == 1 } }

    /// Shares of the items whose answering stage and quality differ; what chance decides counts with its probability.
    private func churn(_ items: [Int]) -> Churn {
        let log = context.log.log
        var churn = Churn()
        for item in items where !context.outcomes.quality[item].isNaN && !context.referenceOutcomes.quality[item].isNaN
        {
            churn.count += 1
            let before = context.referenceOutcomes.quality[item]
            for stage in 0..<log.stageCount where stage != context.reference {
                let share = context.use.answered[item * log.stageCount + stage]
                if share == 0 { continue }
                churn.changed += share
                let after = log.quality(item: item, stage: stage)
                if after > before { churn.better += share } else if after < before { churn.worse += share }
            }
        }
        return churn
    }
}
