#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// Reads the lines of a block of a JSONL file in one pass over its bytes.
///
/// Lines mostly have the same keys in the same order, so the parser remembers which key followed which and first
/// compares bytes with that one. Nothing recurses: unknown keys are errors, so no unknown value is ever entered.
final class JSONLBlockParser {
    typealias Bytes = UnsafePointer<UInt8>

    let block: LogBlock
    private let limit: Int
    /// For each column its key as written, with its quotes, in `keyBytes`; a length of 0 where it can't be compared.
    private var keys: [(parent: Int, offset: Int, length: Int)] = []
    private var keyBytes: [UInt8] = []
    /// For each column plus one (0 is the start of a line) the column whose key followed last, or -1.
    private var successors: [Int] = []
    private var previous = 0
    /// For each column the number of the last line that had it.
    private var seen: [Int] = []
    private var lineNumber = 0
    private var end: Bytes
    private let scratch = ScratchBytes()

    /// A parser that adds to `block` and keeps at most `limit` faults.
    init(block: LogBlock, limit: Int) {
        self.block = block
        self.limit = limit
        end = UnsafePointer(bitPattern: 1)!
        adoptColumns()
    }

    /// Reads `bytes`, which end with a line feed; the first line is line `firstLine`.
    /// Stops at the first fault when `stops`.
    func parse(_ bytes: UnsafeBufferPointer<UInt8>, firstLine: Int, stops: Bool) {
        guard var p = bytes.baseAddress else { return }
        end = p + bytes.count
        lineNumber = firstLine
        while p < end {
            let lineStart = p
            do throws(LineFault) {
                skipSpaces(&p)
                if p.pointee == UInt8(ascii: "\n") {
                    // A blank line.
                } else {
                    block.beginItem()
                    try line(&p)
                }
                p += 1
            } catch {
                block.note(error, line: lineNumber, limit: limit)
                if stops { return }
                p = lineStart
                p = UnsafePointer(memchr(p, 10, end - p)!.assumingMemoryBound(to: UInt8.self)) + 1
            }
            lineNumber += 1
        }
    }

    // MARK: Objects

    private func line(_ p: inout Bytes) throws(LineFault) {
        guard p.pointee == UInt8(ascii: "{") else {
            throw .bad(column: "line", expected: "a JSON object", found: snippet(p))
        }
        previous = 0
        var id = ""
        var hash: UInt64 = 0
        var input = ""
        try members(&p, parent: -1, column: "line") { (column, p) throws(LineFault) in
            switch column {
            case 0: (id, hash) = try self.id(&p)
            case 1:
                if let text = try self.text(&p, column, numbers: false) {
                    guard let decoded = String(validating: text, as: UTF8.self) else { throw self.notUTF8(column) }
                    input = decoded
                }
            case 2, 4:
                if let text = try self.text(&p, column, numbers: true), !self.block.set(column, text: text) {
                    throw self.notUTF8(column)
                }
            case 3: try self.time(&p)
            case ColumnTable.contextColumn:
                if !self.null(&p) { try self.numbers(&p, parent: column) }
            default:
                if !self.null(&p) {
                    try self.members(&p, parent: column, column: "stages") { (stage, p) throws(LineFault) in
                        if !self.null(&p) { try self.stage(&p, stage) }
                    }
                }
            }
        }
        skipSpaces(&p)
        guard p.pointee == UInt8(ascii: "\n") else {
            throw .bad(column: "line", expected: "one object a line", found: snippet(p))
        }
        block.endItem(line: lineNumber, id: id, hash: hash, input: input)
    }

    private func stage(_ p: inout Bytes, _ stage: Int) throws(LineFault) {
        try members(&p, parent: stage, column: block.table.columns[stage].name) { (column, p) throws(LineFault) in
            switch self.block.table.columns[column].kind {
            case .answer:
                if let text = try self.text(&p, column, numbers: true), !self.block.set(column, text: text) {
                    throw self.notUTF8(column)
                }
            case .evidence:
                if !self.null(&p) { try self.numbers(&p, parent: column) }
            default:
                self.block.set(column, try self.number(&p, column))
            }
        }
    }

    private func numbers(_ p: inout Bytes, parent: Int) throws(LineFault) {
        try members(&p, parent: parent, column: parent) { (column, p) throws(LineFault) in
            self.block.set(column, try self.number(&p, column))
        }
    }

    @inline(__always)
    private func members(
        _ p: inout Bytes, parent: Int, column: Int, _ member: (Int, inout Bytes) throws(LineFault) -> Void
    ) throws(LineFault) {
        do throws(LineFault) {
            try members(&p, parent: parent, column: "", member)
        } catch {
            // The name is put together only for a fault.
            if case .bad("", let expected, let found) = error {
                throw .bad(column: block.table.fullName(column), expected: expected, found: found)
            }
            throw error
        }
    }

