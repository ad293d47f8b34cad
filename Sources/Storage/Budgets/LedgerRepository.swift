/// The ledger in the store's tables.
///
/// Whoever changes an account first writes its row in `ledger`, which both databases make the others wait for; so the
/// sums that a grant is decided by can't change before it is written.
public struct LedgerRepository: Ledger {
    let database: any Database

    public func register(_ holder: String) async throws {
        try await database.write { connection in
            _ = try connection.execute(
                "INSERT INTO gateways (id, beats) VALUES ($1, 1) ON CONFLICT (id) DO NOTHING", [.text(holder)])
        }
    }

    public func beat(_ holder: String) async throws -> [String: Int] {
        try await database.write { connection in
            try Self.touch(connection, holder)
            let beats = try connection.rows("SELECT id, beats FROM gateways") { (try $0.text(0), try $0.int(1)) }
            return Dictionary(beats) { $1 }
        }
    }

    public func lease(_ request: LeaseRequest, for holder: String) async throws -> LeaseAnswer {
        try await database.write { connection in
            try Self.touch(connection, holder)
            let account: [SQLValue] = [.text(request.key), .text(request.limit.account), .integer(request.window)]
            let settled = try connection.first(
                """
                INSERT INTO ledger (key_id, account, window_start, settled) VALUES ($1, $2, $3, 0)
                ON CONFLICT (key_id, account, window_start) DO UPDATE SET settled = ledger.settled RETURNING settled
                """, account
            ) { try $0.int(0) }
            let outstanding = try connection.first(
                """
                SELECT CAST(COALESCE(SUM(outstanding), 0) AS BIGINT) FROM leases
                WHERE key_id = $1 AND account = $2 AND window_start = $3
                """, account
            ) { try $0.int(0) }
            let gateways = try connection.first("SELECT COUNT(*) FROM gateways") { try $0.int(0) }
            let answer = LeaseAnswer.decide(
                need: request.need, limit: request.limit.amount, settled: Int64(settled ?? 0),
                outstanding: Int64(outstanding ?? 0), gateways: gateways ?? 1)
            if answer.granted > 0 {
                try connection.execute(
                    """
                    INSERT INTO leases (gateway, key_id, account, window_start, outstanding) VALUES ($4, $1, $2, $3, $5)
                    ON CONFLICT (gateway, key_id, account, window_start)
                    DO UPDATE SET outstanding = leases.outstanding + $5
                    """, account + [.text(holder), .integer(answer.granted)])
            }
            return answer
        }
    }

    public func giveBack(_ amounts: [LeaseAmount], from holder: String) async throws {
        if amounts.isEmpty { return }
        let rows: [[SQLValue]] = amounts.map {
            [.text($0.key), .text($0.account), .integer($0.window), .text(holder), .integer($0.amount)]
        }
        try await database.write { connection in
            try connection.execute(
                """
                UPDATE leases SET outstanding = outstanding - $5
                WHERE key_id = $1 AND account = $2 AND window_start = $3 AND gateway = $4
                """, rows: rows)
            try connection.execute(
                "DELETE FROM leases WHERE gateway = $1 AND outstanding <= 0", [.text(holder)])
        }
    }

    public func bury(_ holder: String, beats: Int) async throws -> Bool {
        try await database.write { connection in
            let isDead = try connection.execute(
                "DELETE FROM gateways WHERE id = $1 AND beats = $2", [.text(holder), .int(beats)])
            if isDead == 0 { return false }
            try connection.execute("DELETE FROM leases WHERE gateway = $1", [.text(holder)])
            return true
        }
    }

    public func retire(_ holder: String) async throws {
        try await database.write { connection in
            try connection.execute("DELETE FROM gateways WHERE id = $1", [.text(holder)])
            try connection.execute("DELETE FROM leases WHERE gateway = $1", [.text(holder)])
        }
    }

    public func trim(at time: Double) async throws {
        let day: Int64 = 86_400
        let now = Window.minute.start(at: time)
        try await database.write { connection in
            for (window, age) in [(Window.minute, day), (.hour, 7 * day)] {
                for table in ["ledger", "leases"] {
                    try connection.execute(
                        "DELETE FROM \(table) WHERE account LIKE $1 AND window_start < $2",
                        [.text("%/\(window.rawValue)"), .integer(now - age)])
                }
            }
        }
    }

