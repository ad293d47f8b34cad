import Synchronization

/// A database of a PostgreSQL server, shared by several gateways.
///
/// Connections are opened as they are needed, up to ``Options/connections``, and again where they broke. A transaction
/// that lost a race with another is run again. What returned is as safe as the server's `synchronous_commit` says.
public final class PostgresDatabase: Database {
    /// How a server is used.
    public struct Options: Sendable {
        /// How many connections there are at most, besides the one that listens.
        public var connections = 8
        /// How often a transaction that lost a race is tried.
        public var attempts = 10

        /// The defaults.
        public init() {}
    }

    public let place: String
    private let options: Options
    private let pool: PostgresPool
    private let listener: PostgresListener

    /// The database of `address`, a connection string such as `postgresql://user@host/database`. Nothing is opened yet.
    public init(_ address: String, options: Options = Options()) {
        place = StoreAddress.withoutPassword(address)
        self.options = options
        pool = PostgresPool(address, place: place, limit: max(1, options.connections))
        listener = PostgresListener(address, place: place)
    }

    deinit { listener.stop() }

    public var dialect: SQLDialect { .postgres }

    public func read<Result: Sendable>(
        _ body: @escaping @Sendable (any DatabaseConnection) throws -> Result
    ) async throws -> Result {
        try await transaction("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", body)
    }

    public func write<Result: Sendable>(
        _ body: @escaping @Sendable (any DatabaseConnection) throws -> Result
    ) async throws -> Result {
        try await transaction("BEGIN ISOLATION LEVEL READ COMMITTED", body)
    }

    public func changes(on channel: String) -> AsyncStream<Void> { listener.changes(on: channel) }

    public func close() async {
        pool.close()
        await listener.close()
    }

    private func transaction<Result: Sendable>(
        _ begin: String, _ body: @escaping @Sendable (any DatabaseConnection) throws -> Result
    ) async throws -> Result {
        let place = place
        var attempt = 1
        while true {
            do {
                return try await pool.with { connection in
                    do { try connection.command(begin) } catch {
                        // An idle connection that the server had closed: nothing was done yet.
                        throw connection.isAlive || connection.isNew ? error : PostgresPool.Stale()
                    }
                    connection.isNew = false
                    let result: Result
                    do { result = try body(connection) } catch {
                        if connection.isAlive { _ = try? connection.command("ROLLBACK") }
                        throw error
                    }
                    do {
                        let done = try connection.command("COMMIT")
                        guard done == "COMMIT" else {
                            throw StorageError.refused(
                                place: place, statement: "COMMIT", reason: "the server said \(done)")
                        }
                    } catch StorageError.unreachable(_, let reason) {
                        throw StorageError.uncertain(place: place, reason: reason)
                    }
                    return result
                }
            } catch StorageError.locked where attempt < options.attempts {
                // Those that lost against each other must not meet again at once.
                try await Task.sleep(for: .milliseconds(Int.random(in: 1...20 * attempt)))
                attempt += 1
            }
        }
    }
}
