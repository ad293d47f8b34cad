import Foundation
import Probability
import Testing

@Suite struct `bets on a mean` {
    private func rejections(_ level: Double, runs: Int, items: Int, _ value: (Int, inout Random) -> Double) -> Int {
        (0..<runs).count { run in
            var random = Random(seed: 7).split(UInt64(run))
            var bet = SequentialBet()
            for item in 0..<items { bet.observe(value(item, &random) - 0.8, atMost: 0.2) }
            return bet.rejects(level: level)
        }
    }

    @Test func `a mean that is kept is hardly ever called broken, however often one looks`() {
        // At the edge of the hypothesis, where a test that looks at every item would reject nearly always.
        let rejected = rejections(0.05, runs: 400, items: 2000) { _, random in random.bernoulli(0.8) ? 1 : 0 }
        #expect(rejected <= 33, "\(rejected) of 400, where 20 are allowed on average")
    }

    @Test func `the expected capital is one where the mean is at the edge`() {
        // Enumerated: every sequence of eight coins, with its probability.
        var mean = 0.0
        for bits in 0..<256 {
            var bet = SequentialBet()
            var probability = 1.0
            for place in 0..<8 {
                let good = bits >> place & 1 == 1
                probability *= good ? 0.8 : 0.2
                bet.observe(good ? 0.2 : -0.8, atMost: 0.2)
            }
            mean += probability * bet.eValue
        }
        #expect(abs(mean - 1) < 1e-12)
    }

    @Test func `a mean that falls after a long good while is seen soon`() {
        var random = Random(seed: 3)
        var bet = SequentialBet()
        for _ in 0..<20_000 { bet.observe((random.bernoulli(0.95) ? 1 : 0) - 0.8, atMost: 0.2) }
        #expect(!bet.rejects(level: 0.01))
        var items = 0
        while !bet.rejects(level: 0.01), items < 5000 {
            bet.observe((random.bernoulli(0.6) ? 1 : 0) - 0.8, atMost: 0.2)
            items += 1
        }
        #expect(items < 400, "\(items) items until it was seen")
    }

    @Test func `a mean below is found, and a rejection is kept`() {
        var bet = SequentialBet()
        for item in 0..<200 { bet.observe((item % 2 == 0 ? 1 : 0) - 0.8, atMost: 0.2) }
        #expect(bet.rejects(level: 1e-6))
        for _ in 0..<10_000 { bet.observe(0.2, atMost: 0.2) }
        #expect(bet.rejects(level: 1e-6) && bet.eValue < bet.largest)
    }

    @Test func `numbers that are missing or too large do no harm`() {
        var bet = SequentialBet()
        bet.observe(.nan, atMost: 1)
        #expect(bet.count == 0)
        for _ in 0..<1000 { bet.observe(5, atMost: 1) }
        #expect(bet.eValue >= 0 && bet.eValue < 1)
        for _ in 0..<100_000 { bet.observe(-1, atMost: 1) }
        #expect(bet.eValue.isFinite)
    }
}
