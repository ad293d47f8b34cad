/// A step from one version of the tables to the next.
struct Migration: Sendable {
    /// The version that the store has after this step: 1, 2, …
    let version: Int
    /// The statements. `{bytes}` stands for the type of bytes.
    let statements: [String]

    /// Brings the tables of `database` to the last of `migrations`, once, however many processes try.
    ///
    /// Each process asks under a lock which version there is; who comes first does the work in one transaction.
    /// - Throws: ``StorageError/newerVersion(place:found:known:)`` where the store was made by a later program.
    static func run(_ migrations: [Migration], on database: any Database) async throws {
        let place = database.place
        try await database.write { connection in
            // SQLite's write transactions exclude each other; PostgreSQL's need a lock of their own. The number is any.
            if connection.dialect == .postgres {
                _ = try connection.first("SELECT CAST(pg_advisory_xact_lock(720151) AS TEXT)") { _ in true }
            }
            try connection.execute("CREATE TABLE IF NOT EXISTS store_versions (version BIGINT PRIMARY KEY)")
            let found = try connection.first("SELECT COALESCE(MAX(version), 0) FROM store_versions") { try $0.int(0) }
            let known = migrations.last?.version ?? 0
            guard let found, found <= known else {
                throw StorageError.newerVersion(place: place, found: found ?? 0, known: known)
            }
            for migration in migrations where migration.version > found {
                for statement in migration.statements {
                    try connection.execute(statement.replacing("{bytes}", with: connection.dialect.bytes))
                }
                try connection.execute(
                    "INSERT INTO store_versions (version) VALUES ($1)", [.int(migration.version)])
            }
        }
    }
}
