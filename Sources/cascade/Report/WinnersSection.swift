import Cascades
import Deferral
import Foundation
import Reports

/// Who wins where: quality by stage and group, and whom the policy asks there.
struct WinnersSection {
    let context: ReportContext

    init(_ context: ReportContext) { self.context = context }

    private static let limit = 20

    var section: HTMLPage.Section {
        let groups = context.groups(limit: Self.limit)
        let log = context.log
        let order = log.stagesByCost
        let names = order.map { context.stages[$0] }
        let quality = groups.flatMap { group in
            order.map { stage -> Double in
                let values = group.items.map { log.log.quality(item: $0, stage: stage) }.filter { !$0.isNaN }
                return values.isEmpty ? .nan : values.reduce(0, +) / Double(values.count)
            }
        }
        let answered = groups.flatMap { group in
            order.map { context.use.share(\.answered, stage: $0, items: group.items) }
        }
        let rows = groups.map { "\($0.name) (\($0.items.count))" }
        let shown = log.log.groups.isEmpty ? "" : " Rows are groups with their numbers of items, the largest first."
        return .init(
            "Who wins where",
            [
                .prose("Stages from the cheapest on the left to the dearest.\(shown)"),
                .figure(
                    HeatMap(
                        "Mean quality", rows: rows, columns: names, values: quality, axis: Axis("mean quality"),
                        highlight: .rowMaximum), caption: "Mean quality of each stage; the best of each row stands out"),
                .figure(
                    HeatMap(
                        "Answers given", rows: rows, columns: names, values: answered,
                        axis: Axis("share of items", format: .percent, range: 0...1)),
                    caption: "The share of items that the policy answers with each stage"),
            ])
    }
}
