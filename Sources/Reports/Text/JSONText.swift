/// Numbers and strings as JSON writes them (RFC 8259): the one place that escapes.
public enum JSONText {
    /// `text` in quotation marks, with everything escaped that JSON forbids inside them.
    public static func quoted(_ text: String) -> String {
        var result = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": result += "\\\""
            case "\\": result += "\\\\"
            case "\n": result += "\\n"
            case "\r": result += "\\r"
            case "\t": result += "\\t"
            case _ where scalar.value < 0x20 || scalar.value == 0x7F:
                let digits = String(scalar.value, radix: 16)
                result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result + "\""
    }

    /// The shortest text that reads back as the same number, whole numbers without a point; `null` for none and for what
    /// is not finite, which JSON has no word for.
    public static func number(_ value: Double?) -> String {
        guard let value, value.isFinite else { return "null" }
        return shortest(value)
    }

    /// The same for a finite number.
    static func shortest(_ value: Double) -> String {
        if let whole = Int(exactly: value), abs(whole) < 1_000_000_000_000_000 { return String(whole) }
        return String(value)
    }
}
