import Foundation
import NumericalMethods
import Testing

@testable import Probability

/// Thirty items made by numpy; references from scikit-learn and scipy on the same numbers.
private let scores = [
    0.79, 0.8, 0.51, 0.29, 0.07, 0.39, 0.41, 0.06, 0.07, 0.98, 0.65, 0.25, 0.44, 0.96, 0.88, 0.83, 0.4, 0.49, 0.67,
    0.08, 0.55,
    0.28, 0.86, 0.08, 0.67, 0.86, 0.24, 0.88, 0.86, 0.04,
]
private let targets: [Double] = [
    0, 1, 0, 0, 0, 0, 0, 0, 0, 1, 1, 0, 1, 1, 1, 1, 0, 1, 1, 0, 1, 0, 1, 0, 1, 0, 0, 1, 1, 0,
]
private let weights = [
    2.1, 1.5, 0.8, 2.0, 0.5, 2.1, 2.0, 1.3, 2.4, 0.7, 1.3, 2.4, 1.3, 2.2, 1.9, 2.8, 3.0, 2.2, 2.5, 0.6, 2.2, 2.6, 1.3,
    1.7,
    1.5, 2.9, 1.1, 1.3, 0.2, 1.4,
]

@Suite struct `calibration` {
    @Test func `isotonic equals scikit-learn's, with and without weights, inside and outside the range`() throws {
        let queries = (0...12).map { -0.1 + 0.1 * Double($0) }
        let plain = try IsotonicCalibrator.fit(scores: scores, targets: targets)
        let weighted = try IsotonicCalibrator.fit(scores: scores, targets: targets, weights: weights)
        let expected = [0, 0, 0, 0, 0, 0, 2.0 / 3, 0.8, 0.8, 0.8, 1, 1, 1]
        let w = 0.7433628318584072
        let expectedWeighted = [0, 0, 0, 0, 0, 0, w, w, w, w, 1, 1, 1]
        for (i, q) in queries.enumerated() {
            #expect(abs(plain.calibrate(q) - expected[i]) < 1e-12)
            #expect(abs(weighted.calibrate(q) - expectedWeighted[i]) < 1e-12)
        }
    }

    @Test func `isotonic equals the min-max formula by brute force`() throws {
        var random = Random(seed: 61)
        for trial in 0..<200 {
            let n = 1 + random.integer(below: 25)
            let s = (0..<n).map { _ in Double(random.integer(below: 12)) }
            let t = (0..<n).map { _ in trial % 2 == 0 ? random.uniform() : Double(random.integer(below: 2)) }
            let w = (0..<n).map { _ in 0.1 + random.uniform() }
            let fit = try IsotonicCalibrator.fit(scores: s, targets: t, weights: w)
            let levels = Set(s).sorted()
            func average(_ a: Double, _ b: Double) -> Double {
                var sum = 0.0
                var total = 0.0
                for i in 0..<n where s[i] >= a && s[i] <= b {
                    sum += w[i] * t[i]
                    total += w[i]
                }
                return sum / total
            }
            // Robertson, Wright, Dykstra: the max over starts of the min over ends of the average.
            for x in levels {
                let value = levels.filter { $0 <= x }.map { a in
                    levels.filter { $0 >= x }.map { b in average(a, b) }.min()!
                }.max()!
                #expect(abs(fit.calibrate(x) - value) < 1e-12)
            }
        }
    }

