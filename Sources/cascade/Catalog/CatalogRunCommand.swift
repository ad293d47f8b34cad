import ArgumentParser
import Catalog
import Reports

/// `cascade catalog run`: runs an experiment.
struct CatalogRunCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run", abstract: "Run an experiment and say of each claim whether it held.",
        discussion: """
            Examples:
              cascade catalog run cascade-routing
              cascade catalog run cascade-routing --full -o findings.html
            """)

    @Argument(help: "The experiment's id; `cascade catalog list` shows all.")
    var id: String
    @Flag(name: .long, help: "Run it in full size: minutes instead of seconds.")
    var full = false
    @Option(name: .long, help: "Where all chance comes from: the same seed gives the same findings.")
    var seed: UInt64 = 1
    @Option(
        name: [.customShort("o"), .customLong("output")], help: "Write the findings to this file: .json or .html.",
        completion: .file(extensions: ["json", "html"]))
    var outputPath: String?
    @OptionGroup var output: OutputOptions

    func validate() throws {
        if let outputPath, !outputPath.hasSuffix(".json"), !outputPath.hasSuffix(".html") {
            throw ValidationError("-o \(outputPath): expected a file that ends in .json or .html.")
        }
    }

    func run() async throws {
        let experiment = try Experiments.named(id)
        let file = try outputPath.map { try OutputFile($0) }
        let size: ExperimentSize = full ? .full : .quick
        let findings = try await experiment.run(
            ExperimentContext(size: size, seed: seed, progress: ProgressLine.reporter))
        let text = FindingsText(experiment: experiment, findings: findings, size: size, seed: seed)
        if let file { try file.write(file.path.hasSuffix(".html") ? text.page.html() : text.json.text) }
        if output.json {
            Output.text(text.json.text)
        } else {
            text.print()
            if let outputPath { Output.line("Findings written to \(outputPath).") }
        }
    }
}
