/// A place that holds tables: SQLite in this process, or a PostgreSQL server.
///
/// The same SQL runs on both: parameters are `$1`, `$2`, …; types are `BIGINT`, `DOUBLE PRECISION`, `TEXT` and the bytes of
/// the dialect; `ON CONFLICT` and `RETURNING` are there. A body runs on a thread of the database, never on that of the
/// caller, and inside one transaction: all of it happens, or nothing.
public protocol Database: Sendable {
    /// What differs in its SQL.
    var dialect: SQLDialect { get }

    /// Where it is, for messages: a path, or an address without its password.
    var place: String { get }

    /// Runs `body` on a snapshot that nothing changes meanwhile; it can't write.
    /// - Throws: ``StorageError``, or what `body` throws.
    func read<Result: Sendable>(
        _ body: @escaping @Sendable (any DatabaseConnection) throws -> Result
    ) async throws -> Result

    /// Runs `body` in a transaction that is committed when it returns and undone when it throws.
    ///
    /// A conflict with another writer may run `body` again from its start, so it must not do anything outside the database.
    /// - Throws: ``StorageError``, or what `body` throws.
    func write<Result: Sendable>(
        _ body: @escaping @Sendable (any DatabaseConnection) throws -> Result
    ) async throws -> Result

    /// An element at once, and one soon after any process has committed an announcement on `channel`
    /// (``DatabaseConnection/announce(_:)``), or may have while the connection was away. Several may come as one.
    ///
    ///     for await _ in database.changes(on: "policies") { policies = try await store.policies.all() }
    func changes(on channel: String) -> AsyncStream<Void>

    /// Ends all streams and closes what is open.
    func close() async
}

/// One open transaction. It belongs to the body it was given to.
public protocol DatabaseConnection {
    /// What differs in its SQL.
    var dialect: SQLDialect { get }

    /// Runs one statement and says how many rows it changed.
    @discardableResult
    func execute(_ sql: String, _ arguments: [SQLValue]) throws -> Int

    /// Runs one statement for each row of arguments: in one round trip where there is a network.
    func execute(_ sql: String, rows: [[SQLValue]]) throws

    /// Runs one query and hands over its rows one by one.
    func query(_ sql: String, _ arguments: [SQLValue], _ body: (SQLRow) throws -> Void) throws

    /// Tells every process that listens on `channel`, once this transaction is committed.
    func announce(_ channel: String) throws
}

extension DatabaseConnection {
    /// Runs one statement without arguments.
    @discardableResult
    public func execute(_ sql: String) throws -> Int { try execute(sql, []) }

    /// What `value` makes of each row.
    public func rows<Value>(
        _ sql: String, _ arguments: [SQLValue] = [], _ value: (SQLRow) throws -> Value
    ) throws -> [Value] {
        var result: [Value] = []
        try query(sql, arguments) { result.append(try value($0)) }
        return result
    }

    /// What `value` makes of the first row, or nil where there is none.
    public func first<Value>(
        _ sql: String, _ arguments: [SQLValue] = [], _ value: (SQLRow) throws -> Value
    ) throws -> Value? {
        var result: Value?
        try query(sql, arguments) { row in if result == nil { result = try value(row) } }
        return result
    }

    /// Counts up what ``Database/changes(on:)`` looks at.
    func countChange(_ channel: String) throws {
        try execute(
            "INSERT INTO changes (channel, number) VALUES ($1, 1) ON CONFLICT (channel) DO UPDATE SET number = changes.number + 1",
            [.text(channel)])
    }
}

/// What differs between the databases' SQL.
public enum SQLDialect: Sendable {
    /// SQLite 3.35 or later.
    case sqlite
    /// PostgreSQL 12 or later.
    case postgres

    /// The type of a column of bytes.
    public var bytes: String { self == .sqlite ? "BLOB" : "BYTEA" }
}
