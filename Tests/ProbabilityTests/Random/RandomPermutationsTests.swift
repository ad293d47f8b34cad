import Testing

@testable import Probability

@Suite struct `random orders and subsets` {
    @Test func `all 24 orders of four come equally often`() {
        var random = Random(seed: 31)
        var counts: [[Int]: Int] = [:]
        for _ in 0..<48_000 { counts[random.permutation(of: 4), default: 0] += 1 }
        // 24 counts within 6 standard errors (43.8) of 2,000: 5e-8.
        #expect(counts.count == 24)
        for count in counts.values { #expect(abs(count - 2000) < 263) }
    }

    @Test(arguments: [(3, 5), (2, 40), (0, 7), (7, 7)])
    func `samples without replacement are distinct and every item is as likely`(_ count: Int, _ population: Int) {
        var random = Random(seed: 32)
        var hits = [Int](repeating: 0, count: population)
        var firsts = [Int](repeating: 0, count: population)
        for _ in 0..<20_000 {
            let sample = random.sample(count, outOf: population)
            #expect(Set(sample).count == count)
            for item in sample { hits[item] += 1 }
            if let first = sample.first { firsts[first] += 1 }
        }
        let p = Double(count) / Double(population)
        let q = count > 0 ? 1 / Double(population) : 0
        // At most 94 counts within 6 standard errors: 2e-7.
        for h in hits { #expect(abs(Double(h) - 20_000 * p) <= 6 * (20_000 * p * (1 - p)).squareRoot()) }
        for h in firsts { #expect(abs(Double(h) - 20_000 * q) <= 6 * (20_000 * q * (1 - q)).squareRoot()) }
    }
}
