import Foundation
import NumericalMethods
import Testing

@testable import Probability

@Suite struct `bounds of a risk` {
    @Test func `equal their closed forms`() throws {
        // 3 failures of 40 (scipy.stats.binom), and 0.08 against 0.2 by hand.
        #expect(
            abs(try RiskBound.binomial.pValue(meanLoss: 3.0 / 40, count: 40, risk: 0.2) - 0.028462094459744576) < 1e-13)
        #expect(
            abs(try RiskBound.bentkus.pValue(meanLoss: 3.2 / 40, count: 40, risk: 0.2) - 0.20635699349808503) < 1e-12)
        #expect(abs(try RiskBound.hoeffding.pValue(meanLoss: 0.08, count: 40, risk: 0.2) - 0.10957904287365135) < 1e-13)
        #expect(
            try RiskBound.hoeffdingBentkus.pValue(meanLoss: 0.08, count: 40, risk: 0.2)
                == RiskBound.hoeffding.pValue(meanLoss: 0.08, count: 40, risk: 0.2))
        // No failure among n: 1 − δ^(1 / n).
        let bound = try RiskBound.binomial.upperBound(meanLoss: 0, count: 50, confidence: 0.9)
        #expect(abs(bound - (1 - pow(0.1, 1.0 / 50))) < 1e-13)
        // Maurer and Pontil's theorem 4 for losses without variance: 7 log(2 / δ) / (3 (n − 1)).
        let flat = try RiskBound.empiricalBernstein.upperBound(
            losses: [Double](repeating: 0.1, count: 101), confidence: 0.9)
        #expect(abs(flat - (0.1 + 7 * log(20) / 300)) < 1e-12)
    }

    @Test func `Clopper-Pearson and Wilson equal scipy's`() throws {
        let some = try Interval.clopperPearson(successes: 3, trials: 40, confidence: 0.9)
        #expect(abs(some.lower - 0.020753601475370347) < 1e-12 && abs(some.upper - 0.18258685001590116) < 1e-12)
        let none = try Interval.clopperPearson(successes: 0, trials: 40, confidence: 0.9)
        #expect(none.lower == 0 && abs(none.upper - 0.07215752450551459) < 1e-12)
        let all = try Interval.clopperPearson(successes: 40, trials: 40, confidence: 0.9)
        #expect(all.upper == 1 && abs(all.lower - (1 - none.upper)) < 1e-12)
        let wilson = try Interval.wilson(mean: 37.0 / 40, count: 40, confidence: 0.9)
        #expect(abs(wilson.lower - 0.8265198212630998) < 1e-12 && abs(wilson.upper - 0.9696297473882611) < 1e-12)
    }

    @Test(arguments: RiskBound.allCases) func `the bound is where the p-value crosses the level`(_ bound: RiskBound)
        throws
    {
        var random = Random(seed: 71)
        for n in [2, 10, 80] {
            for rate in [0, 0.1, 0.5] {
                let losses = (0..<n).map { _ in random.uniform() < rate ? 1.0 : 0 }
                for confidence in [0.8, 0.95] {
                    let upper = try bound.upperBound(losses: losses, confidence: confidence)
                    let level = 1 - confidence
                    if upper < 1 - 1e-9 {
                        let above = try bound.pValue(losses: losses, risk: upper + 1e-7, confidence: confidence)
                        #expect(above <= level, "\(bound) \(n) \(rate)")
                    }
                    if upper > 1e-6 {
                        let below = try bound.pValue(losses: losses, risk: upper - 1e-7, confidence: confidence)
                        #expect(below > level - 1e-9, "\(bound) \(n) \(rate)")
                    }
                }
            }
        }
    }

    @Test(arguments: RiskBound.allCases) func `p-values are valid at the edge of the hypothesis`(_ bound: RiskBound)
        throws
    {
        // The mean loss is the limit itself: P(p ≤ u) may not exceed u. 1,500 fresh logs; a true rate of u fails a check
        // with probability 3e-5 (4 standard errors), 6 checks a bound and law.
        var random = Random(seed: 72)
        let beta = try Beta(alpha: 0.6, beta: 2.4)
        let trials = 1500
        let laws: [(String, (inout Random) -> Double)] = [
            ("coin", { $0.uniform() < 0.2 ? 1 : 0 }),
            ("beta", { beta.sample(using: &$0) }),
        ]
        for (name, draw) in laws where bound != .binomial || name == "coin" {
            for n in [20, 120] {
                var pValues: [Double] = []
                for _ in 0..<trials {
                    let losses = (0..<n).map { _ in draw(&random) }
                    pValues.append(try bound.pValue(losses: losses, risk: 0.2, confidence: 0.9))
                }
                for u in [0.02, 0.1, 0.3] {
                    let share = Double(pValues.count { $0 <= u }) / Double(trials)
                    #expect(share <= u + 4 * (u * (1 - u) / Double(trials)).squareRoot(), "\(bound) \(name) \(n) \(u)")
                }
            }
        }
    }

    @Test(arguments: RiskBound.allCases) func `bounds hold as often as they say and shrink with data`(
        _ bound: RiskBound
    ) throws {
        var random = Random(seed: 73)
        let trials = 600
        var misses = 0
        var widths: [Double] = []
        for _ in 0..<trials {
            let losses = (0..<150).map { _ in random.uniform() < 0.12 ? 1.0 : 0 }
            let upper = try bound.upperBound(losses: losses, confidence: 0.9)
            if upper < 0.12 { misses += 1 }
            widths.append(upper)
        }
        // At most 10 % miss; 4 standard errors above it: 3e-5.
        #expect(Double(misses) <= 0.1 * Double(trials) + 4 * (0.09 * Double(trials)).squareRoot())
        // None is so loose as to say nothing: three times the standard error of the mean (0.027) above it, except the one
        // that pays 7 log(2 / δ) / (3 n) = 0.047 for its ignorance of the variance.
        #expect(meanAndError(widths).mean < 0.12 + (bound == .empiricalBernstein ? 0.13 : 0.09), "\(bound)")
    }

    @Test func `betting and empirical Bernstein gain from small variance`() throws {
        var random = Random(seed: 74)
        let losses = (0..<2000).map { _ in 0.2 + 0.02 * random.uniform() }
        let hoeffding = try RiskBound.hoeffdingBentkus.upperBound(losses: losses, confidence: 0.95)
        #expect(try RiskBound.empiricalBernstein.upperBound(losses: losses, confidence: 0.95) < hoeffding)
        #expect(try RiskBound.betting.upperBound(losses: losses, confidence: 0.95) < hoeffding)
    }

    @Test(arguments: RiskBound.allCases) func `refuse bad losses and hold at the ends`(_ bound: RiskBound) throws {
        #expect(throws: StatisticsError.tooFew(what: "losses", found: 0, needed: 1)) {
            try bound.upperBound(losses: [])
        }
        #expect(throws: StatisticsError.self) { try bound.upperBound(losses: [0, .nan]) }
        #expect(throws: StatisticsError.self) { try bound.upperBound(losses: [0, 1.5]) }
        #expect(throws: StatisticsError.self) { try bound.upperBound(losses: [0], confidence: 1) }
        #expect(throws: StatisticsError.self) { try bound.pValue(losses: [0], risk: 0) }
        #expect(try bound.upperBound(losses: [1, 1, 1]) == 1)
        #expect(try bound.pValue(losses: [1, 1, 1], risk: 0.5) == 1)
        #expect(try bound.upperBound(losses: [0]) <= 1)
        let zeros = [Double](repeating: 0, count: 5000)
        #expect(try bound.upperBound(losses: zeros) < 0.01)
    }

    @Test func `bounds from means refuse what they can't know`() {
        #expect(throws: StatisticsError.self) { try RiskBound.betting.upperBound(meanLoss: 0.1, count: 10) }
        #expect(throws: StatisticsError.self) { try RiskBound.binomial.upperBound(meanLoss: 0.15, count: 10) }
        #expect(throws: StatisticsError.self) { try RiskBound.binomial.pValue(losses: [0.5], risk: 0.1) }
    }
}
