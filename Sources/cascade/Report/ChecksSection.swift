import Deferral
import Reports

/// What the checks of the log found.
struct ChecksSection {
    let context: ReportContext

    init(_ context: ReportContext) { self.context = context }

    var section: HTMLPage.Section {
        let list = FindingsList(LogChecks.run(context.fit.log.log))
        var blocks: [HTMLPage.Block] = []
        if !list.found.isEmpty {
            var table = TextTable(columns: ["", "check", "evidence", "what to do"])
            for finding in list.found {
                table.add(
                    [
                        .text(finding.severity.rawValue), .text(list.title(finding)), .text(finding.evidence),
                        .text(finding.remedy),
                    ],
                    style: finding.severity == .note ? .plain : .warning)
            }
            blocks.append(.table(table))
        }
        if !list.clean.isEmpty { blocks.append(.prose("Nothing found of: \(list.clean.joined(separator: ", ")).")) }
        return .init("Data checks", blocks)
    }
}
