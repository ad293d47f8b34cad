import ArgumentParser
import Cascades

/// `cascade log check`: everything that is wrong with a log, or could mislead.
struct LogCheckCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check", abstract: "Report every bad line of a log, then check its data.",
        discussion: """
            Ends with status 65 where a line can't be read.

            Examples:
              cascade log check log.jsonl
              cascade log check log.jsonl --limit 1000 --json
            """)

    @OptionGroup var log: LogArgument
    @Option(name: .long, help: "How many bad lines to print; the rest is counted.")
    var limit = 20
    @OptionGroup var output: OutputOptions

    func validate() throws {
        if limit < 1 { throw ValidationError("--limit \(limit): expected at least 1.") }
    }

    func run() throws {
        let report = try LogReading.check(log.log, limit: limit)
        if output.json {
            Output.text(json(report).text)
        } else {
            Output.line("\(log.name): \(report.itemCount) items read as \(report.format == .csv ? "CSV" : "JSONL"), \(report.errorCount == 0 ? "no" : String(report.errorCount)) bad line\(report.errorCount == 1 ? "" : "s").")
            for error in report.errors { Output.line("  \(error)") }
            if report.errorCount > report.errors.count { Output.line("  … and \(report.errorCount - report.errors.count) more") }
        }
        if report.errorCount > 0 { throw ExitCode(ExitStatus.data.rawValue) }
    }

    private func json(_ report: LogReadReport) -> JSONValue {
        [
            "log": .string(report.file), "format": .string(report.format.rawValue), "items": .integer(report.itemCount),
            "errorCount": .integer(report.errorCount), "errors": .array(report.errors.map { .string($0.description) }),
        ]
    }
}
