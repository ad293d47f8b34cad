import ArgumentParser
import Storage

/// `cascade keys revoke`: a key lets nobody in any more.
struct KeysRevokeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "revoke", abstract: "Revoke a key; gateways refuse it within a second.",
        discussion: """
            Examples:
              cascade keys revoke team-a --store gateway.sqlite
              cascade keys revoke key-3f2a7c19-aaaa --store gateway.sqlite
            """)

    @Argument(help: "The key: its id, its prefix or its name.")
    var key: String
    @OptionGroup var store: StoreOption
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let revoked = try await store.with { store in
            let found = try await store.keys.named(key)
            let valid = found.filter(\.isValid)
            if valid.count > 1 {
                throw Failure(
                    .usage,
                    "\(valid.count) keys are called '\(key)': \(valid.map(\.id).joined(separator: ", ")). Name one by its id."
                )
            }
            guard let record = valid.first else {
                if let record = found.first, let time = record.revoked {
                    throw Failure(.data, "'\(key)' (\(record.id)) was revoked at \(KeyText.time(time)) already.")
                }
                throw StorageError.notFound(kind: "key", name: key)
            }
            try await store.keys.revoke(record.id)
            return record
        }
        if output.json {
            Output.text(JSONValue.object(KeyText.members(revoked)).text)
        } else {
            Output.line("Revoked \(revoked.id) ('\(revoked.name)').")
        }
    }
}
