import Foundation
import NumericalMethods
import Testing

@testable import Probability

@Suite struct `scoring rules` {
    @Test func `binary rules are least, on average, at the true probability`() {
        let rules =
            [ScoringRules.brier, ScoringRules.logarithmic, ScoringRules.spherical] as [(Double, Double) -> Double]
        for rule in rules {
            for truth in [0.1, 0.35, 0.8] {
                func expected(_ p: Double) -> Double { truth * rule(p, 1) + (1 - truth) * rule(p, 0) }
                for i in 1..<100 where abs(Double(i) / 100 - truth) > 1e-9 {
                    #expect(expected(Double(i) / 100) > expected(truth))
                }
                // A soft target is the mix of both outcomes, less the variance of the outcome where the rule is a square.
                let mix = truth * rule(0.3, 1) + (1 - truth) * rule(0.3, 0)
                let variance = truth * (1 - truth)
                let gap = mix - rule(0.3, truth)
                #expect(abs(gap) < 1e-14 || abs(gap - variance) < 1e-14)
            }
        }
    }

    @Test func `rules of several classes are least, on average, at the true probabilities`() {
        let rules =
            [ScoringRules.brier, ScoringRules.logarithmic, ScoringRules.spherical] as [([Double], Int) -> Double]
        let truth = [0.2, 0.5, 0.3]
        for rule in rules {
            func expected(_ p: [Double]) -> Double { (0..<3).reduce(0) { $0 + truth[$1] * rule(p, $1) } }
            for i in 1..<20 {
                for j in 1..<(20 - i) {
                    let p = [Double(i) / 20, Double(j) / 20, Double(20 - i - j) / 20]
                    if zip(p, truth).contains(where: { abs($0 - $1) > 1e-9 }) { #expect(expected(p) > expected(truth)) }
                }
            }
        }
        #expect(abs(ScoringRules.brier(probabilities: [0.3, 0.7], outcome: 1) - 0.18) < 1e-15)
    }

    @Test func `continuous ranked scores equal their integrals`() throws {
        let sample = [0.3, -1.2, 2.2, 0.9, 0.9]
        // From the double sum in numpy.
        #expect(abs(try ScoringRules.continuousRanked(sample: sample, outcome: 0.5) - 0.288) < 1e-14)
        #expect(abs(try ScoringRules.continuousRanked(sample: sample, outcome: 0.5, isFair: true) - 0.14) < 1e-14)
        // By quadrature in scipy.
        let normal = try Normal(mean: 1, standardDeviation: 2)
        #expect(abs(ScoringRules.continuousRanked(normal: normal, outcome: 2.7) - 1.0115077308113196) < 1e-10)
    }

    @Test func `the pinball loss is least at the quantile`() throws {
        let law = try Exponential(rate: 1)
        let grid = (0..<4000).map { law.quantile((Double($0) + 0.5) / 4000) }
        func loss(_ q: Double) -> Double {
            grid.reduce(0) { $0 + ScoringRules.pinball(quantile: q, level: 0.7, outcome: $1) }
        }
        let best = law.quantile(0.7)
        for step in [-0.2, -0.02, 0.02, 0.2] { #expect(loss(best + step) > loss(best)) }
    }

    @Test func `certainty that fails costs infinity, certainty that holds costs nothing`() throws {
        #expect(ScoringRules.logarithmic(probability: 0, target: 1) == .infinity)
        #expect(ScoringRules.logarithmic(probability: 1, target: 1) == 0)
        #expect(ScoringRules.logarithmic(probability: 0, target: 0) == 0)
        #expect(throws: StatisticsError.self) { try ScoringRules.continuousRanked(sample: [], outcome: 0) }
        #expect(throws: StatisticsError.self) { try ScoringRules.continuousRanked(sample: [.nan], outcome: 0) }
        #expect(throws: StatisticsError.self) { try ScoringRules.meanBrier(probabilities: [2], targets: [1]) }
    }
}
