import Foundation
import Testing

@testable import NumericalMethods

/// Runs one at a time: the tests switch the instruction set of the process.
@Suite(.serialized) struct `vector functions` {
    static let sets = ["sse2", "avx2", "avx512", "plain"]

    /// Calls `body` under every instruction set that the machine knows, and leaves the first choice in place.
    func onEverySet(_ body: (String) -> Void) {
        let usual = VectorFunctions.instructionSet
        var known = 0
        for name in Self.sets where VectorFunctions.selectInstructionSet(name) {
            known += 1
            body(name)
        }
        #expect(known >= 1)
        #expect(VectorFunctions.selectInstructionSet(usual))
    }

    /// Units in the last place between two numbers, of the second one's size; 0 for two NaNs.
    func units(_ a: Double, _ b: Double) -> Double {
        if a == b || a.isNaN && b.isNaN { return 0 }
        guard a.isFinite, b.isFinite else { return .infinity }
        return abs(a - b) / b.ulp
    }

    /// Numbers over the whole line, dense near zero: the same on every machine.
    func numbers(_ count: Int, _ map: (Double) -> Double) -> [Double] {
        var generator = SplitMix64(seed: 11)
        return (0..<count).map { _ in map(Double(generator.next() >> 11) * 0x1p-53) }
    }

    func worst(_ x: [Double], _ ours: [Double], _ theirs: (Double) -> Double) -> Double {
        zip(x, ours).reduce(0) { Swift.max($0, units($1.1, theirs($1.0))) }
    }

    @Test func `the exponential is Foundation's to 2 ulp, from overflow to the smallest subnormal`() {
        let wide =
            numbers(100_003) { -750 + 1460 * $0 } + [
                0, -0.0, .infinity, -.infinity, .nan, -745.13, -745.14, 709.78, 709.79,
            ]
        let near = numbers(100_001) { 4 * $0 - 2 }
        onEverySet { set in
            #expect(worst(wide, VectorFunctions.exp(wide), Foundation.exp) <= 2, "\(set)")
            #expect(worst(near, VectorFunctions.exp(near), Foundation.exp) <= 2, "\(set)")
        }
    }

    @Test func `the logarithm is Foundation's to 1 ulp, at zero, below it and among subnormals too`() {
        let wide =
            numbers(100_003) { Foundation.exp(-744 + 1453 * $0) } + [
                0, -0.0, .infinity, -.infinity, .nan, -1, Double.leastNonzeroMagnitude, 1,
            ]
        let near = numbers(100_001) { 0.5 + $0 }
        onEverySet { set in
            #expect(worst(wide, VectorFunctions.log(wide), Foundation.log) <= 1, "\(set)")
            #expect(worst(near, VectorFunctions.log(near), Foundation.log) <= 1, "\(set)")
        }
    }

    @Test func `log(1 + x) is Foundation's to 2 ulp, for what vanishes beside 1 too`() {
        let small = numbers(100_003) {
            Foundation.exp(-60 * $0) * ($0 * 1e6 - ($0 * 1e6).rounded(.down) < 0.5 ? -1 : 1)
        }
        let special = [0, -1, -2, .infinity, .nan, 2048 * Double.leastNonzeroMagnitude]
        let wide = numbers(100_001) { Foundation.exp(-50 + 700 * $0) } + special
        onEverySet { set in
            #expect(worst(small, VectorFunctions.log1p(small), Foundation.log1p) <= 2, "\(set)")
            #expect(worst(wide, VectorFunctions.log1p(wide), Foundation.log1p) <= 2, "\(set)")
        }
        #expect(VectorFunctions.log1p([-0.0])[0].sign == .minus)
    }

    @Test func `softplus and sigmoid agree with the scalar functions to 5 ulp in one pass`() {
        let x = numbers(100_003) { 100 * $0 - 50 } + [0, .infinity, -.infinity, .nan, 800, -800, 1e-300]
        var softplus = x
        var sigmoid = x
        onEverySet { set in
            x.withUnsafeBufferPointer { x in
                softplus.withUnsafeMutableBufferPointer { a in
                    sigmoid.withUnsafeMutableBufferPointer { b in
                        VectorFunctions.softplusAndSigmoid(x, softplus: a, sigmoid: b)
                    }
                }
            }
            #expect(worst(x, softplus, NumericalMethods.softplus) <= 5, "\(set)")
            #expect(worst(x, sigmoid, NumericalMethods.sigmoid) <= 5, "\(set)")
        }
    }

