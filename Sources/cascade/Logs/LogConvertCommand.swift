import ArgumentParser
import Cascades

/// `cascade log convert`: from one format to the other.
struct LogConvertCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "convert", abstract: "Convert a log between JSONL and CSV, by the endings of the files.",
        discussion: """
            Missing cells stay missing, and numbers read back exactly.

            Examples:
              cascade log convert log.jsonl log.csv
              cascade log convert log.csv log.jsonl
            """)

    @OptionGroup var log: LogArgument
    @Argument(help: "The file to write: .jsonl or .csv.", completion: .file(extensions: ["jsonl", "csv"]))
    var target: String
    @OptionGroup var output: OutputOptions

    func run() throws {
        guard let format = LogFormat(path: target) else {
            throw Failure(.usage, "\(target): the ending says nothing of the format. Name a .jsonl or a .csv file.")
        }
        if target != "-" { _ = try OutputFile(target) }
        let read = try log.read()
        try read.write(to: target, format: format)
        if output.json {
            let report: JSONValue = [
                "file": .string(target), "format": .string(format.rawValue), "items": .integer(read.count),
            ]
            Output.text(report.text)
        } else {
            Output.line("\(read.count) items, \(read.stageCount) stages written to \(target).")
        }
    }
}
