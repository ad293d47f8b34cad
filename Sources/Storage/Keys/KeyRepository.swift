import Foundation

/// The keys that the store holds.
public struct KeyRepository: Sendable {
    /// The channel on which changes of keys are announced.
    public static let channel = "keys"

    let database: any Database

    /// A key that was just made: the only time that its secret is there.
    public struct Created: Sendable {
        /// What the client sends.
        public var key: APIKey
        /// What the store knows.
        public var record: KeyRecord
    }

    /// Makes a key.
    /// - Throws: ``StorageError/improper(what:reason:)`` for an empty name or two limits of one name.
    public func create(
        name: String, roles: Set<KeyRecord.Role> = [.use], models: [String] = [], limits: [Limit] = [],
        time: Double = WallClock.now()
    ) async throws -> Created {
        if name.isEmpty { throw StorageError.improper(what: "the key's name", reason: "it is empty") }
        if roles.isEmpty { throw StorageError.improper(what: "the key '\(name)'", reason: "it has no role") }
        try Self.check(limits, of: name)
        for model in models where model.isEmpty || model.contains("\n") {
            throw StorageError.improper(what: "the model '\(model)'", reason: "a name is one line")
        }
        let key = APIKey()
        let record = KeyRecord(
            id: "key-" + UUID().uuidString.lowercased().prefix(13), prefix: key.prefix, name: name, roles: roles,
            models: models, limits: limits, created: time)
        try await database.write { connection in
            try connection.execute(
                """
                INSERT INTO keys (id, hash, prefix, name, roles, models, limits, created, revoked)
                VALUES ($1, $2, $3, $4, $5, $6, $7, $8, NULL)
                """,
                [
                    .text(record.id), .text(key.hash), .text(record.prefix), .text(name),
                    .text(roles.map(\.rawValue).sorted().joined(separator: " ")),
                    .text(models.joined(separator: "\n")), .text(Self.text(limits)), .double(time),
                ])
            try connection.announce(Self.channel)
        }
        return Created(key: key, record: record)
    }

    /// What the store knows of `key`, or nil where it does not know it. It may be revoked.
    public func find(_ key: APIKey) async throws -> KeyRecord? {
        let hash = key.hash
        return try await database.read { connection in
            try connection.first("SELECT \(Self.columns) FROM keys WHERE hash = $1", [.text(hash)], Self.record)
        }
    }

    /// All keys by their hashes: for gateways, which hold them in memory.
    public func allByHash() async throws -> [String: KeyRecord] {
        try await database.read { connection in
            let keys = try connection.rows("SELECT \(Self.columns), hash FROM keys") {
                (try $0.text(8), try Self.record($0))
            }
            return Dictionary(keys) { $1 }
        }
    }

    /// All keys, the oldest first.
    public func all() async throws -> [KeyRecord] {
        try await database.read { connection in
            try connection.rows("SELECT \(Self.columns) FROM keys ORDER BY created, id", [], Self.record)
        }
    }

    /// The keys that `text` names: by id, by prefix, or by name.
    public func named(_ text: String) async throws -> [KeyRecord] {
        try await database.read { connection in
            try connection.rows(
                "SELECT \(Self.columns) FROM keys WHERE id = $1 OR prefix = $1 OR name = $1 ORDER BY created, id",
                [.text(text)], Self.record)
        }
    }

    /// Revokes the key called `id`. Gateways hear of it; requests under way are not ended.
    /// - Throws: ``StorageError/notFound(kind:name:)``.
    public func revoke(_ id: String, time: Double = WallClock.now()) async throws {
        try await change(id, "revoked = COALESCE(revoked, $2)", .double(time))
    }

    /// Gives the key called `id` other limits.
    /// - Throws: ``StorageError/notFound(kind:name:)``.
    public func setLimits(_ limits: [Limit], of id: String) async throws {
        try Self.check(limits, of: id)
        try await change(id, "limits = $2", .text(Self.text(limits)))
    }

    private func change(_ id: String, _ assignment: String, _ value: SQLValue) async throws {
        try await database.write { connection in
            let count = try connection.execute("UPDATE keys SET \(assignment) WHERE id = $1", [.text(id), value])
            if count == 0 { throw StorageError.notFound(kind: "key", name: id) }
            try connection.announce(Self.channel)
        }
    }

    private static func check(_ limits: [Limit], of name: String) throws(StorageError) {
        var seen: Set<String> = []
        for limit in limits where !seen.insert(limit.account).inserted {
            throw .improper(what: "the limits of '\(name)'", reason: "there are two of \(limit.account)")
        }
    }

    private static let columns = "id, prefix, name, roles, models, limits, created, revoked"

    private static func text(_ limits: [Limit]) -> String { limits.map(\.description).joined(separator: " ") }

    @Sendable private static func record(_ row: SQLRow) throws -> KeyRecord {
        let models = try row.text(4)
        return KeyRecord(
            id: try row.text(0), prefix: try row.text(1), name: try row.text(2),
            roles: Set(try row.text(3).split(separator: " ").compactMap { KeyRecord.Role(rawValue: String($0)) }),
            models: models.isEmpty ? [] : models.split(separator: "\n").map(String.init),
            limits: try row.text(5).split(separator: " ").map { try Limit(String($0)) },
            created: try row.double(6), revoked: try row.optionalDouble(7))
    }
}
