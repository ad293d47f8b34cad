/// A value of a column or a parameter.
public enum SQLValue: Sendable, Hashable {
    /// No value.
    case null
    /// A whole number.
    case integer(Int64)
    /// A number; a missing one (`NaN`) is written as ``null``. SQLite forgets the sign of zero.
    case double(Double)
    /// A text.
    case text(String)
    /// Bytes.
    case bytes([UInt8])

    /// A whole number.
    public static func int(_ value: Int) -> SQLValue { .integer(Int64(value)) }

    /// A text, or nothing.
    public static func text(_ value: String?) -> SQLValue { value.map { .text($0) } ?? .null }

    /// A number, or nothing where it is nil or `NaN`.
    public static func number(_ value: Double?) -> SQLValue {
        if let value, !value.isNaN { .double(value) } else { .null }
    }

    /// A whole number, or nothing.
    public static func optional(_ value: Int?) -> SQLValue { value.map { .int($0) } ?? .null }
}

/// One row of a query's answer.
public struct SQLRow: Sendable {
    /// The values, in the order of the query's columns.
    public let values: [SQLValue]

    /// The whole number of column `column`.
    /// - Throws: ``StorageError/unexpectedValue(column:expected:found:)``.
    public func int(_ column: Int) throws -> Int {
        guard case .integer(let value) = values[column], let number = Int(exactly: value) else {
            throw wrong(column, "a whole number")
        }
        return number
    }

    /// The number of column `column`.
    public func double(_ column: Int) throws -> Double {
        switch values[column] {
        case .double(let value): return value
        case .integer(let value): return Double(value)
        default: throw wrong(column, "a number")
        }
    }

    /// The text of column `column`.
    public func text(_ column: Int) throws -> String {
        guard case .text(let value) = values[column] else { throw wrong(column, "a text") }
        return value
    }

    /// The bytes of column `column`.
    public func bytes(_ column: Int) throws -> [UInt8] {
        guard case .bytes(let value) = values[column] else { throw wrong(column, "bytes") }
        return value
    }

    /// Whether column `column` has no value.
    public func isNull(_ column: Int) -> Bool { values[column] == .null }

    /// The whole number of column `column`, nil where there is none.
    public func optionalInt(_ column: Int) throws -> Int? { isNull(column) ? nil : try int(column) }

    /// The number of column `column`, nil where there is none.
    public func optionalDouble(_ column: Int) throws -> Double? { isNull(column) ? nil : try double(column) }

    /// The text of column `column`, nil where there is none.
    public func optionalText(_ column: Int) throws -> String? { isNull(column) ? nil : try text(column) }

    private func wrong(_ column: Int, _ expected: String) -> StorageError {
        .unexpectedValue(column: column, expected: expected, found: "\(values[column])")
    }
}
