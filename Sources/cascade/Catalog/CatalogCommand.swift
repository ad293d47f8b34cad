import ArgumentParser

/// `cascade catalog`: published systems, run on data, with their claims checked.
struct CatalogCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "catalog", abstract: "Run published systems of the field on data and check their claims.",
        discussion: """
            Each experiment names its paper and its claims, each a sentence that a number decides. A run ends every claim \
            as held, failed or not decided.

            Examples:
              cascade catalog list
              cascade catalog show cascade-routing
              cascade catalog run cascade-routing --full -o findings.html
              cascade catalog verify --quick
            """,
        subcommands: [
            CatalogListCommand.self, CatalogShowCommand.self, CatalogRunCommand.self, CatalogVerifyCommand.self,
        ])
}
