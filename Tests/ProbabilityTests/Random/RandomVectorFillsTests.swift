import Foundation
import NumericalMethods
import Testing

import CVectorKernels
@testable import Probability

@Suite(.serialized) struct `vector fills` {
    func normals(_ count: Int, seed: UInt64) -> [Double] {
        var random = Random(seed: seed)
        var x = [Double](repeating: 0, count: count)
        x.withUnsafeMutableBufferPointer { random.fillNormals($0) }
        return x
    }

    @Test func `the vector Philox gives the blocks of the scalar one, bit by bit, under every instruction set`() {
        let usual = String(cString: cvk_instruction_set())
        for set in ["sse2", "avx2", "avx512", "plain"] where cvk_select_instruction_set(set) == 1 {
            for first in [0, 5, 0xFFFF_FFFC, 0xFFFF_FFFF_FFFF_FFFC] as [UInt64] {
                for (high, key) in [(0, 0), (0x1234_5678_9ABC_DEF0, 0xFEDC_BA98_7654_3210), (.max, .max)]
                    as [(UInt64, UInt64)]
                {
                    var numbers = [UInt64](repeating: 0, count: 2 * 13)
                    cvk_philox(first, high, key, &numbers, 13)
                    for block in 0..<13 {
                        let low = first &+ UInt64(block)
                        let words = Philox.block(
                            counter: SIMD4(
                                UInt32(truncatingIfNeeded: low), UInt32(low >> 32), UInt32(truncatingIfNeeded: high),
                                UInt32(high >> 32)), key: SIMD2(UInt32(truncatingIfNeeded: key), UInt32(key >> 32)))
                        #expect(numbers[2 * block] == UInt64(words[1]) << 32 | UInt64(words[0]))
                        #expect(numbers[2 * block + 1] == UInt64(words[3]) << 32 | UInt64(words[2]))
                    }
                }
            }
        }
        #expect(cvk_select_instruction_set(usual) == 1)
    }

    @Test func `a uniform fill gives what single draws give`() {
        var one = Random(seed: 3).split(4)
        var other = one
        var x = [Double](repeating: 0, count: 1_000)
        x.withUnsafeMutableBufferPointer { one.fillUniforms($0) }
        #expect(x == (0..<1_000).map { _ in other.uniform() })
        #expect(one.next() == other.next())
    }

    @Test func `a fill begins where the last one ended`() {
        var one = Random(seed: 9)
        var parts = [Double](repeating: 0, count: 64)
        parts.withUnsafeMutableBufferPointer {
            one.fillNormals(UnsafeMutableBufferPointer(rebasing: $0[0..<32]))
            one.fillNormals(UnsafeMutableBufferPointer(rebasing: $0[32..<64]))
        }
        #expect(parts == normals(64, seed: 9))
    }

    @Test func `normal fills follow the normal law`() {
        // Kolmogorov's distance times √n is above 3.3 with probability 7e-10.
        let x = normals(200_000, seed: 1)
        #expect(kolmogorov(x, normalCDF) < 3.3)
        // The squares of pairs from one block make an exponential; a dependence of the two would show.
        var squares: [Double] = []
        var angles: [Double] = []
        for first in x.indices where first % 16 < 8 {
            let (cosine, sine) = (x[first], x[first + 8])
            squares.append(cosine * cosine + sine * sine)
            angles.append(atan2(sine, cosine) / (2 * Double.pi) + 0.5)
        }
        #expect(kolmogorov(squares) { 1 - exp(-$0 / 2) } < 3.3)
        #expect(kolmogorov(angles) { $0 } < 3.3)
    }

    @Test func `normal fills have the normal's moments`() {
        // n = 4e6: standard errors of the first four moments are √(1, 2, 15, 96) / 2000; six of them, 2e-9 each.
        let x = normals(4_000_000, seed: 2)
        let n = Double(x.count)
        #expect(abs(x.reduce(0, +) / n) < 6 * 1 / 2000)
        #expect(abs(x.reduce(0) { $0 + $1 * $1 } / n - 1) < 6 * 2.0.squareRoot() / 2000)
        #expect(abs(x.reduce(0) { $0 + $1 * $1 * $1 } / n) < 6 * 15.0.squareRoot() / 2000)
        #expect(abs(x.reduce(0) { $0 + $1 * $1 * $1 * $1 } / n - 3) < 6 * 96.0.squareRoot() / 2000)
    }

    @Test func `normal fills agree between instruction sets to the last digits`() {
        let usual = String(cString: cvk_instruction_set())
        let expected = normals(10_007, seed: 5)
        for set in ["sse2", "avx2", "avx512", "plain"] where cvk_select_instruction_set(set) == 1 {
            #expect(zip(expected, normals(10_007, seed: 5)).allSatisfy { abs($0 - $1) <= 1e-15 * max(1, abs($0)) })
        }
        #expect(cvk_select_instruction_set(usual) == 1)
    }
}
