import ArgumentParser
import Cascades
import Reports

/// `cascade log show`: what is in a log.
struct LogShowCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Say what is in a log: stages, costs, evidence, groups, first ids.",
        discussion: """
            Examples:
              cascade log show log.jsonl
              cascade log show log.csv --json
            """)

    @OptionGroup var log: LogArgument
    @OptionGroup var output: OutputOptions

    func run() throws {
        let summary = LogSummaryText(try log.read(), name: log.name)
        if output.json {
            Output.text(try summary.json().text)
        } else {
            summary.print()
        }
    }
}
