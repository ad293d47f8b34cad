import ArgumentParser
import Reports
import Storage

/// `cascade keys list`: all keys and what they have spent.
struct KeysListCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "Show all keys, their limits, and what was spent of these in the window of now.",
        discussion: """
            Examples:
              cascade keys list --store gateway.sqlite
              cascade keys list --store gateway.sqlite --json
            """)

    @OptionGroup var store: StoreOption
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let now = WallClock.now()
        let keys = try await store.with { store in
            var keys: [(key: KeyRecord, spent: [Int64])] = []
            for key in try await store.keys.all() {
                var spent: [Int64] = []
                for limit in key.limits {
                    spent.append(try await store.ledger.spent(key.id, limit, at: now).settled)
                }
                keys.append((key, spent))
            }
            return keys
        }
        if output.json {
            let list = keys.map { key, spent in
                var members = KeyText.members(key)
                members.append(
                    (
                        "spent",
                        .object(
                            zip(key.limits, spent).map { ($0.account, .number(KeyText.amount($1, $0))) })
                    ))
                return JSONValue.object(members)
            }
            Output.text(JSONValue.object([("keys", .array(list))]).text)
            return
        }
        if keys.isEmpty {
            Output.line("There are no keys. Make one: cascade keys create --store \(store.store) --name NAME")
            return
        }
        var table = TextTable(columns: ["key", "name", "may", "models", "limits", "spent", "made", "revoked"])
        for (key, spent) in keys {
            table.add(
                [
                    .text("\(key.prefix)… (\(key.id))"), .text(key.name),
                    .text(KeyText.roles(key).joined(separator: ", ")),
                    .text(key.models.isEmpty ? "all" : key.models.joined(separator: ", ")),
                    .text(key.limits.isEmpty ? "none" : key.limits.map(\.description).joined(separator: ", ")),
                    .text(
                        zip(key.limits, spent).map { "\(JSONText.number(KeyText.amount($1, $0))) of \($0.account)" }
                            .joined(separator: ", ")), .text(KeyText.time(key.created)),
                    .text(key.revoked.map(KeyText.time) ?? ""),
                ], style: key.isValid ? .plain : .faint)
        }
        Output.table(table)
    }
}
