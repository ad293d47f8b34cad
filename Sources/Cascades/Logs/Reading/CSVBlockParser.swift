#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// Reads the cells of a CSV file (RFC 4180): commas, quotes doubled inside quotes, line ends LF or CRLF.
struct CSVCell {
    typealias Bytes = UnsafePointer<UInt8>
    /// Behind the last byte, which is a line feed.
    let end: Bytes
    private let scratch = ScratchBytes()

    init(end: Bytes) { self.end = end }

    /// The cell at `p`, which moves behind it. `lines` grows by the line feeds inside it.
    func read(_ p: inout Bytes, _ column: @autoclosure () -> String, _ lines: inout Int) throws(LineFault)
        -> UnsafeBufferPointer<UInt8>
    {
        let start = p
        if p.pointee != UInt8(ascii: "\"") {
            while true {
                let byte = p.pointee
                if byte == UInt8(ascii: ",") || byte == 10 || (byte == 13 && p[1] == 10) { break }
                if byte == UInt8(ascii: "\"") {
                    throw .bad(
                        column: column(), expected: "quotes around the whole cell and doubled inside it",
                        found: snippet(start))
                }
                p += 1
            }
            return UnsafeBufferPointer(start: start, count: p - start)
        }
        p += 1
        var doubled = false
        var found = 0
        var q = p
        while true {
            if q == end { throw .bad(column: column(), expected: "a closing quote", found: "the end of the file") }
            if q.pointee == UInt8(ascii: "\"") {
                if q + 1 < end, q[1] == UInt8(ascii: "\"") {
                    doubled = true
                    q += 2
                    continue
                }
                break
            }
            if q.pointee == 10 { found += 1 }
            q += 1
        }
        let inside = UnsafeBufferPointer(start: p, count: q - p)
        p = q + 1
        guard p < end, p.pointee == UInt8(ascii: ",") || p.pointee == 10 || (p.pointee == 13 && p[1] == 10) else {
            throw .bad(
                column: column(), expected: "',' or the end of the line after a closing quote", found: snippet(p))
        }
        lines += found
        if !doubled { return inside }
        scratch.reset(UnsafeBufferPointer(start: nil, count: 0))
        var position = 0
        while position < inside.count {
            scratch.append(inside[position])
            position += inside[position] == UInt8(ascii: "\"") ? 2 : 1
        }
        return scratch.bytes
    }

    /// Moves `p`, which stands behind a cell, to the next cell of the row; false, with `p` on the next row, after the last.
    func goesOn(_ p: inout Bytes) -> Bool {
        if p.pointee == UInt8(ascii: ",") {
            p += 1
            return true
        }
        if p.pointee == 13 { p += 1 }
        p += 1
        return false
    }

    func snippet(_ p: Bytes) -> String {
        Snippet.of(p, end: end, isStop: { $0 == UInt8(ascii: ",") || $0 == 10 || $0 == 13 })
    }
}

/// Reads the rows of a block of a CSV file in one pass over its bytes.
final class CSVBlockParser {
    typealias Bytes = UnsafePointer<UInt8>

    private let block: LogBlock
    private let header: CSVHeader
    private let limit: Int
    private let kinds: [ColumnKind]

    /// A parser that adds rows under `header` to `block` and keeps at most `limit` faults.
    init(block: LogBlock, header: CSVHeader, limit: Int) {
        self.block = block
        self.header = header
        self.limit = limit
        kinds = header.columns.map { header.table.columns[$0].kind }
    }

    /// Reads `bytes`, which end with a line feed; the first line is line `firstLine`. Stops at the first fault when `stops`.
    func parse(_ bytes: UnsafeBufferPointer<UInt8>, firstLine: Int, stops: Bool) {
        guard var p = bytes.baseAddress else { return }
        let end = p + bytes.count
        let cells = CSVCell(end: end)
        var line = firstLine
        while p < end {
            let start = p
            // Blank lines are no rows, unless a row is one cell, which may be missing.
            if header.columns.count > 1, p.pointee == 10 || (p.pointee == 13 && p[1] == 10) {
                _ = cells.goesOn(&p)
                line += 1
                continue
            }
            do throws(LineFault) {
                var inner = 0
                try row(&p, cells, line, &inner)
                line += inner + 1
            } catch {
                block.note(error, line: line, limit: limit)
                if stops { return }
                // A fault may leave quotes open, so that only the next line feed is a safe place to go on.
                p = UnsafePointer(memchr(start, 10, end - start)!.assumingMemoryBound(to: UInt8.self)) + 1
                line += 1
            }
        }
    }

