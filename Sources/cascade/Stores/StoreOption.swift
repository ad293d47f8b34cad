import ArgumentParser
import Storage

/// The store that a command works on.
struct StoreOption: ParsableArguments {
    @Option(
        name: .long,
        help: ArgumentHelp(
            "The store: the path of a SQLite file, or postgresql://user@host/database.", valueName: "path-or-url"),
        completion: .file())
    var store: String

    /// Runs `body` with the store open. One that is not there is made only where `creates`.
    func with<Result>(creates: Bool = false, _ body: (Store) async throws -> Result) async throws -> Result {
        let store = try await Store.open(store, creates: creates)
        do {
            let result = try await body(store)
            await store.close()
            return result
        } catch {
            await store.close()
            throw error
        }
    }
}
