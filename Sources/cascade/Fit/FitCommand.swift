import ArgumentParser
import Cascades
import Deferral
import Foundation
import Reports

/// `cascade fit`: the main job.
struct FitCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "fit",
        abstract: "Learn from a log which stage to ask, when to stop and when to ask another.",
        discussion: """
            Tries all families of policies by cross-validation, measures each on items that were held out, and keeps the \
            best one if it beats the best single stage (or a random mixture of two) beyond noise. Otherwise it says \
            "no gain" and keeps the simple policy.

            Examples:
              cascade fit log.jsonl -o policy.json                  keep 98% of the best stage's quality, cheaply
              cascade fit log.jsonl --keep 1 -o policy.json         all of its quality
              cascade fit log.jsonl --budget 30% -o policy.json     the best for 30% of its cost
              cascade fit log.jsonl --keep 0.95 --guarantee 0.95 -o policy.json
                                                                    with 95% confidence, or an honest no
              cascade fit log.jsonl --policy thresholds --objective latency
              cascade fit log.jsonl --json | jq .chosen
            """)

    @OptionGroup var log: LogArgument
    @OptionGroup(title: "What is asked") var goal: GoalOptions
    @OptionGroup(title: "What counts as cost") var objective: ObjectiveOptions
    @Option(name: .customLong("policy"), help: SearchOptions.familyHelp)
    var families: [String] = []
    @OptionGroup(title: "How it is searched") var search: SearchOptions
    @Option(
        name: [.customShort("o"), .customLong("output")], help: "Write the policy to this file.",
        completion: .file(extensions: ["json"]))
    var outputPath: String?
    @Option(
        name: .customLong("report"), help: "Write the report of this search to this page, as `cascade report` does.",
        completion: .file(extensions: ["html"]))
    var reportPath: String?
    @OptionGroup var output: OutputOptions

    func run() throws {
        let file = try outputPath.map { try OutputFile($0) }
        let page = try reportPath.map { try OutputFile($0) }
        let fit = try Fit(
            log: log.read(), name: log.name, goal: goal, objective: objective, search: search, families: families)
        if let file { try file.write(fit.policyFile.encoded()) }
        if let page {
            try page.write(
                ReportPage(
                    ReportContext(fit: fit, policy: NamedPolicy(file: fit.policyFile, name: ReportContext.chosenName))
                ).page.html())
        }
        if output.json {
            Output.text(try fit.json(path: outputPath).text)
        } else {
            try FitText(fit).print()
            Output.line()
            if let outputPath {
                Output.line(
                    "Policy written to \(outputPath).  Try: cascade explain \(outputPath) --log \(log.log) --item \(fit.log.log.ids[0])"
                )
            } else {
                Output.line("No policy was written. Give -o policy.json to keep it.")
            }
            if let reportPath { Output.line("Report written to \(reportPath).") }
        }
    }
}
