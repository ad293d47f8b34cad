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
        // Two pairs of lanes side by side: SSE2 registers hold two, and the second pair hides the first one's latency.
        let mask = SIMD2<UInt64>(repeating: low)
        let m0 = SIMD2<UInt64>(repeating: multiplier0)
        let m1 = SIMD2<UInt64>(repeating: multiplier1)
        var a0 = SIMD2(repeating: first) &+ SIMD2(0, 1)
        var b0 = SIMD2(repeating: first) &+ SIMD2(2, 3)
        var a1 = upper(a0)
        var b1 = upper(b0)
        var a2 = SIMD2<UInt64>(repeating: high)
        var b2 = a2
        var a3 = SIMD2<UInt64>(repeating: high &>> 32)
        var b3 = a3
        var k0 = SIMD2<UInt64>(repeating: key)
        var k1 = SIMD2<UInt64>(repeating: key &>> 32)
        for _ in 0..<10 {
            let pa0 = (a0 & mask) &* m0
            let pa1 = (a2 & mask) &* m1
            let pb0 = (b0 & mask) &* m0
            let pb1 = (b2 & mask) &* m1
            a0 = upper(pa1) ^ a1 ^ k0
            b0 = upper(pb1) ^ b1 ^ k0
            a1 = pa1
            b1 = pb1
            a2 = upper(pa0) ^ a3 ^ k1
            b2 = upper(pb0) ^ b3 ^ k1
            a3 = pa0
            b3 = pb0
            k0 &+= SIMD2(repeating: UInt64(weyl0))
            k1 &+= SIMD2(repeating: UInt64(weyl1))
        }
        let a01 = joined(a0, a1)
        let a23 = joined(a2, a3)
        let b01 = joined(b0, b1)
        let b23 = joined(b2, b3)
        return SIMD8(
            lowHalf: SIMD4(lowHalf: SIMD2(a01[0], a23[0]), highHalf: SIMD2(a01[1], a23[1])),
            highHalf: SIMD4(lowHalf: SIMD2(b01[0], b23[0]), highHalf: SIMD2(b01[1], b23[1])))
    }

    /// The upper word of each lane in its lower half, by a shuffle: the library's vector shift works lane by lane.
    @inlinable @inline(__always)
    static func upper(_ lanes: SIMD2<UInt64>) -> SIMD2<UInt64> {
        let words = unsafeBitCast(lanes, to: SIMD4<UInt32>.self)
        return unsafeBitCast(SIMD4(words[1], words[1], words[3], words[3]), to: SIMD2<UInt64>.self)
    }

    /// The lower words of two lanes side by side.
    @inlinable @inline(__always)
    static func joined(_ first: SIMD2<UInt64>, _ second: SIMD2<UInt64>) -> SIMD2<UInt64> {
        let a = unsafeBitCast(first, to: SIMD4<UInt32>.self)
        let b = unsafeBitCast(second, to: SIMD4<UInt32>.self)
        return unsafeBitCast(SIMD4(a[0], b[0], a[2], b[2]), to: SIMD2<UInt64>.self)
    }
}