    /// What was spent of `limit` by `key` in the window that holds `time`, and what gateways hold of the rest.
    public func spent(_ key: String, _ limit: Limit, at time: Double) async throws -> LeaseAnswer {
        let account: [SQLValue] = [.text(key), .text(limit.account), .integer(limit.window.start(at: time))]
        return try await database.read { connection in
            let settled = try connection.first(
                "SELECT settled FROM ledger WHERE key_id = $1 AND account = $2 AND window_start = $3", account
            ) { try $0.int(0) }
            let outstanding = try connection.first(
                """
                SELECT CAST(COALESCE(SUM(outstanding), 0) AS BIGINT) FROM leases
                WHERE key_id = $1 AND account = $2 AND window_start = $3
                """, account
            ) { try $0.int(0) }
            return LeaseAnswer(granted: 0, settled: Int64(settled ?? 0), outstanding: Int64(outstanding ?? 0))
        }
    }

    /// A limit of a key in one window.
    public struct Account: Sendable, Hashable {
        /// The key.
        public var key: String
        /// The limit's name (``Limit/account``).
        public var account: String
        /// When the window began, in seconds since 1970.
        public var window: Int64

        /// The account of `key` called `account` in the window that began at `window`.
        public init(key: String, account: String, window: Int64) {
            self.key = key
            self.account = account
            self.window = window
        }
    }

    /// What was spent in the windows that hold `time`, and what gateways hold of the rest, of all keys at once.
    public func spending(at time: Double) async throws -> [Account: LeaseAnswer] {
        let starts = Window.allCases.map { SQLValue.integer($0.start(at: time)) }
        let windows = starts.indices.map { "$\($0 + 1)" }.joined(separator: ", ")
        return try await database.read { connection in
            var result: [Account: LeaseAnswer] = [:]
            func account(_ row: SQLRow) throws -> Account {
                Account(key: try row.text(0), account: try row.text(1), window: Int64(try row.int(2)))
            }
            try connection.query(
                "SELECT key_id, account, window_start, settled FROM ledger WHERE window_start IN (\(windows))", starts
            ) { row in
                result[try account(row)] = LeaseAnswer(granted: 0, settled: Int64(try row.int(3)), outstanding: 0)
            }
            try connection.query(
                """
                SELECT key_id, account, window_start, CAST(SUM(outstanding) AS BIGINT) FROM leases
                WHERE window_start IN (\(windows)) GROUP BY key_id, account, window_start
                """, starts
            ) { row in
                result[try account(row), default: LeaseAnswer(granted: 0, settled: 0, outstanding: 0)].outstanding =
                    Int64(try row.int(3))
            }
            return result
        }
    }

    /// Moves spending from the leases to what is settled; part of the transaction that writes its records.
    static func settle(_ connection: any DatabaseConnection, _ settlements: [Settlement]) throws {
        if settlements.isEmpty { return }
        func account(_ settlement: Settlement) -> [SQLValue] {
            [.text(settlement.place.key), .text(settlement.place.account), .integer(settlement.place.window)]
        }
        try connection.execute(
            """
            INSERT INTO ledger (key_id, account, window_start, settled) VALUES ($1, $2, $3, $4)
            ON CONFLICT (key_id, account, window_start) DO UPDATE SET settled = ledger.settled + $4
            """, rows: settlements.map { account($0) + [.integer($0.spent)] })
        try connection.execute(
            """
            UPDATE leases SET outstanding = outstanding - $5
            WHERE key_id = $1 AND account = $2 AND window_start = $3 AND gateway = $4
            """,
            rows: settlements.filter { $0.leased > 0 }.map {
                account($0) + [.text($0.place.holder), .integer($0.leased)]
            })
    }

    private static func touch(_ connection: any DatabaseConnection, _ holder: String) throws {
        let count = try connection.execute("UPDATE gateways SET beats = beats + 1 WHERE id = $1", [.text(holder)])
        if count == 0 { throw LedgerError.buried(holder) }
    }
}
