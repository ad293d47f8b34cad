#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// Gives each distinct byte string a number, 0, 1, 2, ... in order of first appearance, without a `String` for repeats.
struct ByteInterner {
    /// The distinct texts.
    private(set) var names: [String] = []
    private var bytes: [UInt8] = []
    private var ends: [Int] = [0]
    private var hashes: [UInt64] = []
    /// Open addressing: a number plus one, or zero.
    private var table = [Int32](repeating: 0, count: 16)
    private var last = -1

    /// The number of `text`, or nil when it is no valid UTF-8.
    mutating func code(_ text: UnsafeBufferPointer<UInt8>) -> Int? {
        if last >= 0, holds(last, text) { return last }
        let hash = ByteHash.of(text)
        let mask = table.count - 1
        var slot = Int(truncatingIfNeeded: hash) & mask
        while table[slot] != 0 {
            let code = Int(table[slot]) - 1
            if hashes[code] == hash, holds(code, text) {
                last = code
                return code
            }
            slot = (slot + 1) & mask
        }
        guard let name = String(validating: text, as: UTF8.self) else { return nil }
        let code = names.count
        names.append(name)
        bytes.append(contentsOf: text)
        ends.append(bytes.count)
        hashes.append(hash)
        table[slot] = Int32(code + 1)
        if names.count * 2 > table.count { grow() }
        last = code
        return code
    }

    private func holds(_ code: Int, _ text: UnsafeBufferPointer<UInt8>) -> Bool {
        let start = ends[code]
        let count = ends[code + 1] - start
        guard count == text.count else { return false }
        return count == 0
            || bytes.withUnsafeBufferPointer { memcmp($0.baseAddress! + start, text.baseAddress!, count) == 0 }
    }

    private mutating func grow() {
        table = [Int32](repeating: 0, count: table.count * 2)
        let mask = table.count - 1
        for (code, hash) in hashes.enumerated() {
            var slot = Int(truncatingIfNeeded: hash) & mask
            while table[slot] != 0 { slot = (slot + 1) & mask }
            table[slot] = Int32(code + 1)
        }
    }
}

/// A fast hash of bytes, the same in every run.
enum ByteHash {
    /// The hash of `text`: eight bytes at a time, each mixed in by a wide multiplication.
    static func of(_ text: UnsafeBufferPointer<UInt8>) -> UInt64 {
        guard let base = UnsafeRawPointer(text.baseAddress) else { return 0 }
        var hash = UInt64(text.count) ^ 0x9E37_79B9_7F4A_7C15
        var position = 0
        while position < text.count {
            var word: UInt64 = 0
            memcpy(&word, base + position, min(8, text.count - position))
            let (high, low) = (hash ^ word).multipliedFullWidth(by: 0xD6E8_FEB8_6659_FD93)
            hash = high ^ low ^ (word &+ 0xA076_1D64_78BD_642F)
            position += 8
        }
        hash ^= hash >> 32
        hash = hash &* 0xD6E8_FEB8_6659_FD93
        return hash ^ hash >> 32
    }
}
