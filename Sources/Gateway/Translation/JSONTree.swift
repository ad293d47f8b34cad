import NIOCore

/// A JSON value whose members keep their order and whose numbers keep their spelling: for translating one interface into
/// another, where bytes can't be passed through.
indirect enum JSONTree: Sendable, Hashable {
    case object([Member])
    case array([JSONTree])
    case string(String)
    /// A number, `true`, `false` or `null`, as it is written.
    case literal(String)

    struct Member: Sendable, Hashable {
        var name: String
        var value: JSONTree

        init(_ name: String, _ value: JSONTree) {
            self.name = name
            self.value = value
        }
    }

    static let null = JSONTree.literal("null")

    /// The value in `bytes`.
    init(_ bytes: ByteBuffer) throws(JSONFault) {
        self = try bytes.withCursor { (cursor) throws(JSONFault) in
            let tree = try Self.read(&cursor)
            try cursor.end()
            return tree
        }
    }

    private static func read(_ cursor: inout JSONCursor) throws(JSONFault) -> JSONTree {
        switch cursor.peek() {
        case UInt8(ascii: "{"):
            var members: [Member] = []
            try cursor.object { (name, cursor) throws(JSONFault) in
                let text = cursor.text(name)
                members.append(Member(text, try read(&cursor)))
            }
            return .object(members)
        case UInt8(ascii: "["):
            var elements: [JSONTree] = []
            try cursor.array { (_, cursor) throws(JSONFault) in elements.append(try read(&cursor)) }
            return .array(elements)
        case UInt8(ascii: "\""): return .string(cursor.text(try cursor.string()))
        default:
            let range = try cursor.skip()
            return .literal(String(decoding: UnsafeBufferPointer(rebasing: cursor.bytes[range]), as: UTF8.self))
        }
    }

    /// The member called `name` that is not null; nil where there is none.
    subscript(name: String) -> JSONTree? {
        guard case .object(let members) = self, let value = members.last(where: { $0.name == name })?.value,
            value != .null
        else { return nil }
        return value
    }

    var text: String? {
        if case .string(let text) = self { text } else { nil }
    }

    var elements: [JSONTree]? {
        if case .array(let elements) = self { elements } else { nil }
    }

    var members: [Member]? {
        if case .object(let members) = self { members } else { nil }
    }

    /// The number; nil where it is none, or beyond all that can be reckoned with (1e999).
    var number: Double? {
        guard case .literal(let text) = self, let value = Double(text), value.isFinite else { return nil }
        return value
    }

    var flag: Bool? {
        switch self {
        case .literal("true"): true
        case .literal("false"): false
        default: nil
        }
    }

    /// The shortest text of it.
    var bytes: ByteBuffer {
        var bytes = ByteBuffer()
        write(into: &bytes)
        return bytes
    }

    func write(into bytes: inout ByteBuffer) {
        switch self {
        case .object(let members):
            bytes.writeStaticString("{")
            for (index, member) in members.enumerated() {
                if index > 0 { bytes.writeStaticString(",") }
                bytes.writeQuoted(member.name)
                bytes.writeStaticString(":")
                member.value.write(into: &bytes)
            }
            bytes.writeStaticString("}")
        case .array(let elements):
            bytes.writeStaticString("[")
            for (index, element) in elements.enumerated() {
                if index > 0 { bytes.writeStaticString(",") }
                element.write(into: &bytes)
            }
            bytes.writeStaticString("]")
        case .string(let text): bytes.writeQuoted(text)
        case .literal(let text): bytes.writeString(text)
        }
    }
}

extension JSONTree: ExpressibleByDictionaryLiteral, ExpressibleByArrayLiteral, ExpressibleByStringInterpolation,
    ExpressibleByBooleanLiteral, ExpressibleByIntegerLiteral
{
    init(dictionaryLiteral elements: (String, JSONTree)...) {
        self = .object(elements.map { Member($0.0, $0.1) })
    }
    init(arrayLiteral elements: JSONTree...) { self = .array(elements) }
    init(stringLiteral value: String) { self = .string(value) }
    init(booleanLiteral value: Bool) { self = .literal(value ? "true" : "false") }
    init(integerLiteral value: Int) { self = .literal(String(value)) }

    static func number(_ value: Double) -> JSONTree { .literal(JSONText.number(value)) }

    /// An object of the members that have a value.
    static func members(_ members: [(String, JSONTree?)]) -> JSONTree {
        .object(members.compactMap { member in member.1.map { Member(member.0, $0) } })
    }
}
