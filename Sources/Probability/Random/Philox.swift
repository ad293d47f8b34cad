/// The block function Philox4x32-10: a keyed bijection of 128-bit counters whose outputs pass for random.
///
/// One round maps the words `(x0, x1, x2, x3)` under the round key `(k0, k1)` to
/// `(hi(M1 x2) ^ x1 ^ k0, lo(M1 x2), hi(M0 x0) ^ x3 ^ k1, lo(M0 x0))`; after each of the ten rounds the key moves on by
/// the Weyl constants.
///
/// - Source: J. Salmon, M. Moraes, R. Dror, D. Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC11, 2011,
///   section 4.3, DOI 10.1145/2063384.2063405.
public enum Philox {
    @usableFromInline static let multiplier0: UInt64 = 0xD251_1F53
    @usableFromInline static let multiplier1: UInt64 = 0xCD9E_8D57
    @usableFromInline static let weyl0: UInt32 = 0x9E37_79B9
    @usableFromInline static let weyl1: UInt32 = 0xBB67_AE85
    @usableFromInline static let low: UInt64 = 0xFFFF_FFFF

    /// The image of one 128-bit counter under one 64-bit key, word 0 first.
    public static func block(counter: SIMD4<UInt32>, key: SIMD2<UInt32>) -> SIMD4<UInt32> {
        var x = counter
        var k = key
        for _ in 0..<10 {
            let p0 = multiplier0 * UInt64(x[0])
            let p1 = multiplier1 * UInt64(x[2])
            x = SIMD4(
                UInt32(p1 >> 32) ^ x[1] ^ k[0], UInt32(p1 & low),
                UInt32(p0 >> 32) ^ x[3] ^ k[1], UInt32(p0 & low))
            k[0] &+= weyl0
            k[1] &+= weyl1
        }
        return x
    }

    /// Four blocks at once, for the counters whose low half is `first`, `first + 1`, `first + 2`, `first + 3` and whose
    /// high half is `high`: eight 64-bit numbers in the order of the stream.
    ///
    /// A lane is 64 bits wide and holds one 32-bit word, so that the product of a lane is one `pmuludq`; what is left in
    /// its upper half is garbage that the next product ignores.
    @inlinable @inline(__always)
    static func eightNumbers(first: UInt64, high: UInt64, key: UInt64) -> SIMD8<UInt64> {
        let counters = SIMD4<UInt64>(first, first &+ 1, first &+ 2, first &+ 3)
        let mask = SIMD4<UInt64>(repeating: low)
        let m0 = SIMD4<UInt64>(repeating: multiplier0)
        let m1 = SIMD4<UInt64>(repeating: multiplier1)
        var x0 = counters
        var x1 = counters &>> 32
        var x2 = SIMD4<UInt64>(repeating: high)
        var x3 = SIMD4<UInt64>(repeating: high &>> 32)
        var k0 = UInt32(truncatingIfNeeded: key)
        var k1 = UInt32(truncatingIfNeeded: key &>> 32)
        for _ in 0..<10 {
            let p0 = (x0 & mask) &* m0
            let p1 = (x2 & mask) &* m1
            x0 = (p1 &>> 32) ^ x1 ^ SIMD4(repeating: UInt64(k0))
            x1 = p1
            x2 = (p0 &>> 32) ^ x3 ^ SIMD4(repeating: UInt64(k1))
            x3 = p0
            k0 &+= weyl0
            k1 &+= weyl1
        }
        let even = (x0 & mask) | (x1 &<< 32)
        let odd = (x2 & mask) | (x3 &<< 32)
        var numbers = SIMD8<UInt64>()
        numbers.evenHalf = even
        numbers.oddHalf = odd
        return numbers
    }
}