    private func row(_ p: inout Bytes, _ cells: CSVCell, _ line: Int, _ inner: inout Int) throws(LineFault) {
        block.beginItem()
        var id = ""
        var hash: UInt64 = 0
        var input = ""
        let count = header.columns.count
        for position in 0..<count {
            let column = header.columns[position]
            switch kinds[position] {
            case .id:
                let bytes = try cells.read(&p, "id", &inner)
                if !bytes.isEmpty {
                    id = try text(bytes, column)
                    hash = ByteHash.of(bytes)
                }
            case .input: input = try text(try cells.read(&p, "input", &inner), column)
            case .group, .split, .answer:
                // A missing text is nothing; an empty one stands in quotes.
                let isQuoted = p.pointee == UInt8(ascii: "\"")
                let bytes = try cells.read(&p, header.table.fullName(column), &inner)
                if isQuoted || !bytes.isEmpty, !block.set(column, text: bytes) { throw notUTF8(column) }
            default:
                block.set(column, try number(&p, cells, column, kinds[position], &inner))
            }
            let goesOn = cells.goesOn(&p)
            if goesOn != (position + 1 < count) {
                throw .bad(column: "line", expected: "\(count) cells", found: goesOn ? "more" : "\(position + 1)")
            }
        }
        block.endItem(line: line, id: id, hash: hash, input: input)
    }

    @inline(__always)
    private func number(
        _ p: inout Bytes, _ cells: CSVCell, _ column: Int, _ kind: ColumnKind, _ inner: inout Int
    ) throws(LineFault) -> Double {
        let start = p
        if p.pointee == UInt8(ascii: ",") || p.pointee == 10 { return .nan }
        if let value = DecimalNumber.read(&p), p.pointee == UInt8(ascii: ",") || p.pointee == 10 || p.pointee == 13 {
            if let expected = kind.objection(to: value) {
                throw .bad(column: header.table.fullName(column), expected: expected, found: cells.snippet(start))
            }
            if p.pointee != 13 || p[1] == 10 { return value }
        }
        p = start
        return try unusualNumber(&p, cells, column, kind, &inner)
    }

    /// A number in quotes, a truth value, a date, or no number at all.
    @inline(never)
    private func unusualNumber(
        _ p: inout Bytes, _ cells: CSVCell, _ column: Int, _ kind: ColumnKind, _ inner: inout Int
    ) throws(LineFault) -> Double {
        let start = p
        let bytes = try cells.read(&p, header.table.fullName(column), &inner)
        if bytes.isEmpty { return .nan }
        let copy = Array(bytes) + [10]
        let value: Double? = copy.withUnsafeBufferPointer { buffer in
            var q = buffer.baseAddress!
            let value = DecimalNumber.read(&q)
            return q == buffer.baseAddress! + bytes.count ? value : nil
        }
        if let value {
            if let expected = kind.objection(to: value) {
                throw .bad(column: header.table.fullName(column), expected: expected, found: cells.snippet(start))
            }
            return value
        }
        if kind.allowsTruth {
            switch String(decoding: bytes, as: UTF8.self) {
            case "true", "True", "TRUE": return 1
            case "false", "False", "FALSE": return 0
            default: break
            }
        }
        if kind == .time, let seconds = ISOTime.seconds(bytes) { return seconds }
        throw .bad(
            column: header.table.fullName(column),
            expected: kind == .time
                ? "seconds, an ISO 8601 time such as 2026-05-01T12:30:00Z, or an empty cell"
                : kind.allowsTruth ? "a number, true, false or an empty cell" : "a number or an empty cell",
            found: cells.snippet(start))
    }

    private func text(_ bytes: UnsafeBufferPointer<UInt8>, _ column: Int) throws(LineFault) -> String {
        guard let text = String(validating: bytes, as: UTF8.self) else { throw notUTF8(column) }
        return text
    }

    private func notUTF8(_ column: Int) -> LineFault {
        .bad(column: header.table.fullName(column), expected: "text in UTF-8", found: "other bytes")
    }
}