    @Test func `Platt has scikit-learn's slope and intercept`() throws {
        let fit = try PlattCalibrator.fit(scores: scores, targets: targets)
        #expect(abs(fit.slope - 5.74633843) < 1e-7 && abs(fit.intercept + 3.19296993) < 1e-7)
        // Any unit and origin of the scores gives the same probabilities.
        let moved = try PlattCalibrator.fit(scores: scores.map { 1e6 + 1e-3 * $0 }, targets: targets)
        for s in scores { #expect(abs(moved.calibrate(1e6 + 1e-3 * s) - fit.calibrate(s)) < 1e-6) }
    }

    @Test func `temperature sits at the root of the likelihood's slope`() throws {
        let fit = try TemperatureCalibrator.fit(scores: scores, targets: targets)
        #expect(fit.scale == .probability && abs(fit.inverseTemperature - 1.4329015804004166) < 1e-11)
        let onLogits = try TemperatureCalibrator.fit(scores: scores.map { logit($0) * 3 }, targets: targets)
        #expect(onLogits.scale == .logit && abs(onLogits.temperature - 3 * fit.temperature) < 1e-10)
        #expect(abs(onLogits.calibrate(3 * logit(0.7)) - fit.calibrate(0.7)) < 1e-12)
    }

    @Test func `temperature of several classes equals a root found by scipy`() throws {
        let logits = Matrix(
            rows: 12, columns: 3,
            storage: [
                -0.05, 1.34, -0.52, -1.26, -1.84, -0.2, -0.35, 0.27, -0.46, -0.48, -0.72, -0.52, 0.16, -0.38, 0.1, 1.9,
                0.48,
                -1.58, 1.73, 0.35, -0.94, 0.91, 0.02, -0.62, -0.63, -0.99, 0.05, 1.07, -0.33, 0.42, 1.88, -1.21, 0.26,
                -0.31,
                -1.06, -1.03,
            ])
        let fit = try TemperatureCalibrator.fit(logits: logits, labels: [1, 2, 1, 0, 2, 2, 0, 0, 2, 0, 2, 0])
        #expect(abs(fit.inverseTemperature - 0.7597531555880652) < 1e-11)
        let p = fit.calibrate(logits: [1, 2, -1])
        #expect(abs(p.reduce(0, +) - 1) < 1e-12 && p[1] > p[0] && p[0] > p[2])
    }

    @Test func `temperature never wrong goes to its floor, never right to infinity`() throws {
        let sure = try TemperatureCalibrator.fit(scores: [-2, -1, 3], targets: [0, 0, 1])
        #expect(sure.inverseTemperature > 10 && sure.temperature >= 1e-6)
        #expect(sure.calibrate(3) > 0.999)
        let lost = try TemperatureCalibrator.fit(scores: [-2, -1, 3], targets: [1, 1, 0])
        #expect(lost.inverseTemperature == 0 && lost.calibrate(1e300) == 0.5 && lost.calibrate(.infinity) == 0.5)
    }

    @Test func `beta equals the logistic regression of its paper, free and monotone`() throws {
        let free = try BetaCalibrator.fit(scores: scores, targets: targets, scale: .probability, isMonotone: false)
        #expect(abs(free.a - 5.29174258) < 1e-5 && abs(free.b + 0.5126139) < 1e-5 && abs(free.c - 3.96625316) < 1e-5)
        let monotone = try BetaCalibrator.fit(scores: scores, targets: targets)
        #expect(abs(monotone.a - 4.28754149) < 1e-5 && monotone.b == 0 && abs(monotone.c - 2.81956491) < 1e-5)
        let falling = try BetaCalibrator.fit(scores: scores, targets: targets.map { 1 - $0 })
        #expect(falling.a == 0 && falling.b == 0 && abs(falling.calibrate(0.3) - 16.0 / 30) < 1e-6)
    }

    @Test(arguments: CalibrationMethod.allCases)
    func `every method is monotone, bounded and survives a round trip`(_ method: CalibrationMethod) throws {
        let calibration = try Calibration.fit(method, scores: scores, targets: targets, weights: weights)
        #expect(calibration.method == method)
        var previous = 0.0
        for i in -50...150 {
            let p = calibration.calibrate(Double(i) / 100)
            #expect(p >= previous && p <= 1)
            previous = p
        }
        for extreme in [-Double.infinity, -1e308, 1e308, .infinity] {
            #expect((0...1).contains(calibration.calibrate(extreme)))
        }
        #expect(calibration.calibrate(.nan).isNaN)
        let data = try JSONEncoder().encode(calibration)
        #expect(String(decoding: data, as: UTF8.self).hasPrefix("{\"\(method.rawValue)\":{"))
        #expect(try JSONDecoder().decode(Calibration.self, from: data) == calibration)
    }

    @Test(arguments: CalibrationMethod.allCases)
    func `a weight of two is the item twice, and a soft target its share of both`(_ method: CalibrationMethod) throws {
        let twice = try Calibration.fit(
            method, scores: scores + scores.prefix(7), targets: targets + targets.prefix(7),
            weights: [Double](repeating: 1, count: 37))
        let weighted = try Calibration.fit(
            method, scores: scores, targets: targets, weights: (0..<30).map { $0 < 7 ? 2 : 1 })
        let soft = try Calibration.fit(method, scores: scores, targets: targets.map { 0.2 + 0.6 * $0 })
        let split = try Calibration.fit(
            method, scores: scores + scores, targets: targets + targets.map { 1 - $0 },
            weights: [Double](repeating: 0.8, count: 30) + [Double](repeating: 0.2, count: 30))
        for i in 0...20 {
            let s = Double(i) / 20
            #expect(abs(twice.calibrate(s) - weighted.calibrate(s)) < 1e-6)
            #expect(abs(soft.calibrate(s) - split.calibrate(s)) < 1e-6)
        }
    }

    @Test(arguments: CalibrationMethod.allCases)
    func `every method lowers the log loss of overconfident scores on fresh items`(_ method: CalibrationMethod) throws {
        var random = Random(seed: 62)
        func draw(_ n: Int) -> ([Double], [Double]) {
            let z = (0..<n).map { _ in 1.5 * random.normal() }
            return (z.map { sigmoid(3 * $0) }, z.map { random.bernoulli(sigmoid($0)) ? 1 : 0 })
        }
        let (s, t) = draw(4000)
        let (fresh, outcomes) = draw(4000)
        let calibration = try Calibration.fit(method, scores: s, targets: t)
        let calibrated = fresh.map { min(1 - 1e-6, max(1e-6, calibration.calibrate($0))) }
        let before = try ScoringRules.meanLogarithmic(probabilities: fresh, targets: outcomes)
        let after = try ScoringRules.meanLogarithmic(probabilities: calibrated, targets: outcomes)
        // The truth is at 0.50, the raw scores at 0.75; the spread of either mean is about 0.01.
        #expect(after < before - 0.1)
        let curve = try ReliabilityCurve(probabilities: calibrated, targets: outcomes)
        // The true map is a temperature, which Platt's family does not hold on probabilities. Chance alone makes 0.02.
        if method != .platt { #expect(curve.expectedCalibrationError < 0.05) }
    }

    @Test(arguments: CalibrationMethod.allCases)
    func `edges: one item, equal scores, one class, separable`(_ method: CalibrationMethod) throws {
        for (s, t) in [
            ([0.3], [1.0]), ([0.3, 0.3, 0.3], [1, 0, 0]), ([0.1, 0.5, 0.9], [1, 1, 1]),
            ([0.1, 0.2, 0.8, 0.9], [0, 0, 1, 1]),
            ([0, 1], [0, 1]),
        ] {
            let calibration = try Calibration.fit(method, scores: s, targets: t)
            for q in [0, 0.3, 0.5, 1] { #expect((0...1).contains(calibration.calibrate(q)), "\(method) \(s) \(t)") }
        }
        #expect(throws: StatisticsError.tooFew(what: "items", found: 0, needed: 1)) {
            try Calibration.fit(method, scores: [], targets: [])
        }
        #expect(throws: StatisticsError.lengths(what: "targets", expected: 2, found: 1)) {
            try Calibration.fit(method, scores: [0.1, 0.2], targets: [1])
        }
        #expect(throws: StatisticsError.self) { try Calibration.fit(method, scores: [.nan], targets: [1]) }
        #expect(throws: StatisticsError.self) { try Calibration.fit(method, scores: [0.1], targets: [2]) }
        #expect(throws: StatisticsError.self) { try Calibration.fit(method, scores: [0.1], targets: [1], weights: [0]) }
        #expect(throws: StatisticsError.self) {
            try Calibration.fit(method, scores: [0.1], targets: [1], weights: [-1])
        }
    }

    @Test func `a stored isotonic fit that is no function is refused`() {
        for text in [
            #"{"scores":[],"values":[]}"#, #"{"scores":[1,0],"values":[0,1]}"#, #"{"scores":[0,1],"values":[1,0]}"#,
            #"{"scores":[0,1],"values":[0]}"#, #"{"scores":[0],"values":[2]}"#,
        ] {
            #expect(throws: DecodingError.self) {
                try JSONDecoder().decode(IsotonicCalibrator.self, from: Data(text.utf8))
            }
        }
    }
}
