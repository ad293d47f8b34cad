import CPostgres
import Foundation

/// One connection to a PostgreSQL server, for one thread at a time.
///
/// Statements are prepared once a connection. Parameters go as text, so that the server gives them the types of its
/// columns; bytes go as they are; answers come in binary.
final class PostgresConnection: DatabaseConnection {
    private let connection: OpaquePointer
    private let place: String
    private var prepared: [String: String] = [:]
    /// Whether no transaction was run on it yet.
    var isNew = true

    /// Connects.
    /// - Throws: ``StorageError/unreachable(place:reason:)``.
    init(_ address: String, place: String) throws(StorageError) {
        self.place = place
        // What the address says itself comes last and counts. A connection that died without a word is found out in ten
        // seconds.
        let parameters = [
            ("connect_timeout", "5"), ("tcp_user_timeout", "10000"), ("application_name", "cascade"),
            ("client_encoding", "UTF8"), ("dbname", address),
        ]
        var keywords: [UnsafePointer<CChar>?] = parameters.map { UnsafePointer(strdup($0.0)) } + [nil]
        var values: [UnsafePointer<CChar>?] = parameters.map { UnsafePointer(strdup($0.1)) } + [nil]
        defer { for text in keywords + values { free(UnsafeMutableRawPointer(mutating: text)) } }
        guard let connection = PQconnectdbParams(&keywords, &values, 1) else {
            throw .unreachable(place: place, reason: "there is no memory for a connection")
        }
        guard PQstatus(connection) == CONNECTION_OK else {
            let reason = Self.reason(connection)
            PQfinish(connection)
            throw .unreachable(place: place, reason: reason)
        }
        // The server's remarks are for its own log.
        _ = PQsetNoticeProcessor(connection, { _, _ in }, nil)
        self.connection = connection
        do {
            try command("SET statement_timeout = '30s'; SET idle_in_transaction_session_timeout = '60s'")
        } catch {
            throw error as? StorageError ?? .unreachable(place: place, reason: "\(error)")
        }
    }

    deinit { PQfinish(connection) }

    var dialect: SQLDialect { .postgres }

    /// Whether it can still be used.
    var isAlive: Bool { PQstatus(connection) == CONNECTION_OK }

    /// The connection's socket.
    var socket: Int32 { PQsocket(connection) }

    func execute(_ sql: String, _ arguments: [SQLValue]) throws -> Int {
        let result = try run(sql, arguments)
        defer { PQclear(result) }
        return Int(String(cString: PQcmdTuples(result))) ?? 0
    }

    func query(_ sql: String, _ arguments: [SQLValue], _ body: (SQLRow) throws -> Void) throws {
        let result = try run(sql, arguments)
        defer { PQclear(result) }
        let width = PQnfields(result)
        let types = (0..<width).map { PQftype(result, $0) }
        for row in 0..<PQntuples(result) {
            var values: [SQLValue] = []
            values.reserveCapacity(Int(width))
            for column in 0..<width {
                values.append(try PostgresValue.value(result, row, column, type: types[Int(column)]))
            }
            try body(SQLRow(values: values))
        }
    }

    func announce(_ channel: String) throws {
        try countChange(channel)
        try query("SELECT CAST(pg_notify('\(PostgresListener.channel)', $1) AS TEXT)", [.text(channel)]) { _ in }
    }

    /// All rows are sent before the first answer is waited for.
    func execute(_ sql: String, rows: [[SQLValue]]) throws {
        if rows.isEmpty { return }
        let name = try prepare(sql)
        // The server's answers must not fill the connection while nobody reads them.
        for start in stride(from: 0, to: rows.count, by: 500) {
            try pipeline(name, sql, rows[start..<min(start + 500, rows.count)])
        }
    }

    /// Runs statements without parameters, such as `BEGIN`, and returns the server's word for what was done.
    @discardableResult
    func command(_ sql: String) throws -> String {
        guard let result = PQexec(connection, sql) else { throw failure(nil, sql) }
        defer { PQclear(result) }
        let status = PQresultStatus(result)
        guard status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK else { throw failure(result, sql) }
        return String(cString: PQcmdStatus(result))
    }

    /// The channels that were notified of since the last call; reads what has arrived.
    func notifications() throws -> [String] {
        guard PQconsumeInput(connection) == 1 else {
            throw StorageError.unreachable(place: place, reason: Self.reason(connection))
        }
        var channels: [String] = []
        while let notification = PQnotifies(connection) {
            channels.append(String(cString: notification.pointee.extra))
            PQfreemem(notification)
        }
        return channels
    }

    private func prepare(_ sql: String) throws -> String {
        if let name = prepared[sql] { return name }
        let name = "s\(prepared.count)"
        guard let result = PQprepare(connection, name, sql, 0, nil) else { throw failure(nil, sql) }
        defer { PQclear(result) }
        guard PQresultStatus(result) == PGRES_COMMAND_OK else { throw failure(result, sql) }
        prepared[sql] = name
        return name
    }

    private func run(_ sql: String, _ arguments: [SQLValue]) throws -> OpaquePointer {
        let name = try prepare(sql)
        let result = PostgresParameters(arguments).with { count, values, lengths, formats in
            PQexecPrepared(connection, name, count, values, lengths, formats, 1)
        }
        guard let result else { throw failure(nil, sql) }
        let status = PQresultStatus(result)
        guard status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK else {
            defer { PQclear(result) }
            throw failure(result, sql)
        }
        return result
    }

    private func pipeline(_ name: String, _ sql: String, _ rows: ArraySlice<[SQLValue]>) throws {
        guard PQenterPipelineMode(connection) == 1 else { throw failure(nil, sql) }
        var first: StorageError?
        for row in rows {
            let sent = PostgresParameters(row).with { count, values, lengths, formats in
                PQsendQueryPrepared(connection, name, count, values, lengths, formats, 1)
            }
            if sent != 1 {
                first = failure(nil, sql)
                break
            }
        }
        if first == nil, PQpipelineSync(connection) != 1 { first = failure(nil, sql) }
        if first == nil {
            // Each statement answers with a result and a nil; the end is the synchronisation's.
            reading: while true {
                guard let result = PQgetResult(connection) else {
                    if isAlive { continue }
                    first = first ?? failure(nil, sql)
                    break
                }
                defer { PQclear(result) }
                switch PQresultStatus(result) {
                case PGRES_PIPELINE_SYNC: break reading
                case PGRES_COMMAND_OK, PGRES_TUPLES_OK, PGRES_PIPELINE_ABORTED: break
                default: first = first ?? failure(result, sql)
                }
            }
        }
        _ = PQexitPipelineMode(connection)
        if let first { throw first }
    }

    // MARK: Errors

    private static func reason(_ connection: OpaquePointer) -> String {
        let text = String(cString: PQerrorMessage(connection)).split(separator: "\n").joined(separator: " ")
        return text.isEmpty ? "the connection broke" : text
    }

    private func failure(_ result: OpaquePointer?, _ sql: String) -> StorageError {
        guard isAlive else { return .unreachable(place: place, reason: Self.reason(connection)) }
        guard let result, let field = PQresultErrorField(result, PostgresState.field) else {
            return .refused(place: place, statement: sql, reason: Self.reason(connection))
        }
        let message = PQresultErrorField(result, PostgresState.message).map { String(cString: $0) }
        return PostgresState(String(cString: field)).error(
            place: place, statement: sql, reason: message ?? Self.reason(connection))
    }
}
