import ArgumentParser

/// `cascade keys`: who may ask a gateway.
struct KeysCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "keys", abstract: "Make, list and revoke the API keys of a gateway.",
        discussion: """
            Keys are kept in the gateway's store, hashed. A gateway that runs on the store hears of changes within a second.

            Examples:
              cascade keys create --store gateway.sqlite --name team-a --limit money=50/month --limit requests=60/minute
              cascade keys list --store gateway.sqlite
              cascade keys revoke team-a --store gateway.sqlite
            """,
        subcommands: [KeysCreateCommand.self, KeysListCommand.self, KeysRevokeCommand.self])
}
