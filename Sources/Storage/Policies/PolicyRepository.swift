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
        try Self.check(model, share)
        return try await database.write { connection in
            // The announcement comes first: its row is what two that add at once wait for each other at.
            try connection.announce(Self.channel)
            return try Self.insert(connection, content, model, state, share, note, time)
        }
    }

    /// Adds a version like ``add(_:model:state:share:note:time:)``, unless `model` has one of the same content, in use or
    /// not: of several processes that ask at once, one adds it.
    /// - Returns: the version; nil where there was one of that content.
    /// - Throws: ``StorageError/improper(what:reason:)`` for a share that is not from 0 to 1.
    public func addNew(
        _ content: String, model: String, state: PolicyRecord.State = .active, share: Double = 0, note: String = "",
        time: Double = WallClock.now()
    ) async throws -> Int? {
        try Self.check(model, share)
        return try await database.write { connection in
            try connection.announce(Self.channel)
            let known = try connection.first(
                "SELECT version FROM policies WHERE model = $1 AND content = $2", [.text(model), .text(content)]
            ) { try $0.int(0) }
            return known == nil ? try Self.insert(connection, content, model, state, share, note, time) : nil
        }
    }

    private static func insert(
        _ connection: any DatabaseConnection, _ content: String, _ model: String, _ state: PolicyRecord.State,
        _ share: Double, _ note: String, _ time: Double
    ) throws -> Int {
        let last = try connection.first(
            "SELECT COALESCE(MAX(version), 0) FROM policies WHERE model = $1", [.text(model)]
        ) { try $0.int(0) }
        let version = (last ?? 0) + 1
        let previous = state == .active ? try retireActive(connection, model) : nil
        try connection.execute(
            """
            INSERT INTO policies (model, version, content, state, share, created, note, previous)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
            """,
            [
                .text(model), .int(version), .text(content), .text(state.rawValue), .double(share), .double(time),
                .text(note), .optional(previous),
            ])
        return version
    }

    /// Makes version `version` of `model` do something else: promote it, roll back to it, make it a canary or a shadow.
    /// - Parameter note: what is said of it from now on; nil leaves what was said.
    /// - Throws: ``StorageError/notFound(kind:name:)``; ``StorageError/improper(what:reason:)`` for a bad share.
    public func set(
        _ state: PolicyRecord.State, share: Double = 0, model: String, version: Int, note: String? = nil
    ) async throws {
        try Self.check(model, share)
        try await database.write { connection in
            try connection.announce(Self.channel)
            if state == .active, let previous = try Self.retireActive(connection, model), previous != version {
                try connection.execute(
                    "UPDATE policies SET previous = $3 WHERE model = $1 AND version = $2",
                    [.text(model), .int(version), .int(previous)])
            }
            let count = try connection.execute(
                "UPDATE policies SET state = $3, share = $4, note = COALESCE($5, note) WHERE model = $1 AND version = $2",
                [.text(model), .int(version), .text(state.rawValue), .double(share), .text(note)])
            if count == 0 { throw StorageError.notFound(kind: "policy", name: "\(model) version \(version)") }
        }
    }

    /// Takes version `version` of `model` out of use: a canary or a shadow retires; the active one gives its place back to
    /// the version that had it before. Where several processes ask for it at once, it happens once.
    /// - Parameter note: why; said of the version from then on.
    /// - Returns: what the version was, and the one that is active in its place; nil where nothing was to be done, since it
    ///   is out of use or nothing stood in its place before.
    @discardableResult
    public func rollBack(model: String, version: Int, note: String) async throws -> RollBack? {
        try await database.write { connection in
            try connection.announce(Self.channel)
            let row = try connection.first(
                "SELECT state, previous FROM policies WHERE model = $1 AND version = $2", [.text(model), .int(version)]
            ) { row in
                (state: PolicyRecord.State(rawValue: try row.text(0)), previous: try row.optionalInt(1))
            }
            guard let row, let state = row.state, state != .retired else { return nil }
            if state == .active {
                guard let previous = row.previous else { return nil }
                try connection.execute(
                    "UPDATE policies SET state = 'active', share = 0 WHERE model = $1 AND version = $2",
                    [.text(model), .int(previous)])
            }
            try connection.execute(
                "UPDATE policies SET state = 'retired', share = 0, note = $3 WHERE model = $1 AND version = $2",
                [.text(model), .int(version), .text(note)])
            return RollBack(was: state, active: state == .active ? row.previous : nil)
        }
    }

    /// What a version was before it was taken out of use.
    public struct RollBack: Sendable, Hashable {
        /// What it did.
        public var was: PolicyRecord.State
        /// The version that is active in its place, where it was active.
        public var active: Int?
    }

    /// Versions of `model` (of all where it is nil), but for retired ones where `isInUse`; by model and version.
    public func all(of model: String? = nil, inUse isInUse: Bool = false) async throws -> [PolicyRecord] {
        var conditions: [String] = []
        if model != nil { conditions.append("model = $1") }
        if isInUse { conditions.append("state <> 'retired'") }
        let condition = conditions.isEmpty ? "" : "WHERE " + conditions.joined(separator: " AND ")
        return try await database.read { connection in
            try connection.rows(
                "SELECT model, version, content, state, share, created, note, previous FROM policies \(condition) ORDER BY model, version",
                model.map { [.text($0)] } ?? []
            ) { row in
                let state = try row.text(3)
                guard let known = PolicyRecord.State(rawValue: state) else {
                    throw StorageError.unexpectedValue(column: 3, expected: "a policy's state", found: state)
                }
                return PolicyRecord(
                    model: try row.text(0), version: try row.int(1), content: try row.text(2), state: known,
                    share: try row.double(4), created: try row.double(5), note: try row.text(6),
                    previous: try row.optionalInt(7))
            }
        }
    }

    /// Retires the active version, and says which it was.
    private static func retireActive(_ connection: any DatabaseConnection, _ model: String) throws -> Int? {
        let active = try connection.first(
            "SELECT version FROM policies WHERE model = $1 AND state = 'active'", [.text(model)]
        ) { try $0.int(0) }
        try connection.execute(
            "UPDATE policies SET state = 'retired', share = 0 WHERE model = $1 AND state = 'active'", [.text(model)])
        return active
    }

    private static func check(_ model: String, _ share: Double) throws(StorageError) {
        if model.isEmpty { throw .improper(what: "the model's name", reason: "it is empty") }
        guard share >= 0, share <= 1 else {
            throw .improper(what: "the share \(share)", reason: "it must be from 0 to 1")
        }
    }
}
