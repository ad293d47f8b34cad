import Foundation

/// Why bytes are not JSON, and where.
struct JSONFault: Error, Equatable, CustomStringConvertible {
    /// Bytes from the beginning, counted from 0.
    var position: Int
    var reason: String

    var description: String { "\(reason) (byte \(position))" }
}

/// The name of a member, as it lies in the bytes.
struct JSONName {
    /// Between the quotes.
    var range: Range<Int>
    /// Whether it holds a backslash, so that its bytes are not its text.
    var isEscaped: Bool
}

/// Reads JSON where it lies: checks it and says where its values are, and makes nothing of them.
///
/// The bytes must stay where they are while the cursor is used.
struct JSONCursor {
    /// How deep values may be nested.
    static let depthLimit = 256

    let bytes: UnsafeBufferPointer<UInt8>
    private(set) var position = 0
    private var depth = 0

    init(_ bytes: UnsafeBufferPointer<UInt8>) { self.bytes = bytes }

    /// The next byte that is no white space, or 0 at the end.
    mutating func peek() -> UInt8 {
        while position < bytes.count {
            let byte = bytes[position]
            if byte > 0x20 || !(byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09) { return byte }
            position += 1
        }
        return 0
    }

    /// Checks that nothing but white space is left.
    mutating func end() throws(JSONFault) {
        _ = peek()
        if position < bytes.count { throw fault("there is something behind the end of the value") }
    }

    /// Reads an object; `member` is called with each name and must read or skip the value.
    @inline(__always)
    mutating func object(
        _ member: (JSONName, inout JSONCursor) throws(JSONFault) -> Void
    ) throws(JSONFault) {
        guard peek() == UInt8(ascii: "{") else { throw fault("an object is expected") }
        try enter()
        if peek() == UInt8(ascii: "}") { return leave() }
        while true {
            guard peek() == UInt8(ascii: "\"") else { throw fault("a member's name is expected") }
            let name = try string()
            guard peek() == UInt8(ascii: ":") else { throw fault("a colon is expected") }
            position += 1
            try member(name, &self)
            switch peek() {
            case UInt8(ascii: ","): position += 1
            case UInt8(ascii: "}"): return leave()
            default: throw fault("a comma or the end of the object is expected")
            }
        }
    }

    /// Reads an array; `element` is called before each element and must read or skip it.
    @inline(__always)
    mutating func array(
        _ element: (Int, inout JSONCursor) throws(JSONFault) -> Void
    ) throws(JSONFault) {
        guard peek() == UInt8(ascii: "[") else { throw fault("an array is expected") }
        try enter()
        if peek() == UInt8(ascii: "]") { return leave() }
        var index = 0
        while true {
            try element(index, &self)
            index += 1
            switch peek() {
            case UInt8(ascii: ","): position += 1
            case UInt8(ascii: "]"): return leave()
            default: throw fault("a comma or the end of the array is expected")
            }
        }
    }

    private mutating func enter() throws(JSONFault) {
        depth += 1
        if depth > Self.depthLimit { throw fault("values are nested deeper than \(Self.depthLimit)") }
        position += 1
    }

    private mutating func leave() {
        depth -= 1
        position += 1
    }

    /// Skips a value of any kind, checking it, and returns where it lies.
    @discardableResult
    mutating func skip() throws(JSONFault) -> Range<Int> {
        let first = peek()
        let start = position
        switch first {
        case UInt8(ascii: "{"): try object { (_, cursor) throws(JSONFault) in try cursor.skip() }
        case UInt8(ascii: "["): try array { (_, cursor) throws(JSONFault) in try cursor.skip() }
        case UInt8(ascii: "\""): _ = try string()
        case UInt8(ascii: "t"): try literal("true")
        case UInt8(ascii: "f"): try literal("false")
        case UInt8(ascii: "n"): try literal("null")
        default: try number()
        }
        return start..<position
    }

