import Testing

@testable import Probability

@Suite struct `the Philox generator` {
    /// Known answers of philox4x32-10 as published with Random123 (Salmon et al., 2011): counter, key, output.
    static let published: [(SIMD4<UInt32>, SIMD2<UInt32>, SIMD4<UInt32>)] = [
        (
            SIMD4(0, 0, 0, 0), SIMD2(0, 0),
            SIMD4(0x6627_E8D5, 0xE169_C58D, 0xBC57_AC4C, 0x9B00_DBD8)
        ),
        (
            SIMD4(repeating: 0xFFFF_FFFF), SIMD2(repeating: 0xFFFF_FFFF),
            SIMD4(0x408F_276D, 0x41C8_3B0E, 0xA20B_C7C6, 0x6D54_51FD)
        ),
        (
            SIMD4(0x243F_6A88, 0x85A3_08D3, 0x1319_8A2E, 0x0370_7344), SIMD2(0xA409_3822, 0x299F_31D0),
            SIMD4(0xD16C_FE09, 0x94FD_CCEB, 0x5001_E420, 0x2412_6EA1)
        ),
    ]

    @Test(arguments: 0..<3) func `matches the published vectors`(_ index: Int) {
        let (counter, key, output) = Self.published[index]
        #expect(Philox.block(counter: counter, key: key) == output)
    }

    @Test func `gives the same numbers four blocks at a time, across carries into the upper words`() {
        for first in [0, 1, 0xFFFF_FFFE, 0xFFFF_FFFF_FFFF_FFFE] as [UInt64] {
            for (high, key) in [(0, 0), (0x1234_5678_9ABC_DEF0, 0xFEDC_BA98_7654_3210), (.max, .max)]
                as [(UInt64, UInt64)]
            {
                let eight = Philox.eightNumbers(first: first, high: high, key: key)
                for i in 0..<4 {
                    let low = first &+ UInt64(i)
                    let words = Philox.block(
                        counter: SIMD4(
                            UInt32(truncatingIfNeeded: low), UInt32(low >> 32), UInt32(truncatingIfNeeded: high),
                            UInt32(high >> 32)), key: SIMD2(UInt32(truncatingIfNeeded: key), UInt32(key >> 32)))
                    #expect(eight[2 * i] == UInt64(words[1]) << 32 | UInt64(words[0]))
                    #expect(eight[2 * i + 1] == UInt64(words[3]) << 32 | UInt64(words[2]))
                }
            }
        }
    }

    @Test func `a changed bit of the counter changes half the bits of the output`() {
        // 128 flips x 128 bits: the share of changed bits is 1/2 with standard error 1/256; 5 of them: 6e-7.
        var changed = 0
        let counter = SIMD4<UInt32>(1, 2, 3, 4)
        let key = SIMD2<UInt32>(5, 6)
        let base = Philox.block(counter: counter, key: key)
        for bit in 0..<128 {
            var other = counter
            other[bit / 32] ^= 1 << UInt32(bit % 32)
            let difference = base ^ Philox.block(counter: other, key: key)
            for i in 0..<4 { changed += difference[i].nonzeroBitCount }
        }
        #expect(abs(Double(changed) / 16384 - 0.5) < 5.0 / 256)
    }
}
