import ArgumentParser
import Catalog
import Reports

/// `cascade catalog list`: all experiments.
struct CatalogListCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List all experiments.",
        discussion: """
            Examples:
              cascade catalog list
              cascade catalog list --json
            """)

    @OptionGroup var output: OutputOptions

    func run() throws {
        if output.json {
            let list = JSONValue.array(Experiments.all.map { ExperimentText($0).json })
            Output.text(list.text)
            return
        }
        guard !Experiments.all.isEmpty else {
            Output.line("There are no experiments yet.")
            return
        }
        var table = TextTable(columns: ["experiment", "paper", "claims"])
        for experiment in Experiments.all {
            table.add([.text(experiment.id), .text(ExperimentText(experiment).paper), .count(experiment.claims.count)])
        }
        Output.table(table)
        Output.line("cascade catalog show ID says more, cascade catalog run ID runs one.")
    }
}
