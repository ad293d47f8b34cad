import Foundation
import NumericalMethods
import Testing

@testable import Probability

@Suite struct `calibration metrics` {
    @Test func `bins and errors by hand`() throws {
        let p = [0.1, 0.15, 0.3, 0.8, 0.9, 1]
        let t: [Double] = [0, 1, 0, 1, 1, 0]
        let wide = try ReliabilityCurve(probabilities: p, targets: t, bins: 2, binning: .equalWidth)
        #expect(wide.points.map(\.count) == [3, 3])
        // Means 0.18333 against 1/3, 0.9 against 2/3.
        #expect(abs(wide.expectedCalibrationError - 0.5 * (1.0 / 3 - 0.55 / 3 + 0.9 - 2.0 / 3)) < 1e-12)
        #expect(abs(wide.maximumCalibrationError - (0.9 - 2.0 / 3)) < 1e-12)
        // Squared gaps less s²/n = (2/9)/2 · … : 2/3 · 1/3 / 2 = 1/9 in both.
        let squares = 0.5 * (0.15 * 0.15 + pow(0.9 - 2.0 / 3, 2)) - 1.0 / 9
        #expect(abs(wide.debiasedSquaredCalibrationError - squares) < 1e-12)
        let tied = try ReliabilityCurve(
            probabilities: [0.2, 0.2, 0.2, 0.7], targets: [0, 1, 0, 1], bins: 4, binning: .equalMass)
        #expect(tied.points.map(\.count) == [3, 1])
    }

    @Test func `the debiased errors of perfect predictions are near 0, the plain one is not`() throws {
        var random = Random(seed: 63)
        var plain: [Double] = []
        var debiased: [Double] = []
        var squared: [Double] = []
        for _ in 0..<300 {
            let p = (0..<300).map { _ in random.uniform() }
            let t = p.map { random.bernoulli($0) ? 1.0 : 0 }
            let curve = try ReliabilityCurve(probabilities: p, targets: t)
            plain.append(curve.expectedCalibrationError)
            debiased.append(curve.debiasedCalibrationError)
            squared.append(curve.debiasedSquaredCalibrationError)
        }
        #expect(meanAndError(plain).mean > 0.05)
        // Kumar et al. remove about half of what chance adds to the absolute error, being a plug-in correction.
        #expect(meanAndError(debiased).mean < 0.6 * meanAndError(plain).mean)
        // Unbiased but for the spread of probabilities within a bin, which makes s² / n too small by (1/20)²/12/20 at most.
        let (mean, error) = meanAndError(squared)
        // 5 standard errors: 6e-7.
        #expect(abs(mean) < 5 * error + 2e-5)
    }

    @Test(arguments: [nil, 1, 3, 7]) func `the parts of the Brier score add up to it`(_ bins: Int?) throws {
        var random = Random(seed: 64)
        let p = (0..<200).map { _ in Double(random.integer(below: 11)) / 10 }
        let t = (0..<200).map { _ in random.uniform() }
        let parts = try BrierDecomposition(probabilities: p, targets: t, bins: bins)
        let sum = parts.reliability - parts.resolution + parts.uncertainty + parts.withinBins
        #expect(abs(parts.score - sum) < 1e-13)
        #expect(abs(parts.score - (try ScoringRules.meanBrier(probabilities: p, targets: t))) < 1e-13)
        if bins == nil { #expect(abs(parts.withinBins) < 1e-15) }
    }

    @Test func `the area under the curve equals the count of pairs, ties and soft targets included`() throws {
        var random = Random(seed: 65)
        for trial in 0..<60 {
            let n = 2 + random.integer(below: 30)
            let s = (0..<n).map { _ in Double(random.integer(below: 6)) }
            var t = (0..<n).map { _ in trial % 2 == 0 ? Double(random.integer(below: 2)) : random.uniform() }
            t[0] = 1
            t[1] = 0
            var above = 0.0
            var pairs = 0.0
            for i in 0..<n {
                for j in 0..<n {
                    let weight = t[i] * (1 - t[j])
                    pairs += weight
                    above += weight * (s[i] > s[j] ? 1 : s[i] == s[j] ? 0.5 : 0)
                }
            }
            #expect(abs(try Discrimination.areaUnderCurve(scores: s, targets: t) - above / pairs) < 1e-12)
        }
    }

    @Test func `edges throw or hold`() throws {
        #expect(throws: StatisticsError.self) { try Discrimination.areaUnderCurve(scores: [1, 2], targets: [1, 1]) }
        #expect(throws: StatisticsError.self) { try Discrimination.areaUnderCurve(scores: [], targets: []) }
        #expect(try Discrimination.areaUnderCurve(scores: [3, 3], targets: [1, 0]) == 0.5)
        #expect(throws: StatisticsError.self) { try ReliabilityCurve(probabilities: [1.2], targets: [1]) }
        #expect(throws: StatisticsError.self) { try ReliabilityCurve(probabilities: [.nan], targets: [1]) }
        #expect(throws: StatisticsError.self) { try ReliabilityCurve(probabilities: [0.5], targets: [1], bins: 0) }
        #expect(throws: StatisticsError.self) { try BrierDecomposition(probabilities: [], targets: []) }
        let one = try ReliabilityCurve(probabilities: [0.7], targets: [1])
        #expect(abs(one.expectedCalibrationError - 0.3) < 1e-12 && one.debiasedSquaredCalibrationError == 0)
    }
}
