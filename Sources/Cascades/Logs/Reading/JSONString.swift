/// The escapes of JSON strings.
enum JSONString {
    /// Reads on from `p`, which stands at the first backslash of a string that began at `start`, to behind its closing
    /// quote. `result` gets the whole string. False, with `p` at the trouble, for a broken escape, half a surrogate pair
    /// or a control character. The bytes must end with a control character.
    static func unescape(_ p: inout UnsafePointer<UInt8>, from start: UnsafePointer<UInt8>, into result: ScratchBytes)
        -> Bool
    {
        result.reset(UnsafeBufferPointer(start: start, count: p - start))
        while true {
            let byte = p.pointee
            if byte == UInt8(ascii: "\"") {
                p += 1
                return true
            }
            if byte < 0x20 { return false }
            if byte != UInt8(ascii: "\\") {
                result.append(byte)
                p += 1
                continue
            }
            switch p[1] {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): result.append(p[1])
            case UInt8(ascii: "b"): result.append(8)
            case UInt8(ascii: "f"): result.append(12)
            case UInt8(ascii: "n"): result.append(10)
            case UInt8(ascii: "r"): result.append(13)
            case UInt8(ascii: "t"): result.append(9)
            case UInt8(ascii: "u"):
                guard var code = hex(p + 2) else { return false }
                if code & 0xFC00 == 0xD800 {
                    guard p[6] == UInt8(ascii: "\\"), p[7] == UInt8(ascii: "u"), let low = hex(p + 8),
                        low & 0xFC00 == 0xDC00
                    else { return false }
                    code = 0x10000 + ((code & 0x3FF) << 10) + (low & 0x3FF)
                    p += 6
                }
                guard let scalar = Unicode.Scalar(code) else { return false }
                for unit in UTF8.encode(scalar)! { result.append(unit) }
                p += 4
            default: return false
            }
            p += 2
        }
    }

    /// Four hexadecimal digits. Stops at the first byte that is none, so that it never reads behind the end.
    private static func hex(_ p: UnsafePointer<UInt8>) -> UInt32? {
        var value: UInt32 = 0
        for position in 0..<4 {
            switch p[position] {
            case 48...57: value = value << 4 | UInt32(p[position] - 48)
            case 65...70: value = value << 4 | UInt32(p[position] - 55)
            case 97...102: value = value << 4 | UInt32(p[position] - 87)
            default: return nil
            }
        }
        return value
    }
}

/// The first bytes of what was found, for error messages.
enum Snippet {
    /// At most 40 bytes from `p` up to one that `isStop`, in quotes; bad bytes and control characters are replaced.
    static func of(_ p: UnsafePointer<UInt8>, end: UnsafePointer<UInt8>, isStop: (UInt8) -> Bool) -> String {
        var count = 0
        while count < 40, p + count < end, !isStop(p[count]) { count += 1 }
        if count == 0 { return p < end ? "nothing" : "the end of the file" }
        let more = p + count < end && !isStop(p[count])
        // A cut character is dropped with its first bytes.
        if more { while count > 1, p[count] & 0xC0 == 0x80 { count -= 1 } }
        let text = String(decoding: UnsafeBufferPointer(start: p, count: count), as: UTF8.self)
        return "'" + String(text.unicodeScalars.map { $0.value < 0x20 ? " " : Character($0) }) + (more ? "...'" : "'")
    }
}

/// Bytes put together piece by piece, at an address that holds until the next ones are begun.
final class ScratchBytes {
    private var start = UnsafeMutablePointer<UInt8>.allocate(capacity: 256)
    private var capacity = 256
    private var count = 0

    deinit { start.deallocate() }

    /// What was put together.
    var bytes: UnsafeBufferPointer<UInt8> { UnsafeBufferPointer(start: start, count: count) }

    /// Begins anew with `bytes`.
    func reset(_ bytes: UnsafeBufferPointer<UInt8>) {
        count = 0
        reserve(bytes.count)
        if let source = bytes.baseAddress { start.update(from: source, count: bytes.count) }
        count = bytes.count
    }

    /// Adds a byte.
    func append(_ byte: UInt8) {
        if count == capacity { reserve(count + 1) }
        start[count] = byte
        count += 1
    }

    private func reserve(_ needed: Int) {
        guard needed > capacity else { return }
        let larger = UnsafeMutablePointer<UInt8>.allocate(capacity: needed * 2)
        larger.update(from: start, count: count)
        start.deallocate()
        start = larger
        capacity = needed * 2
    }
}
