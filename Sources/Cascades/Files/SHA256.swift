/// The SHA-256 checksum of bytes that come piece by piece.
///
///     var sum = SHA256()
///     sum.update(bytes)
///     sum.hexadecimal   // 64 digits
///
/// - Source: FIPS 180-4, sections 5 and 6.2.
public struct SHA256: Sendable {
    private var state: [UInt32] = [
        0x6a09_e667, 0xbb67_ae85, 0x3c6e_f372, 0xa54f_f53a, 0x510e_527f, 0x9b05_688c, 0x1f83_d9ab, 0x5be0_cd19,
    ]
    /// Bytes that do not fill a block yet.
    private var rest: [UInt8] = []
    private var byteCount: UInt64 = 0

    /// The checksum of nothing, so far.
    public init() {}

    /// Takes `bytes` as what comes next.
    public mutating func update(_ bytes: some Collection<UInt8>) {
        byteCount += UInt64(bytes.count)
        if bytes.withContiguousStorageIfAvailable({ update($0) }) == nil {
            Array(bytes).withUnsafeBufferPointer { update($0) }
        }
    }

    private mutating func update(_ bytes: UnsafeBufferPointer<UInt8>) {
        var place = 0
        if !rest.isEmpty {
            place = min(64 - rest.count, bytes.count)
            rest += bytes[..<place]
            guard rest.count == 64 else { return }
            let block = rest
            block.withUnsafeBufferPointer { Self.mix($0, blocks: 1, into: &state) }
            rest.removeAll(keepingCapacity: true)
        }
        let blocks = (bytes.count - place) / 64
        if blocks > 0 { Self.mix(UnsafeBufferPointer(rebasing: bytes[place...]), blocks: blocks, into: &state) }
        rest += bytes[(place + blocks * 64)...]
    }

    /// The checksum of all bytes so far, as 64 hexadecimal digits.
    public var hexadecimal: String {
        var end = self
        // A one bit, zeros, and the number of bits fill the last block.
        var padding: [UInt8] = [0x80]
        padding += [UInt8](repeating: 0, count: (119 - rest.count) % 64)
        withUnsafeBytes(of: (byteCount * 8).bigEndian) { padding += $0 }
        end.update(padding)
        return end.state.map { word in
            let digits = String(word, radix: 16)
            return String(repeating: "0", count: 8 - digits.count) + digits
        }.joined()
    }

    private static func mix(_ bytes: UnsafeBufferPointer<UInt8>, blocks: Int, into state: inout [UInt32]) {
        withUnsafeTemporaryAllocation(of: UInt32.self, capacity: 64) { schedule in
            constants.withUnsafeBufferPointer { constants in
                for block in 0..<blocks {
                    let start = UnsafeRawPointer(bytes.baseAddress! + block * 64)
                    for index in 0..<16 {
                        schedule[index] = UInt32(
                            bigEndian: start.loadUnaligned(fromByteOffset: index * 4, as: UInt32.self))
                    }
                    for index in 16..<64 {
                        let (x, y) = (schedule[index - 15], schedule[index - 2])
                        let small = rotated(x, 7) ^ rotated(x, 18) ^ (x >> 3)
                        let large = rotated(y, 17) ^ rotated(y, 19) ^ (y >> 10)
                        schedule[index] = schedule[index - 16] &+ small &+ schedule[index - 7] &+ large
                    }
                    var (a, b, c, d) = (state[0], state[1], state[2], state[3])
                    var (e, f, g, h) = (state[4], state[5], state[6], state[7])
                    for index in 0..<64 {
                        let first =
                            h &+ (rotated(e, 6) ^ rotated(e, 11) ^ rotated(e, 25)) &+ ((e & f) ^ (~e & g))
                            &+ constants[index] &+ schedule[index]
                        let second =
                            (rotated(a, 2) ^ rotated(a, 13) ^ rotated(a, 22)) &+ ((a & b) ^ (a & c) ^ (b & c))
                        (h, g, f, e) = (g, f, e, d &+ first)
                        (d, c, b, a) = (c, b, a, first &+ second)
                    }
                    for (index, value) in [a, b, c, d].enumerated() { state[index] &+= value }
                    for (index, value) in [e, f, g, h].enumerated() { state[index + 4] &+= value }
                }
            }
        }
    }

    private static func rotated(_ word: UInt32, _ count: UInt32) -> UInt32 { word >> count | word << (32 - count) }

    /// The first 32 bits of the fractional parts of the cube roots of the first 64 primes.
    private static let constants: [UInt32] = [
        0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5, 0xd807aa98,
        0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174, 0xe49b69c1, 0xefbe4786,
        0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da, 0x983e5152, 0xa831c66d, 0xb00327c8,
        0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967, 0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13,
        0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85, 0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819,
        0xd6990624, 0xf40e3585, 0x106aa070, 0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a,
        0x5b9cca4f, 0x682e6ff3, 0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7,
        0xc67178f2,
    ]
}
