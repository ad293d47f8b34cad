import Cascades

/// The requests that the store holds.
public struct RequestRepository: Sendable {
    let database: any Database

    /// Which requests are meant; what is left out says nothing.
    public struct Filter: Sendable, Hashable {
        /// Of this virtual model.
        public var model: String?
        /// Of this key.
        public var key: String?
        /// Of this version of the policy.
        public var policyVersion: Int?
        /// At this time or later, in seconds since 1970.
        public var from: Double?
        /// Before this time.
        public var until: Double?

        /// All requests, but for what is given.
        public init(
            model: String? = nil, key: String? = nil, policyVersion: Int? = nil, from: Double? = nil,
            until: Double? = nil
        ) {
            self.model = model
            self.key = key
            self.policyVersion = policyVersion
            self.from = from
            self.until = until
        }

        /// Only requests whose answers somebody judged.
        var isJudged = false

        /// The condition on `r` and its arguments.
        var condition: (sql: String, arguments: [SQLValue]) {
            var parts: [String] = []
            var arguments: [SQLValue] = []
            func add(_ test: String, _ value: SQLValue?) {
                guard let value else { return }
                arguments.append(value)
                parts.append("\(test) $\(arguments.count)")
            }
            add("r.model =", model.map { .text($0) })
            add("r.key_id =", key.map { .text($0) })
            add("r.policy_version =", policyVersion.map { .int($0) })
            add("r.time >=", from.map { .double($0) })
            add("r.time <", until.map { .double($0) })
            if isJudged { parts.append("EXISTS (SELECT 1 FROM feedback f WHERE f.request_id = r.id)") }
            return (parts.isEmpty ? "" : "WHERE " + parts.joined(separator: " AND "), arguments)
        }
    }

    /// How many requests there are.
    public func count(_ filter: Filter = Filter()) async throws -> Int {
        let (condition, arguments) = filter.condition
        return try await database.read { connection in
            try connection.first("SELECT COUNT(*) FROM requests r \(condition)", arguments) { try $0.int(0) } ?? 0
        }
    }

    /// The request called `id`, or nil.
    public func request(_ id: String) async throws -> RequestRecord? {
        try await database.read { connection in
            try Self.records(connection, "WHERE r.id = $1", [.text(id)], order: "").first
        }
    }

    /// Which requests come first.
    public enum Order: String, Sendable, Hashable, CaseIterable {
        /// Those that came last.
        case newest
        /// Those that took longest.
        case slowest
        /// Those that cost most.
        case dearest

        fileprivate var sql: String {
            switch self {
            case .newest: "r.time DESC"
            case .slowest: "COALESCE(r.elapsed, -1) DESC, r.time DESC"
            case .dearest: "COALESCE(r.money, -1) DESC, r.time DESC"
            }
        }
    }

    /// The first `limit` requests in `order`.
    public func latest(
        _ limit: Int, _ filter: Filter = Filter(), by order: Order = .newest
    ) async throws -> [RequestRecord] {
        let (condition, arguments) = filter.condition
        return try await database.read { connection in
            try Self.records(
                connection,
                """
                WHERE r.id IN (SELECT r.id FROM requests r \(condition) ORDER BY \(order.sql), r.id DESC
                    LIMIT \(max(0, limit)))
                """, arguments, order: "\(order.sql), r.id DESC,")
        }
    }

    /// When the newest request came, in seconds since 1970; nil where there is none.
    public func newest() async throws -> Double? {
        try await database.read { connection in
            try connection.first("SELECT time FROM requests ORDER BY time DESC LIMIT 1") { try $0.double(0) }
        }
    }

    /// Takes away the requests that came before `time` with all that was said of them; says how many there were.
    @discardableResult
    public func remove(before time: Double) async throws -> Int {
        try await database.write { connection in
            for table in ["choices", "feedback", "verdicts"] {
                try connection.execute(
                    "DELETE FROM \(table) WHERE request_id IN (SELECT id FROM requests WHERE time < $1)",
                    [.double(time)])
            }
            return try connection.execute("DELETE FROM requests WHERE time < $1", [.double(time)])
        }
    }

    /// Hands over the requests of `filter` with their choices, oldest first, in one snapshot.
    static func each(
        _ connection: any DatabaseConnection, _ filter: Filter, _ body: (RequestRecord) throws -> Void
    ) throws {
        let (condition, arguments) = filter.condition
        try each(connection, condition, arguments, order: "r.time, r.id,", body)
    }

    /// The requests of `condition`, in the order of `order`.
    static func records(
        _ connection: any DatabaseConnection, _ condition: String, _ arguments: [SQLValue], order: String
    ) throws -> [RequestRecord] {
        var records: [RequestRecord] = []
        try each(connection, condition, arguments, order: order) { records.append($0) }
        return records
    }

    private static func each(
        _ connection: any DatabaseConnection, _ condition: String, _ arguments: [SQLValue], order: String,
        _ body: (RequestRecord) throws -> Void
    ) throws {
        let schemas = try StoredSchema.all(connection)
        var current: RequestRecord?
        try connection.query(
            """
            SELECT \(RequestRows.columns), \(RequestRows.choiceColumns)
            FROM requests r LEFT JOIN choices c ON c.request_id = r.id \(condition) ORDER BY \(order) c.position
            """, arguments
        ) { row in
            // The rows of one request stand together.
            if current?.id != (try row.text(0)) {
                if let current { try body(current) }
                current = try RequestRows.record(row, schemas)
            }
            if var record = current {
                current = nil
                try RequestRows.addChoice(row, from: RequestRows.columnCount, to: &record)
                current = record
            }
        }
        if let current { try body(current) }
    }
}