    @inline(__always)
    private func members(
        _ p: inout Bytes, parent: Int, column name: String, _ member: (Int, inout Bytes) throws(LineFault) -> Void
    ) throws(LineFault) {
        guard p.pointee == UInt8(ascii: "{") else { throw .bad(column: name, expected: "an object", found: snippet(p)) }
        p += 1
        skipSpaces(&p)
        if p.pointee == UInt8(ascii: "}") {
            p += 1
            return
        }
        while true {
            let column = try key(&p, parent: parent)
            if p.pointee != UInt8(ascii: ":") { skipSpaces(&p) }
            guard p.pointee == UInt8(ascii: ":") else {
                throw .bad(column: block.table.fullName(column), expected: "':' after the key", found: snippet(p))
            }
            p += 1
            skipSpaces(&p)
            try member(column, &p)
            skipSpaces(&p)
            if p.pointee == UInt8(ascii: ",") {
                p += 1
                skipSpaces(&p)
            } else if p.pointee == UInt8(ascii: "}") {
                p += 1
                return
            } else {
                throw .bad(
                    column: block.table.fullName(column), expected: "',' or '}' after the value", found: snippet(p))
            }
        }
    }

    // MARK: Keys

    @inline(__always)
    private func key(_ p: inout Bytes, parent: Int) throws(LineFault) -> Int {
        let guess = successors[previous]
        let column: Int
        if guess >= 0, keys[guess].parent == parent, keys[guess].length > 0, keys[guess].length <= end - p,
            keyBytes.withUnsafeBufferPointer({ memcmp(p, $0.baseAddress! + keys[guess].offset, keys[guess].length) })
                == 0
        {
            p += keys[guess].length
            column = guess
        } else {
            column = try unexpectedKey(&p, parent: parent)
            successors[previous] = column
        }
        previous = column + 1
        guard seen[column] != lineNumber else {
            throw .bad(column: block.table.fullName(column), expected: "each key once", found: "it again")
        }
        seen[column] = lineNumber
        return column
    }

    @inline(never)
    private func unexpectedKey(_ p: inout Bytes, parent: Int) throws(LineFault) -> Int {
        let place = parent < 0 ? "line" : block.table.fullName(parent)
        guard p.pointee == UInt8(ascii: "\"") else {
            throw .bad(column: place, expected: "a key in quotes", found: snippet(p))
        }
        guard let name = String(validating: try string(&p, place), as: UTF8.self) else {
            throw .bad(column: place, expected: "a key in UTF-8", found: "other bytes")
        }
        if parent < 0 {
            guard let column = ColumnTable.top(name) else {
                throw .unknown(name: name, known: ColumnKind.top.map(\.name))
            }
            return column
        }
        let owner = block.table.columns[parent]
        if owner.kind == .stage {
            guard let field = ColumnKind.ofStage.firstIndex(where: { $0.name == name }) else {
                throw .unknown(
                    name: "\(owner.name).\(name)", known: ColumnKind.ofStage.map { "\(owner.name).\($0.name)" })
            }
            return parent + 1 + field
        }
        if name.isEmpty { throw .bad(column: place, expected: "a name", found: "\"\"") }
        if let fault = block.table.faultOfNewNumber(name) { throw fault }
        let column: Int
        switch owner.kind {
        case .context: column = block.table.contextNumber(name)
        case .stages:
            if let fault = block.table.faultOfNewStage(name) { throw fault }
            let stage = block.table.stage(name)
            column = block.table.stages[stage]
        default: column = block.table.evidenceNumber(name, of: owner.stage)
        }
        adoptColumns()
        return column
    }

    /// Readies keys for columns that are new in the table.
    private func adoptColumns() {
        if successors.isEmpty { successors.append(-1) }
        for column in block.table.columns[keys.count...] {
            let plain = column.name.utf8.allSatisfy {
                $0 >= 0x20 && $0 != UInt8(ascii: "\"") && $0 != UInt8(ascii: "\\")
            }
            keys.append((column.parent, keyBytes.count, plain ? column.name.utf8.count + 2 : 0))
            if plain {
                keyBytes.append(UInt8(ascii: "\""))
                keyBytes.append(contentsOf: column.name.utf8)
                keyBytes.append(UInt8(ascii: "\""))
            }
            successors.append(-1)
            seen.append(0)
        }
    }

    // MARK: Values

