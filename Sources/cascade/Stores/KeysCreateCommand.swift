import ArgumentParser
import Storage

/// `cascade keys create`: a new key.
struct KeysCreateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "create", abstract: "Make a key and show it, this once.",
        discussion: """
            The secret is printed alone on standard output; the store keeps its hash. A store that is not there is made.

            A limit is a measure, an amount and a window: money (US dollars), tokens or requests; per minute, hour, day or \
            month (by the calendar, UTC), or total. A key may have one of each measure and window.

            Examples:
              cascade keys create --store gateway.sqlite --name team-a --limit money=50/month
              cascade keys create --store gateway.sqlite --name job --limit tokens=1000000/day --limit requests=60/minute
              cascade keys create --store gateway.sqlite --name me --role use --role administer
            """)

    @OptionGroup var store: StoreOption
    @Option(name: .long, help: "Whose key it is.")
    var name: String
    @Option(
        name: .long,
        help: ArgumentHelp(
            "At most so much in each window, like money=50/month or requests=60/minute; may be given again.",
            valueName: "measure=amount/window"),
        transform: { try Limit($0) })
    var limit: [Limit] = []
    @Option(name: .long, help: "A virtual model that the key may ask; all if none is given. May be given again.")
    var model: [String] = []
    @Option(
        name: .long, help: "What the key may do: use, view (the dashboard), administer. May be given again.",
        transform: { text in
            guard let role = KeyRecord.Role(rawValue: text) else {
                throw ValidationError("expected use, view or administer")
            }
            return role
        })
    var role: [KeyRecord.Role] = []
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let created = try await store.with(creates: true) { store in
            try await store.keys.create(
                name: name, roles: role.isEmpty ? [.use] : Set(role), models: model, limits: limit)
        }
        if output.json {
            var members = KeyText.members(created.record)
            members.append(("key", .string(created.key.secret)))
            Output.text(JSONValue.object(members).text)
        } else {
            Output.line(created.key.secret)
            Output.message(
                "made \(created.record.id) for '\(name)'. This is the only time that the key is shown; keep it safe.")
        }
    }
}
