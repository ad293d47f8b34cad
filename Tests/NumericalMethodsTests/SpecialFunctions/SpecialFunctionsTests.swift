import Foundation
import NumericalMethods
import Testing

/// The error of `value`, relative to `expected` (absolute where that is 0).
func relativeError(_ value: Double, _ expected: Double) -> Double {
    expected == 0 ? abs(value) : abs(value - expected) / abs(expected)
}

@Suite struct `special functions agree with mpmath` {
    private func check(_ name: String, _ rows: [(Double, Double)], _ tolerance: Double, _ f: (Double) -> Double) {
        for (x, expected) in rows {
            let value = f(x)
            #expect(
                relativeError(value, expected) <= tolerance,
                "\(name)(\(x)) = \(value), not \(expected): \(relativeError(value, expected))")
        }
    }

    private func check(
        _ name: String, _ rows: [(Double, Double, Double)], _ tolerance: Double, _ f: (Double, Double) -> Double
    ) {
        for (a, x, expected) in rows {
            let value = f(a, x)
            #expect(
                relativeError(value, expected) <= tolerance,
                "\(name)(\(a), \(x)) = \(value), not \(expected): \(relativeError(value, expected))")
        }
    }

    // The tails amplify the rounding of the argument: d log Φ / d log x is about x², 1400 at x = -37.
    @Test func `the normal distribution`() { check("Φ", ReferenceValues.normalCDF, 1e-12, normalCDF) }
    @Test func `its logarithm`() { check("log Φ", ReferenceValues.normalLogCDF, 1e-13, normalLogCDF) }
    @Test func `the normal quantile`() { check("quantile", ReferenceValues.normalQuantile, 2e-15, normalQuantile) }
    @Test func `the log-gamma function`() { check("logGamma", ReferenceValues.logGamma, 1e-14, logGamma) }
    @Test func `the log-beta function`() { check("logBeta", ReferenceValues.logBeta, 1e-13, logBeta) }
    @Test func `the digamma function`() { check("digamma", ReferenceValues.digamma, 1e-14, digamma) }
    @Test func `the trigamma function`() { check("trigamma", ReferenceValues.trigamma, 1e-14, trigamma) }
    @Test func `the lower incomplete gamma function`() { check("P", ReferenceValues.gammaP, 1e-12, regularizedGammaP) }
    @Test func `the upper incomplete gamma function`() { check("Q", ReferenceValues.gammaQ, 1e-12, regularizedGammaQ) }
    @Test func `the softplus function`() { check("softplus", ReferenceValues.softplus, 1e-15, softplus) }
    @Test func `the logit function`() { check("logit", ReferenceValues.logit, 1e-15, logit) }
    @Test func `the logarithm of one minus an exponential`() {
        check("log1mExp", ReferenceValues.log1mExp, 1e-15, log1mExp)
    }

    @Test func `the incomplete beta function`() {
        for (x, a, b, expected) in ReferenceValues.beta {
            let value = regularizedBeta(x, a, b)
            #expect(
                relativeError(value, expected) <= 1e-12,
                "I(\(x); \(a), \(b)) = \(value), not \(expected): \(relativeError(value, expected))")
        }
    }
}

@Suite struct `inverse functions` {
    @Test func `return from the incomplete gamma functions`() {
        for a in [0.01, 0.3, 1, 2.5, 30, 4_000] {
            for p in [1e-250, 1e-20, 1e-5, 0.1, 0.5, 0.9, 1 - 1e-9] {
                let lower = inverseRegularizedGammaP(a, p)
                // Below 1e-300 the answer itself underflows.
                if lower > 1e-300 {
                    #expect(relativeError(regularizedGammaP(a, lower), p) < 1e-12, "P, a \(a), p \(p)")
                }
                let upper = inverseRegularizedGammaQ(a, p)
                if upper > 1e-300 {
                    #expect(relativeError(regularizedGammaQ(a, upper), p) < 1e-11, "Q, a \(a), p \(p)")
                }
            }
        }
    }

    @Test func `return from the incomplete beta function`() {
        for a in [0.05, 0.5, 1, 3, 40, 2_000] {
            for b in [0.05, 0.5, 1, 3, 40, 2_000] {
                for p in [1e-200, 1e-12, 0.025, 0.4, 0.5, 0.975] {
                    let x = inverseRegularizedBeta(p, a, b)
                    // Near 0 the answer underflows; near 1 it has no digits left to tell p apart.
                    guard x > 1e-300 && x < 0.999 else { continue }
                    #expect(relativeError(regularizedBeta(x, a, b), p) < 1e-11, "a \(a), b \(b), p \(p)")
                }
            }
        }
    }

    @Test func `give the published Clopper–Pearson interval`() {
        // 7 of 20 at 95 %: scipy.stats.binomtest(7, 20).proportion_ci(), scipy 1.17.
        #expect(abs(inverseRegularizedBeta(0.025, 7, 14) - 0.1539092047845412) < 1e-13)
        #expect(abs(inverseRegularizedBeta(0.975, 8, 13) - 0.5921885345328283) < 1e-13)
    }

    @Test func `of the normal distribution is its inverse on both sides`() {
        for x in stride(from: -37.0, through: 5, by: 0.25) {
            #expect(abs(normalQuantile(normalCDF(x)) - x) < 1e-14 * max(1, abs(x)) + 1e-16 / normalDensity(min(0, -x)))
        }
    }

    @Test func `end at the ends of the unit interval`() {
        #expect(normalQuantile(0) == -.infinity && normalQuantile(1) == .infinity)
        #expect(inverseRegularizedBeta(0, 2, 3) == 0 && inverseRegularizedBeta(1, 2, 3) == 1)
        #expect(inverseRegularizedGammaP(2, 0) == 0 && inverseRegularizedGammaP(2, 1) == .infinity)
        #expect(logit(0) == -.infinity && logit(1) == .infinity)
        #expect(sigmoid(-1000) == 0 && sigmoid(1000) == 1)
    }
}
