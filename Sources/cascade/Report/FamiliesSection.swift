import Deferral
import Reports

/// All families and baselines, as `fit` prints them.
struct FamiliesSection {
    let context: ReportContext

    init(_ context: ReportContext) { self.context = context }

    var section: HTMLPage.Section {
        var blocks: [HTMLPage.Block] = [
            .prose(
                "Goal: \(context.fit.result.goal.words(context.unit)). Learned from \(context.fit.result.trainingCount) items, measured on \(context.fit.result.heldOutCount) held out."
            ),
            .table(FitTable(context.fit).table),
        ]
        if !context.fit.result.obstacles.isEmpty {
            blocks.append(
                .details(
                    "Families that could not learn from this log",
                    [.list(context.fit.result.obstacles.map { "\($0.family): \($0.reason)" })]))
        }
        return .init("Families", blocks)
    }
}
