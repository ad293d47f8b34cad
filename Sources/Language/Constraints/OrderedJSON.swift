/// A JSON value whose objects keep the order in which their members were written.
indirect enum OrderedJSON: Hashable, Sendable {
    case null
    case bool(Bool)
    /// A number as it was written.
    case number(String)
    case string(String)
    case array([OrderedJSON])
    case object([Member])

    struct Member: Hashable, Sendable {
        var name: String
        var value: OrderedJSON
    }

    /// The value that `text` writes down.
    /// - Throws: ``LanguageError/badConstraint(kind:line:column:reason:)``.
    init(_ text: String, kind: String) throws(LanguageError) {
        var reader = Reader(scanner: TextScanner(text, kind: kind))
        self = try reader.document()
    }

    /// The member called `name`, of an object.
    subscript(name: String) -> OrderedJSON? {
        guard case .object(let members) = self else { return nil }
        return members.first { $0.name == name }?.value
    }

    /// The shortest text that it can be written as.
    var text: String {
        switch self {
        case .null: return "null"
        case .bool(let value): return value ? "true" : "false"
        case .number(let text): return text
        case .string(let text): return Self.quoted(text)
        case .array(let values): return "[" + values.map(\.text).joined(separator: ",") + "]"
        case .object(let members):
            return "{" + members.map { Self.quoted($0.name) + ":" + $0.value.text }.joined(separator: ",") + "}"
        }
    }

    static func quoted(_ text: String) -> String {
        var result = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": result += "\\\""
            case "\\": result += "\\\\"
            case "\n": result += "\\n"
            case "\r": result += "\\r"
            case "\t": result += "\\t"
            case ..<" ":
                let digits = String(scalar.value, radix: 16)
                result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result + "\""
    }

    private struct Reader {
        var scanner: TextScanner
        var depth = 0

        mutating func document() throws(LanguageError) -> OrderedJSON {
            let value = try value()
            space()
            guard scanner.isAtEnd else { throw scanner.error("expected the end") }
            return value
        }

        mutating func space() { _ = scanner.take { $0 == " " || $0 == "\n" || $0 == "\r" || $0 == "\t" } }

        mutating func value() throws(LanguageError) -> OrderedJSON {
            guard depth < 200 else { throw scanner.error("values nest more than 200 deep") }
            depth += 1
            defer { depth -= 1 }
            space()
            switch scanner.next {
            case "{":
                scanner.take()
                var members: [Member] = []
                space()
                if scanner.take("}") { return .object([]) }
                repeat {
                    space()
                    guard scanner.next == "\"" else { throw scanner.error("expected the name of a member") }
                    let here = scanner
                    let name = try string()
                    guard !members.contains(where: { $0.name == name }) else {
                        throw here.error("the member \(name) is there already")
                    }
                    space()
                    guard scanner.take(":") else { throw scanner.error("expected :") }
                    members.append(Member(name: name, value: try value()))
                    space()
                } while scanner.take(",")
                guard scanner.take("}") else { throw scanner.error("expected , or }") }
                return .object(members)
            case "[":
                scanner.take()
                var values: [OrderedJSON] = []
                space()
                if scanner.take("]") { return .array([]) }
                repeat {
                    values.append(try value())
                    space()
                } while scanner.take(",")
                guard scanner.take("]") else { throw scanner.error("expected , or ]") }
                return .array(values)
            case "\"": return .string(try string())
            default:
                if scanner.take("true") { return .bool(true) }
                if scanner.take("false") { return .bool(false) }
                if scanner.take("null") { return .null }
                return try number()
            }
        }

        mutating func number() throws(LanguageError) -> OrderedJSON {
            let here = scanner
            var text = scanner.take("-") ? "-" : ""
            func digit(_ scalar: Unicode.Scalar) -> Bool { ("0"..."9").contains(scalar) }
            let whole = scanner.take(while: digit)
            guard !whole.isEmpty, whole == "0" || !whole.hasPrefix("0") else { throw here.error("expected a value") }
            text += whole
            if scanner.take(".") {
                let part = scanner.take(while: digit)
                guard !part.isEmpty else { throw scanner.error("expected a digit") }
                text += "." + part
            }
            if scanner.next == "e" || scanner.next == "E" {
                scanner.take()
                text += "e"
                if scanner.take("-") { text += "-" } else { _ = scanner.take("+") }
                let part = scanner.take(while: digit)
                guard !part.isEmpty else { throw scanner.error("expected a digit") }
                text += part
            }
            return .number(text)
        }

        mutating func string() throws(LanguageError) -> String {
            let start = scanner
            scanner.take()
            var text = String.UnicodeScalarView()
            while let scalar = scanner.take() {
                switch scalar {
                case "\"": return String(text)
                case "\\": text.append(try escape())
                case ..<" ": throw start.error("a control character in a string")
                default: text.append(scalar)
                }
            }
            throw start.error("the string does not end")
        }

        mutating func escape() throws(LanguageError) -> Unicode.Scalar {
            switch scanner.take() {
            case "\"": return "\""
            case "\\": return "\\"
            case "/": return "/"
            case "b": return "\u{08}"
            case "f": return "\u{0C}"
            case "n": return "\n"
            case "r": return "\r"
            case "t": return "\t"
            case "u":
                let first = try half()
                guard (0xD800...0xDBFF).contains(first) else {
                    guard let scalar = Unicode.Scalar(first) else { throw scanner.error("half a character") }
                    return scalar
                }
                guard scanner.take("\\u") else { throw scanner.error("half a character") }
                let second = try half()
                guard (0xDC00...0xDFFF).contains(second),
                    let scalar = Unicode.Scalar(0x10000 + (first - 0xD800) << 10 + (second - 0xDC00))
                else { throw scanner.error("half a character") }
                return scalar
            default: throw scanner.error("an escape that is none")
            }
        }

        mutating func half() throws(LanguageError) -> UInt32 {
            var value: UInt32 = 0
            for _ in 0..<4 {
                guard let digit = scanner.take().flatMap({ Character($0).hexDigitValue }) else {
                    throw scanner.error("expected 4 hexadecimal digits")
                }
                value = value << 4 | UInt32(digit)
            }
            return value
        }
    }
}
