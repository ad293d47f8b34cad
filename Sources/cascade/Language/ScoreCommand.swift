import ArgumentParser
import Foundation
import Language
import NumericalMethods
import Reports

/// `cascade score`: how likely a model finds texts.
struct ScoreCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "score",
        abstract: "Tell how likely a model finds each line of a file.",
        discussion: """
            For each text its tokens, its log-probability in nats, and its perplexity: e to minus the mean log-probability \
            of its tokens. The last line sums up all texts. Lines that the model's context can't hold are left out and named \
            at the end.

            Examples:
              cascade score lines.txt --model smollm2-135m
              cascade score README.md --whole --model gemma-3-270m --json
              echo "Paris is in France." | cascade score -
            """)

    @Argument(help: "The file; - reads standard input.", completion: .file())
    var file: String
    @Option(name: .long, help: "A model's name, or the path of a GGUF file.")
    var model = "smollm2-135m"
    @Flag(name: .long, help: "Take the file as one text, not a text a line.")
    var whole = false
    @OptionGroup(title: "How models run") var options: ModelOptions
    @OptionGroup var output: OutputOptions

    private struct Row {
        var text: String
        var tokens: Int
        var logProbability: Double
        var perplexity: Double { tokens > 0 ? exp(-logProbability / Double(tokens)) : .nan }
    }

    func run() async throws {
        guard
            let data = file == "-"
                ? FileHandle.standardInput.readDataToEndOfFile() : FileManager.default.contents(atPath: file)
        else { throw Failure(.data, "\(file): can't be read. Give the name of a text file.") }
        let content = String(decoding: data, as: UTF8.self)
        let texts =
            whole ? [content] : content.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        let loaded = try options.load(model)
        try loaded.require(.scoring)
        let work = ProgressLine.reporter.begin("scoring", total: texts.count)
        var rows: [Row] = []
        var tooLong: [(line: Int, tokens: Int, limit: Int)] = []
        for (index, text) in texts.enumerated() {
            defer { work.advance() }
            guard text.contains(where: { !$0.isWhitespace }) else { continue }
            do {
                let tokens = try await loaded.score(text, after: .text(""))
                rows.append(
                    Row(
                        text: text, tokens: tokens.count,
                        logProbability: tokens.reduce(0) { $0 + ($1.logProbability ?? .nan) }))
            } catch let error as LanguageError {
                guard case .contextOverflow(_, let count, let limit) = error else {
                    work.finish()
                    throw error
                }
                tooLong.append((index + 1, count, limit))
            }
        }
        work.finish()
        guard rows.count + tooLong.count > 0 else { throw Failure(.data, "\(file): there is no text in it.") }
        if !rows.isEmpty { show(rows, tooLong: tooLong.map(\.line)) }
        if let first = tooLong.first {
            throw Failure(
                .data,
                "\(file):\(first.line): \(first.tokens) tokens are more than the context holds (\(first.limit))."
                    + (tooLong.count > 1 ? " \(tooLong.count) lines like that were left out." : " It was left out.")
                    + " Give a larger --context, or shorter lines.")
        }
    }

    private func show(_ rows: [Row], tooLong: [Int]) {
        let all = Row(
            text: "all", tokens: rows.reduce(0) { $0 + $1.tokens },
            logProbability: rows.reduce(0) { $0 + $1.logProbability })
        output.json ? printJSON(rows, all, tooLong) : printTable(rows, all)
    }

    private func printTable(_ rows: [Row], _ all: Row) {
        var table = TextTable(columns: ["tokens", "log-probability", "perplexity", "text"])
        for row in rows.count > 1 ? rows + [all] : rows {
            let isSum = row.text == all.text && row.tokens == all.tokens
            let line = row.text.replacing("\n", with: " ")
            table.add([
                .count(row.tokens), .number(row.logProbability, significant: 5),
                .number(row.perplexity, significant: 4),
                .text(
                    isSum && rows.count > 1 ? "all \(rows.count) texts" : line.count > 60 ? "\(line.prefix(59))…" : line
                ),
            ])
        }
        Output.table(table)
    }

    private func printJSON(_ rows: [Row], _ all: Row, _ tooLong: [Int]) {
        func value(_ row: Row) -> [(key: String, value: JSONValue)] {
            [
                ("tokens", .integer(row.tokens)), ("logProbability", .number(row.logProbability)),
                ("perplexity", .number(row.perplexity)),
            ]
        }
        let result: JSONValue = [
            "model": .string(model), "all": .object(value(all)),
            "tooLong": .array(tooLong.map { .integer($0) }),
            "texts": .array(rows.map { .object([("text", .string($0.text))] + value($0)) }),
        ]
        Output.text(result.text)
    }
}