    @inline(__always)
    private func number(_ p: inout Bytes, _ column: Int) throws(LineFault) -> Double {
        let start = p
        let kind = block.table.columns[column].kind
        if let value = DecimalNumber.read(&p), isDelimiter(p.pointee) {
            if let expected = kind.objection(to: value) {
                throw .bad(column: block.table.fullName(column), expected: expected, found: snippet(start))
            }
            return value
        }
        p = start
        if word("null", &p) { return .nan }
        if kind.allowsTruth {
            if word("true", &p) { return 1 }
            if word("false", &p) { return 0 }
        }
        throw .bad(
            column: block.table.fullName(column),
            expected: kind.allowsTruth ? "a number, true, false or null" : "a number or null", found: snippet(start))
    }

    private func id(_ p: inout Bytes) throws(LineFault) -> (String, UInt64) {
        let start = p
        let bytes: UnsafeBufferPointer<UInt8>
        if p.pointee == UInt8(ascii: "\"") {
            bytes = try string(&p, "id")
            if bytes.isEmpty { throw .bad(column: "id", expected: "an id", found: "\"\"") }
        } else {
            guard let token = numberToken(&p),
                !token.contains(where: { $0 == UInt8(ascii: ".") || $0 | 0x20 == UInt8(ascii: "e") })
            else { throw .bad(column: "id", expected: "a string or an integer", found: snippet(start)) }
            bytes = token
        }
        guard let id = String(validating: bytes, as: UTF8.self) else { throw notUTF8(0) }
        return (id, ByteHash.of(bytes))
    }

    private func time(_ p: inout Bytes) throws(LineFault) {
        let start = p
        if p.pointee != UInt8(ascii: "\"") {
            block.set(3, try number(&p, 3))
            return
        }
        guard let seconds = ISOTime.seconds(try string(&p, "time")) else {
            throw .bad(
                column: "time", expected: "seconds or an ISO 8601 time such as \"2026-05-01T12:30:00Z\"",
                found: snippet(start))
        }
        block.set(3, seconds)
    }

    /// A string, or the letters of a number or truth value where `numbers`; nil for null.
    private func text(_ p: inout Bytes, _ column: Int, numbers: Bool) throws(LineFault) -> UnsafeBufferPointer<UInt8>? {
        if p.pointee == UInt8(ascii: "\"") { return try string(&p, block.table.fullName(column)) }
        if word("null", &p) { return nil }
        let start = p
        if numbers {
            if let token = numberToken(&p) { return token }
            if word("true", &p) || word("false", &p) { return UnsafeBufferPointer(start: start, count: p - start) }
        }
        throw .bad(
            column: block.table.fullName(column), expected: numbers ? "a string, a number or null" : "a string or null",
            found: snippet(start))
    }

    private func numberToken(_ p: inout Bytes) -> UnsafeBufferPointer<UInt8>? {
        let start = p
        guard DecimalNumber.read(&p) != nil, isDelimiter(p.pointee) else {
            p = start
            return nil
        }
        return UnsafeBufferPointer(start: start, count: p - start)
    }

    private func null(_ p: inout Bytes) -> Bool { word("null", &p) }

    @inline(__always)
    private func word(_ word: StaticString, _ p: inout Bytes) -> Bool {
        let count = word.utf8CodeUnitCount
        guard p.pointee == word.utf8Start.pointee, end - p > count, memcmp(p, word.utf8Start, count) == 0,
            isDelimiter(p[count])
        else { return false }
        p += count
        return true
    }

    /// The bytes of the string at `p`, with its escapes resolved; valid until the next string is read.
    private func string(_ p: inout Bytes, _ column: @autoclosure () -> String) throws(LineFault) -> UnsafeBufferPointer<
        UInt8
    > {
        let start = p + 1
        var q = start
        while q.pointee != UInt8(ascii: "\"") && q.pointee != UInt8(ascii: "\\") && q.pointee >= 0x20 { q += 1 }
        if q.pointee == UInt8(ascii: "\"") {
            p = q + 1
            return UnsafeBufferPointer(start: start, count: q - start)
        }
        guard q.pointee == UInt8(ascii: "\\"), JSONString.unescape(&q, from: start, into: scratch) else {
            throw .bad(
                column: column(),
                expected: q.pointee < 0x20 ? "a closing quote (write control characters as escapes)" : "a JSON escape",
                found: q.pointee == 10 ? "the end of the line" : snippet(q))
        }
        p = q
        return scratch.bytes
    }

    // MARK: Bytes

    @inline(__always)
    private func skipSpaces(_ p: inout Bytes) {
        while p.pointee == 0x20 || p.pointee == 0x09 || p.pointee == 0x0D { p += 1 }
    }

    @inline(__always)
    private func isDelimiter(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: ",") || byte == UInt8(ascii: "}") || byte <= 0x20
    }

    private func notUTF8(_ column: Int) -> LineFault {
        .bad(column: block.table.fullName(column), expected: "text in UTF-8", found: "other bytes")
    }

    private func snippet(_ p: Bytes) -> String { Snippet.of(p, end: end, isStop: { $0 == 10 }) }
}
