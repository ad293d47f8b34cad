import NIOCore

/// JSON strings, written and read.
enum JSONText {
    /// `text` in quotes.
    static func quoted(_ text: String) -> String {
        var buffer = ByteBuffer()
        buffer.writeQuoted(text)
        return String(buffer: buffer)
    }

    /// A number as JSON has it; `null` for what is no number.
    static func number(_ value: Double) -> String {
        guard value.isFinite else { return "null" }
        // Whole numbers without a point, as people and other programs write them.
        if value.rounded() == value, abs(value) < 1e15 { return String(Int(value)) }
        return "\(value)"
    }

    /// Dollars to the trillionth: sums of prices without the noise of their last digits.
    static func money(_ value: Double) -> String {
        abs(value) < 1e3 ? number((value * 1e12).rounded() / 1e12) : number(value)
    }

    /// The text of what is between a string's quotes; U+FFFD stands for half a surrogate pair.
    static func unescaped(_ bytes: UnsafeBufferPointer<UInt8>) -> String {
        var result: [UInt8] = []
        result.reserveCapacity(bytes.count)
        func hexadecimal(_ at: Int) -> UInt32 {
            UInt32(String(decoding: bytes[at..<at + 4], as: UTF8.self), radix: 16) ?? 0xFFFD
        }
        var index = 0
        while index < bytes.count {
            let byte = bytes[index]
            guard byte == UInt8(ascii: "\\"), index + 1 < bytes.count else {
                result.append(byte)
                index += 1
                continue
            }
            let kind = bytes[index + 1]
            index += 2
            switch kind {
            case UInt8(ascii: "b"): result.append(8)
            case UInt8(ascii: "f"): result.append(12)
            case UInt8(ascii: "n"): result.append(10)
            case UInt8(ascii: "r"): result.append(13)
            case UInt8(ascii: "t"): result.append(9)
            case UInt8(ascii: "u") where index + 4 <= bytes.count:
                var code = hexadecimal(index)
                index += 4
                if code & 0xFC00 == 0xD800, index + 6 <= bytes.count, bytes[index] == UInt8(ascii: "\\"),
                    bytes[index + 1] == UInt8(ascii: "u")
                {
                    let low = hexadecimal(index + 2)
                    if low & 0xFC00 == 0xDC00 {
                        code = 0x10000 + ((code & 0x3FF) << 10) + (low & 0x3FF)
                        index += 6
                    }
                }
                result.append(contentsOf: Array(String(Unicode.Scalar(code) ?? "\u{FFFD}").utf8))
            default: result.append(kind)
            }
        }
        return String(decoding: result, as: UTF8.self)
    }
}

extension ByteBuffer {
    /// Writes `text` as a JSON string.
    mutating func writeQuoted(_ text: String) {
        writeInteger(UInt8(ascii: "\""))
        var text = text
        text.withUTF8 { bytes in
            var start = 0
            for index in bytes.indices {
                let byte = bytes[index]
                guard byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") else { continue }
                writeBytes(bytes[start..<index])
                start = index + 1
                switch byte {
                case 10: writeStaticString("\\n")
                case 13: writeStaticString("\\r")
                case 9: writeStaticString("\\t")
                case ..<0x20:
                    let digits = String(byte, radix: 16)
                    writeString("\\u" + String(repeating: "0", count: 4 - digits.count) + digits)
                default:
                    writeInteger(UInt8(ascii: "\\"))
                    writeInteger(byte)
                }
            }
            writeBytes(bytes[start...])
        }
        writeInteger(UInt8(ascii: "\""))
    }
}