    /// Reads a string and returns what is between its quotes.
    mutating func string() throws(JSONFault) -> JSONName {
        guard peek() == UInt8(ascii: "\"") else { throw fault("a string is expected") }
        position += 1
        let start = position
        var isEscaped = false
        let count = bytes.count
        while true {
            // Eight bytes at once, while none is a quote, a backslash or a control character.
            while position + 8 <= count {
                let word = UnsafeRawPointer(bytes.baseAddress! + position).loadUnaligned(as: UInt64.self)
                let quotes = word ^ 0x2222_2222_2222_2222
                let slashes = word ^ 0x5C5C_5C5C_5C5C_5C5C
                let ones: UInt64 = 0x0101_0101_0101_0101
                let found =
                    ((quotes &- ones) & ~quotes) | ((slashes &- ones) & ~slashes)
                    | ((word &- 0x2020_2020_2020_2020) & ~word)
                if found & 0x8080_8080_8080_8080 != 0 { break }
                position += 8
            }
            guard position < count else { throw fault("a string has no end") }
            let byte = bytes[position]
            if byte == UInt8(ascii: "\"") {
                position += 1
                return JSONName(range: start..<position - 1, isEscaped: isEscaped)
            }
            if byte == UInt8(ascii: "\\") {
                isEscaped = true
                try escape()
            } else if byte < 0x20 {
                throw fault("a string holds a control character")
            } else {
                position += 1
            }
        }
    }

    private mutating func escape() throws(JSONFault) {
        guard position + 1 < bytes.count else { throw fault("a string has no end") }
        switch bytes[position + 1] {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"), UInt8(ascii: "b"), UInt8(ascii: "f"),
            UInt8(ascii: "n"), UInt8(ascii: "r"), UInt8(ascii: "t"):
            position += 2
        case UInt8(ascii: "u"):
            guard position + 6 <= bytes.count, bytes[position + 2..<position + 6].allSatisfy(Self.isHexadecimal) else {
                throw fault("a string holds a broken escape")
            }
            position += 6
        default: throw fault("a string holds a broken escape")
        }
    }

    private static func isHexadecimal(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x46, 0x61...0x66: true
        default: false
        }
    }

    private mutating func literal(_ word: StaticString) throws(JSONFault) {
        let end = position + word.utf8CodeUnitCount
        guard end <= bytes.count, memcmp(bytes.baseAddress! + position, word.utf8Start, word.utf8CodeUnitCount) == 0
        else { throw fault("a value is expected") }
        position = end
    }

    private mutating func digits() -> Int {
        let start = position
        while position < bytes.count, bytes[position] >= 0x30, bytes[position] <= 0x39 { position += 1 }
        return position - start
    }

    private mutating func number() throws(JSONFault) {
        let start = position
        func at(_ byte: Character) -> Bool { position < bytes.count && bytes[position] == byte.asciiValue }
        if at("-") { position += 1 }
        let first = position
        let whole = digits()
        if whole == 0 || whole > 1 && bytes[first] == 0x30 {
            position = start
            throw fault(position < bytes.count ? "a value is expected" : "the text ends too early")
        }
        if at(".") {
            position += 1
            if digits() == 0 { throw fault("a number has no digits behind its point") }
        }
        if at("e") || at("E") {
            position += 1
            if at("+") || at("-") { position += 1 }
            if digits() == 0 { throw fault("a number has no digits in its exponent") }
        }
    }

    func fault(_ reason: String) -> JSONFault { JSONFault(position: position, reason: reason) }
}

// MARK: - What lies at a place

extension JSONCursor {
    /// Whether `name` is `text`, escapes and all.
    @inline(__always)
    func name(_ name: JSONName, is text: StaticString) -> Bool {
        if name.isEscaped { return self.text(name) == text.description }
        return name.range.count == text.utf8CodeUnitCount
            && memcmp(bytes.baseAddress! + name.range.lowerBound, text.utf8Start, name.range.count) == 0
    }

    /// The text of a string; U+FFFD stands for half a surrogate pair.
    func text(_ name: JSONName) -> String {
        let raw = UnsafeBufferPointer(rebasing: bytes[name.range])
        return name.isEscaped ? JSONText.unescaped(raw) : String(decoding: raw, as: UTF8.self)
    }

    /// The number that lies at `range`; nil where there is none, or one that is beyond all that can be reckoned with (1e999).
    func number(_ range: Range<Int>) -> Double? {
        // Most are short and whole.
        if range.count <= 15 {
            var value = 0
            var isWhole = !range.isEmpty
            for byte in bytes[range] {
                guard byte >= 0x30, byte <= 0x39 else {
                    isWhole = false
                    break
                }
                value = 10 * value + Int(byte - 0x30)
            }
            if isWhole { return Double(value) }
        }
        let value = Double(String(decoding: UnsafeBufferPointer(rebasing: bytes[range]), as: UTF8.self))
        return value?.isFinite == true ? value : nil
    }

    /// Whether `text` lies at `range`.
    func bytes(_ range: Range<Int>, are text: StaticString) -> Bool {
        range.count == text.utf8CodeUnitCount
            && memcmp(bytes.baseAddress! + range.lowerBound, text.utf8Start, range.count) == 0
    }
}
