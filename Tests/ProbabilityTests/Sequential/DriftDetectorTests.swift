import Foundation
import Probability
import Testing

@Suite struct `drift of a law` {
    /// Items until the first alarm, and what it says.
    private func alarm(
        _ detector: DriftDetector, limit: Int, seed: UInt64, _ value: (Int, inout Random) -> Double
    ) -> (items: Int, change: DriftDetector.Change)? {
        var detector = detector
        var random = Random(seed: seed)
        for item in 0..<limit {
            if let change = detector.observe(value(item, &random), tie: random.uniform()) { return (item, change) }
        }
        return nil
    }

    @Test func `one law raises few alarms, whatever the law`() {
        var alarms = 0
        for run in 0..<30 {
            // A heavy tail, a coin, and a constant.
            let laws: [(Int, inout Random) -> Double] = [
                { _, random in exp(random.normal() * 3) }, { _, random in random.bernoulli(0.9) ? 1 : 0 },
                { _, _ in 4 },
            ]
            let detector = DriftDetector(reference: 1000, every: 1e5)
            if alarm(detector, limit: 10_000, seed: UInt64(run), laws[run % 3]) != nil { alarms += 1 }
        }
        // 300,000 items in all: about three alarms at most are promised on average.
        #expect(alarms <= 8)
    }

    @Test(arguments: [(1.0, 1.0, DriftDetector.Change.up), (-1, 1, .down), (0, 3, .wider), (0, 0.3, .narrower)])
    func `a change is seen, and which way it went`(_ shift: Double, _ scale: Double, _ change: DriftDetector.Change) {
        for seed in 0..<10 {
            let found = alarm(DriftDetector(), limit: 6000, seed: UInt64(seed)) { item, random in
                item < 5000 ? random.normal() : shift + scale * random.normal()
            }
            // What moves away is further from the middle as well: either may be said of it.
            let isTold = found?.change == change || shift != 0 && found?.change == .wider
            #expect(isTold, "\(String(describing: found))")
            #expect((found?.items ?? 0) >= 5000 && (found?.items ?? 9999) < 5400)
        }
    }

    @Test func `a coin that lands otherwise than before is seen`() {
        let found = alarm(DriftDetector(), limit: 9000, seed: 4) { item, random in
            random.bernoulli(item < 5000 ? 0.9 : 0.7) ? 1 : 0
        }
        #expect(found?.change == .down || found?.change == .wider)
        #expect((found?.items ?? 0) >= 5000)
    }

    @Test func `after an alarm the new law is the reference`() {
        var detector = DriftDetector(reference: 2000, every: 1e6)
        var random = Random(seed: 2)
        var alarms: [Int] = []
        for item in 0..<12_000 {
            let value = random.normal() + (item < 4000 ? 0 : 2)
            if detector.observe(value, tie: random.uniform()) != nil { alarms.append(item) }
        }
        #expect(alarms.count == 1, "\(alarms)")
        #expect(abs(detector.median - 2) < 0.3)
    }
}
