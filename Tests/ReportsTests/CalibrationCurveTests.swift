import Testing

@testable import Reports

@Suite struct `a calibration curve` {
    @Test func `puts equally many items in each bin and never splits equal predictions`() {
        let curve = CalibrationCurve(
            "c", predictions: [0.1, 0.2, 0.2, 0.2, 0.8, 0.9, .nan, 2], outcomes: [0, 0, 1, 0, 1, 1, 1, 1], bins: 3)
        #expect(curve.skipped == 2)
        #expect(curve.bins.map(\.count) == [4, 1, 1])
        #expect(curve.bins[0].observed == 0.25)
        #expect(abs(curve.bins[0].predicted - 0.175) < 1e-15)
    }

    @Test func `keeps all items in bins of like size`() {
        let predictions = (0..<1003).map { Demo.noise($0) }
        let curve = CalibrationCurve("c", predictions: predictions, outcomes: predictions.map { $0 > 0.5 ? 1 : 0 })
        #expect(curve.bins.map(\.count).reduce(0, +) == 1003)
        #expect(curve.bins.count == 10 && curve.bins.allSatisfy { $0.count == 100 || $0.count == 101 })
    }

    // Newcombe (1998), Statistics in Medicine 17, table I: 81 of 263 and 0 of 20.
    @Test func `has the intervals that are published`() {
        let one = CalibrationCurve.wilson(share: 81.0 / 263, count: 263, z: 1.959964)
        #expect(abs(one.low - 0.2553) < 5e-5 && abs(one.high - 0.3662) < 5e-5)
        let none = CalibrationCurve.wilson(share: 0, count: 20, z: 1.959964)
        #expect(none.low == 0 && abs(none.high - 0.1611) < 5e-5)
    }

    @Test func `is nothing without items`() {
        #expect(CalibrationCurve("c", predictions: [], outcomes: []).bins.isEmpty)
    }
}
