import Foundation
import Testing

@testable import Probability

/// Statistical tests hold at a fixed seed; each says how often it would fail by chance under another.
@Suite struct `the random stream` {
    @Test func `is golden: seed 0 opens with the published block of counter 0`() {
        var random = Random(seed: 0)
        #expect(random.next() == 0xE169_C58D_6627_E8D5)
        #expect(random.next() == 0x9B00_DBD8_BC57_AC4C)
    }

    @Test func `is golden bit by bit over every kind of draw`() {
        var random = Random(seed: 20_251)
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        func fold(_ bits: UInt64) { hash = (hash ^ bits) &* 0x100_0000_01B3 }
        for _ in 0..<20_000 {
            fold(random.next())
            fold(random.uniform().bitPattern)
            fold(random.uniformOpen().bitPattern)
            fold(UInt64(random.integer(below: 1_000_003)))
            fold(random.bernoulli(0.3) ? 1 : 0)
        }
        var child = random.split(3).split(9)
        for _ in 0..<1000 { fold(child.next()) }
        // The same draws by a plain implementation in another language.
        #expect(hash == 3_032_996_356_453_572_107)
    }

    @Test func `splits purely, whatever was drawn before`() {
        var random = Random(seed: 4)
        var before = random.split(11)
        for _ in 0..<13 { _ = random.next() }
        var after = random.split(11)
        for _ in 0..<20 { #expect(before.next() == after.next()) }
        var twin = Random(seed: 4)
        for _ in 0..<13 { _ = twin.next() }
        _ = twin.split(1)
        #expect(random.next() == twin.next())
    }

    @Test func `forks a new stream each time and moves on by one`() {
        var random = Random(seed: 4)
        var first = random.fork()
        var second = random.fork()
        #expect(first.next() != second.next())
        var twin = Random(seed: 4)
        _ = twin.next()
        _ = twin.next()
        #expect(random.next() == twin.next())
    }

    @Test func `gives other numbers for other seeds and other paths`() {
        var seen = Set<UInt64>()
        for seed in 0..<2000 as Range<UInt64> {
            var random = Random(seed: seed)
            seen.insert(random.next())
            for index in 0..<3 as Range<UInt64> {
                var child = random.split(index)
                seen.insert(child.next())
                var grandchild = child.split(index)
                seen.insert(grandchild.next())
            }
        }
        // 14,000 numbers of 64 bits: any two coincide with probability 5e-12.
        #expect(seen.count == 14_000)
    }

    @Test func `is uniform`() {
        var random = Random(seed: 1)
        let sample = (0..<200_000).map { _ in random.uniform() }
        #expect(sample.allSatisfy { $0 >= 0 && $0 < 1 })
        // False alarm 9e-7.
        #expect(kolmogorov(sample) { $0 } < 2.7)
        // Chi-squared over 1,000 cells: mean 999, standard deviation 44.7; 5.5 of them above, about 1e-7.
        var cells = [Int](repeating: 0, count: 1000)
        for u in sample { cells[Int(u * 1000)] += 1 }
        let statistic = cells.reduce(0.0) { $0 + (Double($1) - 200) * (Double($1) - 200) / 200 }
        #expect(abs(statistic - 999) < 5.5 * 44.7)
    }

    @Test func `sets each of the 64 bits half the time, and no two neighbours together`() {
        var random = Random(seed: 2)
        var ones = [Int](repeating: 0, count: 64)
        var pairs = [Int](repeating: 0, count: 64)
        let n = 100_000
        for _ in 0..<n {
            let bits = random.next()
            let both = bits ^ (bits >> 1 | bits << 63)
            for i in 0..<64 {
                ones[i] += Int(bits >> UInt64(i) & 1)
                pairs[i] += Int(both >> UInt64(i) & 1)
            }
        }
        // 128 counts, each within 6 standard errors of n/2: 2.5e-7 in all.
        for i in 0..<64 {
            #expect(abs(Double(ones[i] - n / 2)) < 6 * 0.5 * Double(n).squareRoot())
            #expect(abs(Double(pairs[i] - n / 2)) < 6 * 0.5 * Double(n).squareRoot())
        }
    }

    @Test func `has no correlation between neighbouring streams, seeds or lags`() {
        let n = 100_000
        func correlation(_ a: [Double], _ b: [Double]) -> Double {
            zip(a, b).reduce(0) { $0 + ($1.0 - 0.5) * ($1.1 - 0.5) } * 12 / Double(min(a.count, b.count)).squareRoot()
        }
        func draw(_ random: Random) -> [Double] {
            var random = random
            return (0..<n).map { _ in random.uniform() }
        }
        let root = Random(seed: 3)
        let base = draw(root)
        // Standard normal under independence; 9 of them beyond 6: 2e-8.
        for other in [
            draw(Random(seed: 2)), draw(Random(seed: 4)), draw(root.split(0)), draw(root.split(1)),
            draw(root.split(0).split(0)),
        ] { #expect(abs(correlation(base, other)) < 6) }
        #expect(abs(correlation(draw(root.split(0)), draw(root.split(1)))) < 6)
        for lag in [1, 2, 8] { #expect(abs(correlation(base, Array(base.dropFirst(lag)))) < 6) }
    }

    @Test func `is as uniform across streams as along one`() {
        let root = Random(seed: 5)
        let sample = (0..<100_000 as Range<UInt64>).map { index in
            var stream = root.split(index)
            return stream.uniform()
        }
        // False alarm 9e-7.
        #expect(kolmogorov(sample) { $0 } < 2.7)
    }

    @Test func `draws integers below every small bound equally often`() {
        var random = Random(seed: 6)
        for bound in [1, 2, 3, 5, 6, 7, 10] {
            var counts = [Int](repeating: 0, count: bound)
            for _ in 0..<20_000 { counts[random.integer(below: bound)] += 1 }
            let p = 1 / Double(bound)
            // 34 counts within 6 standard errors: 7e-8.
            for c in counts { #expect(abs(Double(c) - 20_000 * p) <= 6 * (20_000 * p * (1 - p)).squareRoot()) }
        }
    }

    @Test func `draws integers below a bound where plain scaling would be biased`() {
        // Below 3·2^61, three eighths of all multiplications would favour some values by a half: the mean tells.
        var random = Random(seed: 7)
        let bound = 3 << 61
        let values = (0..<50_000).map { _ in Double(random.integer(below: bound)) / Double(bound) }
        // False alarm 9e-7.
        #expect(kolmogorov(values) { $0 } < 2.7)
        #expect(values.allSatisfy { $0 >= 0 && $0 < 1 })
    }

    @Test func `keeps ranges and open ends`() {
        var random = Random(seed: 8)
        for _ in 0..<10_000 {
            let x = random.uniform(in: -3..<(-2.5))
            #expect(x >= -3 && x < -2.5)
            let u = random.uniformOpen()
            #expect(u > 0 && u < 1)
            // One representable number only.
            #expect(random.uniform(in: 1..<1.nextUp) == 1)
        }
        #expect((0..<100).allSatisfy { _ in random.bernoulli(1) && !random.bernoulli(0) })
    }
}
