import CPostgres
import Foundation

/// The parameters of a statement as libpq takes them: all in one piece of memory.
struct PostgresParameters {
    private var bytes: [UInt8] = []
    private var starts: [Int] = []
    private var lengths: [Int32] = []
    private var formats: [Int32] = []

    init(_ values: [SQLValue]) {
        starts.reserveCapacity(values.count)
        lengths.reserveCapacity(values.count)
        formats.reserveCapacity(values.count)
        for value in values {
            let start = bytes.count
            var isBinary: Int32 = 0
            var isNull = false
            switch value {
            case .null: isNull = true
            case .integer(let number): bytes += String(number).utf8
            case .double(let number):
                if number.isNaN {
                    isNull = true
                } else if number.isInfinite {
                    bytes += (number < 0 ? "-Infinity" : "Infinity").utf8
                } else {
                    bytes += number.description.utf8
                }
            case .text(let text):
                // A text of PostgreSQL holds no zero byte.
                if text.utf8.contains(0) {
                    bytes += text.replacing("\0", with: "\u{FFFD}").utf8
                } else {
                    bytes += text.utf8
                }
            case .bytes(let data):
                bytes += data
                isBinary = 1
            }
            starts.append(isNull ? -1 : start)
            lengths.append(Int32(bytes.count - start))
            formats.append(isBinary)
            bytes.append(0)
        }
    }

    /// Calls `body` with the number of parameters, their pointers, lengths and formats.
    func with<Result>(
        _ body: (Int32, UnsafePointer<UnsafePointer<CChar>?>?, UnsafePointer<Int32>?, UnsafePointer<Int32>?) -> Result
    ) -> Result {
        bytes.withUnsafeBytes { raw in
            let pointers: [UnsafePointer<CChar>?] = starts.map { start in
                start < 0 ? nil : raw.baseAddress.map { ($0 + start).assumingMemoryBound(to: CChar.self) }
            }
            return pointers.withUnsafeBufferPointer { pointers in
                lengths.withUnsafeBufferPointer { lengths in
                    formats.withUnsafeBufferPointer { formats in
                        body(Int32(starts.count), pointers.baseAddress, lengths.baseAddress, formats.baseAddress)
                    }
                }
            }
        }
    }
}

/// The values of a result in PostgreSQL's binary forms.
enum PostgresValue {
    /// The value at `row` and `column`, whose type has the number `type`.
    static func value(_ result: OpaquePointer, _ row: Int32, _ column: Int32, type: Oid) throws -> SQLValue {
        if PQgetisnull(result, row, column) == 1 { return .null }
        let count = Int(PQgetlength(result, row, column))
        guard let start = PQgetvalue(result, row, column) else { return .null }
        let raw = UnsafeRawBufferPointer(start: start, count: count)
        func whole<Number: FixedWidthInteger>(_: Number.Type) -> Number {
            Number(bigEndian: raw.loadUnaligned(as: Number.self))
        }
        switch (type, count) {
        case (20, 8): return .integer(whole(Int64.self))
        case (23, 4): return .integer(Int64(whole(Int32.self)))
        case (21, 2): return .integer(Int64(whole(Int16.self)))
        case (16, 1): return .integer(raw[0] == 0 ? 0 : 1)
        case (701, 8): return .double(Double(bitPattern: whole(UInt64.self)))
        case (700, 4): return .double(Double(Float(bitPattern: whole(UInt32.self))))
        case (17, _): return .bytes([UInt8](raw))
        case (25, _), (1043, _), (19, _), (705, _): return .text(String(decoding: raw, as: UTF8.self))
        default:
            throw StorageError.unexpectedValue(
                column: Int(column), expected: "a number, a text or bytes",
                found: "a value of PostgreSQL's type \(type)")
        }
    }
}