    @Test func `every length is served, whatever is left over after the eights`() {
        for count in 0..<35 {
            let x = numbers(count) { 6 * $0 - 3 }
            let largest = x.max() ?? -.infinity
            let terms = x.map { Foundation.exp($0 - 1) }
            onEverySet { _ in
                #expect(worst(x, VectorFunctions.exp(x), Foundation.exp) <= 2)
                x.withUnsafeBufferPointer { #expect(VectorFunctions.max($0) == largest) }
                var stored = [Double](repeating: .nan, count: count)
                let sums = x.withUnsafeBufferPointer { x in
                    stored.withUnsafeMutableBufferPointer { VectorFunctions.exponentials(x, shift: 1, into: $0) }
                }
                #expect(zip(stored, terms).allSatisfy { units($0, $1) <= 2 })
                #expect(abs(sums.sum - terms.reduce(0, +)) <= 1e-13)
                #expect(abs(sums.sumOfSquares - terms.reduce(0) { $0 + $1 * $1 }) <= 1e-12)
                #expect(x.withUnsafeBufferPointer { VectorFunctions.sumsOfExponentials($0, shift: 1) } == sums)
            }
        }
    }

    @Test func `a function may write where it reads`() {
        var x = numbers(1_003) { $0 }
        let expected = VectorFunctions.exp(x)
        x.withUnsafeMutableBufferPointer { VectorFunctions.exp(UnsafeBufferPointer($0), into: $0) }
        #expect(x == expected)
        let line = numbers(101) { $0 }
        var result = line
        line.withUnsafeBufferPointer { x in
            result.withUnsafeMutableBufferPointer {
                VectorFunctions.affine(1, 2, x, -3, UnsafeBufferPointer($0), into: $0)
            }
        }
        #expect(zip(line, result).allSatisfy { abs($1 - (1 - $0)) <= 1e-15 })
    }

    @Test func `a NaN is never lost`() {
        onEverySet { _ in
            for place in 0..<19 {
                var x = [Double](repeating: -1, count: 19)
                x[place] = .nan
                x.withUnsafeBufferPointer {
                    #expect(VectorFunctions.max($0).isNaN)
                    #expect(VectorFunctions.sumsOfExponentials($0, shift: 0).sum.isNaN)
                }
            }
        }
    }

    @Test func `blocks of exponentials in single precision are Foundation's to what is promised`() {
        for count in [1, 15, 16, 63, 64, 65, 1000, 4099] {
            var x = numbers(count) { -40 * $0 * $0 }.map(Float.init)
            if count > 20 { x[count / 3] = -.infinity }
            let shift = x.max()!
            let blocks = (count + 63) / 64
            let mask = numbers(blocks) { $0 }.map { $0.bitPattern &* 0x9E37_79B9_7F4A_7C15 }
            onEverySet { set in
                var sums = [Double](repeating: -1, count: blocks)
                var (whole, moments, terms) = (sums, sums, [Float](repeating: -1, count: count))
                x.withUnsafeBufferPointer { x in
                    sums.withUnsafeMutableBufferPointer { sums in
                        whole.withUnsafeMutableBufferPointer { whole in
                            moments.withUnsafeMutableBufferPointer { moments in
                                terms.withUnsafeMutableBufferPointer { terms in
                                    mask.withUnsafeBufferPointer { mask in
                                        VectorFunctions.exponentialBlocks(
                                            x, shift: shift, scale: 0.8, mask: mask.baseAddress,
                                            terms: terms.baseAddress, sums: sums, whole: whole, moments: moments)
                                    }
                                }
                            }
                        }
                    }
                    #expect(VectorFunctions.max(x) == shift)
                    let sorted = x.sorted(by: >)
                    #expect(VectorFunctions.largestTwo(x) == (sorted[0], count > 1 ? sorted[1] : -.infinity))
                }
                let bits = (0..<count).map { mask[$0 / 64] >> UInt64($0 % 64) & 1 == 1 }
                for block in 0..<blocks {
                    let places = 64 * block..<min(64 * block + 64, count)
                    let t = places.map { 0.8 * (Double(x[$0]) - Double(shift)) }
                    var (sum, all, moment) = (0.0, 0.0, 0.0)
                    for (t, place) in zip(t, places) {
                        let e = Foundation.exp(t)
                        #expect(
                            abs(Double(terms[place]) - (bits[place] ? e : 0)) <= 6e-7 * (1 - max(t, -90)) * e + 2e-38)
                        if bits[place] { sum += e }
                        all += e
                        if t > -80 { moment += t * e }
                    }
                    #expect(abs(sums[block] - sum) <= 4e-6 * all + 1e-30, "\(set) \(count)")
                    #expect(abs(whole[block] - all) <= 4e-6 * all + 1e-30, "\(set) \(count)")
                    #expect(abs(moments[block] - moment) <= 4e-6 * (all - moment) + 1e-30, "\(set) \(count)")
                }
            }
        }
        onEverySet { _ in
            [Float.nan, 1].withUnsafeBufferPointer {
                #expect(VectorFunctions.max($0).isNaN && VectorFunctions.largestTwo($0).first.isNaN)
            }
            [Float]().withUnsafeBufferPointer { #expect(VectorFunctions.max($0) == -.infinity) }
            [Float](repeating: 2, count: 40).withUnsafeBufferPointer {
                #expect(VectorFunctions.largestTwo($0) == (2, 2))
            }
        }
        let row = numbers(1003) { 30 * $0 }.map(Float.init)
        onEverySet { set in
            var out = [Double](repeating: 0, count: 1003)
            let total = row.withUnsafeBufferPointer { row in
                out.withUnsafeMutableBufferPointer {
                    VectorFunctions.exponentials(row, shift: 30, scale: 1.25, into: $0)
                }
            }
            #expect(worst(row.map { (Double($0) - 30) * 1.25 }, out) { Foundation.exp($0) } <= 2, "\(set)")
            #expect(abs(total / out.reduce(0, +) - 1) < 1e-13)
        }
    }
}
