import Foundation

/// The policies that the store holds, by virtual model and version. Nothing is overwritten, so any version can come back.
public struct PolicyRepository: Sendable {
    /// The channel on which changes of policies are announced.
    public static let channel = "policies"

    let database: any Database

    /// Adds a version of the policy of `model`, and says which.
    ///
    /// An active one takes the place of the version that was active.
    /// - Throws: ``StorageError/improper(what:reason:)`` for a share that is not from 0 to 1.
    @discardableResult
    public func add(
        _ content: String, model: String, state: PolicyRecord.State = .active, share: Double = 0, note: String = "",
        time: Double = WallClock.now()
    ) async throws -> Int {
        if model.isEmpty { throw StorageError.improper(what: "the model's name", reason: "it is empty") }
        try Self.check(share)
        return try await database.write { connection in
            // The announcement comes first: its row is what two that add at once wait for each other at.
            try connection.announce(Self.channel)
            let last = try connection.first(
                "SELECT COALESCE(MAX(version), 0) FROM policies WHERE model = $1", [.text(model)]
            ) { try $0.int(0) }
            let version = (last ?? 0) + 1
            if state == .active { try Self.retireActive(connection, model) }
            try connection.execute(
                """
                INSERT INTO policies (model, version, content, state, share, created, note)
                VALUES ($1, $2, $3, $4, $5, $6, $7)
                """,
                [
                    .text(model), .int(version), .text(content), .text(state.rawValue), .double(share), .double(time),
                    .text(note),
                ])
            return version
        }
    }

    /// Makes version `version` of `model` do something else: promote it, roll back to it, make it a canary or a shadow.
    /// - Throws: ``StorageError/notFound(kind:name:)``; ``StorageError/improper(what:reason:)`` for a bad share.
    public func set(
        _ state: PolicyRecord.State, share: Double = 0, model: String, version: Int
    ) async throws {
        try Self.check(share)
        try await database.write { connection in
            try connection.announce(Self.channel)
            if state == .active { try Self.retireActive(connection, model) }
            let count = try connection.execute(
                "UPDATE policies SET state = $3, share = $4 WHERE model = $1 AND version = $2",
                [.text(model), .int(version), .text(state.rawValue), .double(share)])
            if count == 0 { throw StorageError.notFound(kind: "policy", name: "\(model) version \(version)") }
        }
    }

    /// Versions of `model` (of all where it is nil), but for retired ones where `isInUse`; by model and version.
    public func all(of model: String? = nil, inUse isInUse: Bool = false) async throws -> [PolicyRecord] {
        var conditions: [String] = []
        if model != nil { conditions.append("model = $1") }
        if isInUse { conditions.append("state <> 'retired'") }
        let condition = conditions.isEmpty ? "" : "WHERE " + conditions.joined(separator: " AND ")
        return try await database.read { connection in
            try connection.rows(
                "SELECT model, version, content, state, share, created, note FROM policies \(condition) ORDER BY model, version",
                model.map { [.text($0)] } ?? []
            ) { row in
                let state = try row.text(3)
                guard let known = PolicyRecord.State(rawValue: state) else {
                    throw StorageError.unexpectedValue(column: 3, expected: "a policy's state", found: state)
                }
                return PolicyRecord(
                    model: try row.text(0), version: try row.int(1), content: try row.text(2), state: known,
                    share: try row.double(4), created: try row.double(5), note: try row.text(6))
            }
        }
    }

    private static func retireActive(_ connection: any DatabaseConnection, _ model: String) throws {
        try connection.execute(
            "UPDATE policies SET state = 'retired', share = 0 WHERE model = $1 AND state = 'active'", [.text(model)])
    }

    private static func check(_ share: Double) throws(StorageError) {
        guard share >= 0, share <= 1 else {
            throw .improper(what: "the share \(share)", reason: "it must be from 0 to 1")
        }
    }
}
