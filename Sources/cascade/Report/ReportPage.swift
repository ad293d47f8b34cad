import Deferral
import Foundation
import Reports

/// The page of a report, put together from its sections.
struct ReportPage {
    let context: ReportContext

    init(_ context: ReportContext) { self.context = context }

    var page: HTMLPage {
        var page = HTMLPage(
            "Cascade report",
            subtitle: "\(context.fit.name): \(context.fit.log.count) items, \(context.stages.count) stages. "
                + "Shown: \(context.policyName) (\(context.family)), on \(context.itemsNote).")
        page.cards = SummaryCards(context).cards
        page.sections = [
            PolicySection(context).section,
            FrontierSection(context).section,
            FamiliesSection(context).section,
            WinnersSection(context).section,
            CalibrationSection(context).section,
            LedgerSection(context).section,
            ChurnSection(context).section,
            ChecksSection(context).section,
        ].compactMap { $0 }
        page.footer =
            "Made by cascade \(CascadeCommand.version) with seed \(context.fit.search.seed). "
            + "Intervals are \(NumberWords.percent(context.fit.search.confidence)) bootstrap intervals over items."
        return page
    }
}
