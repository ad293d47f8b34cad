import Foundation
import Reports

/// A JSON value with its keys in the order in which they were given; numbers that are not finite become `null`.
indirect enum JSONValue: Sendable {
    case object([(key: String, value: JSONValue)])
    case array([JSONValue])
    case string(String)
    case number(Double)
    case integer(Int)
    case bool(Bool)
    case null

    /// The value that `encodable` encodes to, keys sorted.
    init(encoding encodable: some Encodable) throws {
        let encoder = JSONEncoder()
        encoder.nonConformingFloatEncodingStrategy = .convertToString(
            positiveInfinity: "infinity", negativeInfinity: "-infinity", nan: "nan")
        self = Self(any: try JSONSerialization.jsonObject(with: encoder.encode(encodable), options: .fragmentsAllowed))
    }

    private init(any value: Any) {
        switch value {
        case let object as [String: Any]:
            self = .object(object.keys.sorted().map { ($0, Self(any: object[$0] ?? NSNull())) })
        case let array as [Any]: self = .array(array.map { Self(any: $0) })
        case let text as String: self = .string(text)
        case let flag as Bool: self = .bool(flag)
        case let number as NSNumber: self = .number(number.doubleValue)
        default: self = .null
        }
    }

    /// The text, indented by two spaces a level and ended by a newline.
    var text: String {
        var result = ""
        write(to: &result, indent: 0)
        return result + "\n"
    }

    private func write(to text: inout String, indent: Int) {
        func block(_ open: String, _ close: String, _ count: Int, _ element: (Int) -> Void) {
            if count == 0 {
                text += open + close
                return
            }
            text += open + "\n"
            for index in 0..<count {
                text += String(repeating: "  ", count: indent + 1)
                element(index)
                text += index + 1 < count ? ",\n" : "\n"
            }
            text += String(repeating: "  ", count: indent) + close
        }
        switch self {
        case .object(let members):
            block("{", "}", members.count) { index in
                text += JSONText.quoted(members[index].key) + ": "
                members[index].value.write(to: &text, indent: indent + 1)
            }
        case .array(let elements):
            // Rows of numbers stay on one line.
            if elements.allSatisfy(\.isSimple) {
                text += "["
                for (index, element) in elements.enumerated() {
                    if index > 0 { text += ", " }
                    element.write(to: &text, indent: indent)
                }
                text += "]"
            } else {
                block("[", "]", elements.count) { elements[$0].write(to: &text, indent: indent + 1) }
            }
        case .string(let string): text += JSONText.quoted(string)
        case .number(let number): text += JSONText.number(number)
        case .integer(let number): text += String(number)
        case .bool(let flag): text += flag ? "true" : "false"
        case .null: text += "null"
        }
    }

    private var isSimple: Bool {
        switch self {
        case .object, .array: false
        default: true
        }
    }
}

extension JSONValue: ExpressibleByDictionaryLiteral, ExpressibleByArrayLiteral, ExpressibleByStringLiteral,
    ExpressibleByBooleanLiteral, ExpressibleByNilLiteral, ExpressibleByStringInterpolation
{
    init(dictionaryLiteral elements: (String, JSONValue)...) {
        self = .object(elements.map { (key: $0.0, value: $0.1) })
    }
    init(arrayLiteral elements: JSONValue...) { self = .array(elements) }
    init(stringLiteral value: String) { self = .string(value) }
    init(booleanLiteral value: Bool) { self = .bool(value) }
    init(nilLiteral: ()) { self = .null }
}
