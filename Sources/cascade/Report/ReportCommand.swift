import ArgumentParser
import Cascades
import Deferral
import Reports

/// `cascade report`: everything about a log and a policy in one page.
struct ReportCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "report", abstract: "Write everything about a log and its policy into one HTML page.",
        discussion: """
            The page needs no network and no other file: the frontier of cost and quality, calibration, who wins where, \
            the cost ledger, what changes for whom, and all families. Without --policy it shows the one that `fit` would \
            choose.

            Examples:
              cascade report log.jsonl -o report.html
              cascade report log.jsonl --policy policy.json -o report.html
            """)

    @OptionGroup var log: LogArgument
    @Option(
        name: .customLong("policy"), help: "Show this policy instead of the one that fit would choose.",
        completion: .file(extensions: ["json"]))
    var policyPath: String?
    @Option(
        name: [.customShort("o"), .customLong("output")], help: "The page to write.",
        completion: .file(extensions: ["html"]))
    var outputPath: String
    @OptionGroup(title: "What is asked") var goal: GoalOptions
    @OptionGroup(title: "What counts as cost") var objective: ObjectiveOptions
    @Option(name: .customLong("family"), help: SearchOptions.familyHelp)
    var families: [String] = []
    @OptionGroup(title: "How it is searched") var search: SearchOptions
    @OptionGroup var output: OutputOptions

    func run() throws {
        let file = try OutputFile(outputPath)
        let given = try policyPath.map { try PolicyFile.read(from: $0) }
        let read = try log.read()
        let fit = try Fit(
            log: read, name: log.name, goal: goal, objective: objective, search: search, families: families)
        let context = try ReportContext(
            fit: fit, policy: NamedPolicy(file: given ?? fit.policyFile, name: policyPath ?? ReportContext.chosenName))
        let page = ReportPage(context).page
        try file.write(page.html())
        if output.json {
            let report: JSONValue = [
                "report": .string(outputPath), "policy": .string(context.family),
                "frontiers": .array(context.frontiers.map(\.json)),
                "sections": .array(page.sections.map { .string($0.title) }),
                "cards": .array(
                    page.cards.map {
                        ["label": .string($0.label), "value": .string($0.value), "note": .string($0.note)]
                    }),
            ]
            Output.text(report.text)
        } else {
            Output.line(
                "Report written to \(outputPath): \(page.sections.map { $0.title.lowercased() }.joined(separator: ", "))."
            )
        }
    }
}
