import Foundation
import GRDB

/// One transaction on a SQLite file.
struct SQLiteConnection: DatabaseConnection {
    private let database: GRDB.Database
    private let place: String

    init(_ database: GRDB.Database, place: String) {
        self.database = database
        self.place = place
    }

    var dialect: SQLDialect { .sqlite }

    func execute(_ sql: String, _ arguments: [SQLValue]) throws -> Int {
        try Self.translating(place) {
            try statement(sql, arguments).execute()
            return database.changesCount
        }
    }

    func execute(_ sql: String, rows: [[SQLValue]]) throws {
        if rows.isEmpty { return }
        try Self.translating(place) {
            let statement = try database.cachedStatement(sql: Self.numbered(sql))
            for row in rows {
                statement.setUncheckedArguments(StatementArguments(row.map(\.databaseValue)))
                try statement.execute()
            }
        }
    }

    func query(_ sql: String, _ arguments: [SQLValue], _ body: (SQLRow) throws -> Void) throws {
        try Self.translating(place) {
            let cursor = try Row.fetchCursor(try statement(sql, arguments))
            let width = cursor.columnCount
            while let row = try cursor.next() {
                var values: [SQLValue] = []
                values.reserveCapacity(width)
                for column in 0..<width { values.append(SQLValue(row[column] as DatabaseValue)) }
                try body(SQLRow(values: values))
            }
        }
    }

    func announce(_ channel: String) throws { try countChange(channel) }

    private func statement(_ sql: String, _ arguments: [SQLValue]) throws -> Statement {
        let statement = try database.cachedStatement(sql: Self.numbered(sql))
        statement.setUncheckedArguments(StatementArguments(arguments.map(\.databaseValue)))
        return statement
    }

    /// `sql` with `?1` for `$1`: in SQLite `$1` would be a name, numbered by where it is first seen.
    static func numbered(_ sql: String) -> String {
        guard sql.utf8.contains(UInt8(ascii: "$")) else { return sql }
        var bytes = Array(sql.utf8)
        var isText = false
        for index in bytes.indices {
            if bytes[index] == UInt8(ascii: "'") { isText.toggle() }
            if bytes[index] == UInt8(ascii: "$"), !isText { bytes[index] = UInt8(ascii: "?") }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Runs `body`; an error of SQLite becomes one of this room.
    static func translating<Result>(_ place: String, _ body: () throws -> Result) throws -> Result {
        do { return try body() } catch { throw translated(error, place) }
    }

    /// An error of SQLite as one of this room; any other as it is.
    static func translated(_ error: any Error, _ place: String) -> any Error {
        guard let error = error as? DatabaseError else { return error }
        let reason = error.message ?? "\(error.resultCode)"
        return switch error.resultCode {
        // PROTOCOL: others were in the way of opening the log each time that it was tried.
        case .SQLITE_BUSY, .SQLITE_LOCKED, .SQLITE_PROTOCOL: StorageError.locked(place: place, reason: reason)
        case .SQLITE_FULL: StorageError.full(place: place, reason: reason)
        // None of these says anything against what was to be written: it can be tried again.
        case .SQLITE_CANTOPEN, .SQLITE_IOERR, .SQLITE_PERM, .SQLITE_NOMEM, .SQLITE_INTERRUPT, .SQLITE_ABORT:
            StorageError.unreachable(place: place, reason: reason)
        case .SQLITE_READONLY: StorageError.readOnly(place: place, reason: reason)
        case .SQLITE_CORRUPT, .SQLITE_NOTADB: StorageError.damaged(place: place, reason: reason)
        case .SQLITE_MISUSE where reason.contains("closed"): StorageError.closed(place: place)
        default: StorageError.refused(place: place, statement: error.sql ?? "", reason: reason)
        }
    }
}

extension SQLValue {
    fileprivate init(_ value: DatabaseValue) {
        switch value.storage {
        case .null: self = .null
        case .int64(let number): self = .integer(number)
        case .double(let number): self = .double(number)
        case .string(let text): self = .text(text)
        case .blob(let data): self = .bytes([UInt8](data))
        }
    }

    fileprivate var databaseValue: DatabaseValue {
        switch self {
        case .null: .null
        case .integer(let number): number.databaseValue
        case .double(let number): number.isNaN ? .null : number.databaseValue
        case .text(let text): text.databaseValue
        case .bytes(let bytes): Data(bytes).databaseValue
        }
    }
}
