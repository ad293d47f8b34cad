import ArgumentParser
import Cascades
import Deferral

/// `cascade log check`: everything that is wrong with a log, or could mislead.
struct LogCheckCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check", abstract: "Report every bad line of a log, then check its data.",
        discussion: """
            The checks look for what misleads learning: leakage, duplicates, noisy labels, constant or missing evidence, \
            drift, rare outcomes, too few items. Each finding comes with its evidence and what to do. Ends with status 65 \
            where a line can't be read or a check finds an error.

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
        let findings = report.log.map { LogChecks.run($0) } ?? []
        if output.json {
            Output.text(try json(report, findings).text)
        } else {
            let bad =
                report.errorCount == 0
                ? "no bad lines" : report.errorCount == 1 ? "1 bad line" : "\(report.errorCount) bad lines"
            Output.line(
                "\(log.name): \(report.itemCount) items read as \(report.format == .csv ? "CSV" : "JSONL"), \(bad).")
            for error in report.errors { Output.line("  \(error)") }
            if report.errorCount > report.errors.count {
                Output.line("  … and \(report.errorCount - report.errors.count) more; --limit shows more")
            }
            if report.log != nil {
                Output.line()
                FindingsList(findings).print()
            }
        }
        if report.errorCount > 0 || findings.contains(where: { $0.severity == .error }) {
            throw ExitCode(ExitStatus.data.rawValue)
        }
    }

    private func json(_ report: LogReadReport, _ findings: [Finding]) throws -> JSONValue {
        [
            "log": .string(report.file), "format": .string(report.format.rawValue), "items": .integer(report.itemCount),
            "errorCount": .integer(report.errorCount), "errors": .array(report.errors.map { .string($0.description) }),
            "findings": .array(try findings.map { try JSONValue(encoding: $0) }),
        ]
    }
}
