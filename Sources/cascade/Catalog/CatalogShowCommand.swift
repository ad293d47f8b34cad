import ArgumentParser
import Catalog

/// `cascade catalog show`: one experiment.
struct CatalogShowCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Say what an experiment does and which claims it checks.",
        discussion: """
            Examples:
              cascade catalog show cascade-routing
            """)

    @Argument(help: "The experiment's id; `cascade catalog list` shows all.")
    var id: String
    @OptionGroup var output: OutputOptions

    func run() throws {
        let text = ExperimentText(try Experiments.named(id))
        if output.json { Output.text(text.json.text) } else { text.print() }
    }
}
