import Foundation
import NumericalMethods
import Testing

@Suite struct `Gauss rules` {
    @Test(arguments: [1, 2, 3, 8, 33, 128])
    func `of Legendre are exact for polynomials of degree 2n - 1`(n: Int) throws {
        let rule = try GaussRule.legendre(n, on: 0...1)
        for degree in 0..<2 * n {
            #expect(
                relativeError(rule.integrate { pow($0, Double(degree)) }, 1 / Double(degree + 1)) < 1e-13,
                "degree \(degree)")
        }
        // One degree more is not exact: the rule has the least number of nodes.
        if n <= 8 { #expect(relativeError(rule.integrate { pow($0, Double(2 * n)) }, 1 / Double(2 * n + 1)) > 1e-10) }
    }

    @Test(arguments: [1, 2, 5, 20, 100])
    func `of Hermite are exact for normal moments`(n: Int) throws {
        let rule = try GaussRule.hermite(n)
        var moment = 1.0
        for degree in stride(from: 0, to: min(2 * n, 100), by: 2) {
            #expect(relativeError(rule.integrate { pow($0, Double(degree)) }, moment) < 1e-12, "degree \(degree)")
            moment *= Double(degree + 1)
        }
    }

    @Test func `of Hermite keep tiny weights, and large counts stay finite`() throws {
        // The outermost root of He₄₀ and its weight n! / (n Heₙ₋₁(x))², by mpmath at 50 digits.
        let rule = try GaussRule.hermite(40)
        #expect(relativeError(rule.nodes[39], 11.453377841548730346) < 1e-14)
        #expect(relativeError(rule.weights[39], 1.4618398738694167063e-29) < 1e-11)
        let large = try GaussRule.hermite(1000)
        #expect(large.weights.allSatisfy { $0 >= 0 && $0.isFinite } && large.nodes == large.nodes.sorted())
        #expect(abs(large.integrate { cos($0) } - exp(-0.5)) < 1e-13)
    }

    @Test func `refuse to have no nodes`() {
        #expect(
            throws: NumericalError.invalidArgument(
                name: "the number of nodes of a Gauss rule", value: 0, requirement: "1 or more")
        ) {
            try GaussRule.hermite(0)
        }
    }
}

@Suite struct `adaptive quadrature` {
    @Test func `knows finite integrals`() throws {
        #expect(abs(try integrate(over: 0...Double.pi) { sin($0) }.value - 2) < 1e-13)
        #expect(abs(try integrate(over: 0...1, tolerance: 1e-11) { 1 / $0.squareRoot() }.value - 2) < 1e-10)
        #expect(abs(try integrate(over: 0...1) { log($0) }.value + 1) < 1e-10)
        #expect(abs(try integrate(over: -1...2) { abs($0 - 0.3) }.value - (1.3 * 1.3 + 1.7 * 1.7) / 2) < 1e-10)
        // A narrow peak: ∫ 1 / (x² + ε²) = (2 / ε) atan(1 / ε).
        #expect(relativeError(try integrate(over: -1...1) { 1 / ($0 * $0 + 1e-8) }.value, 2e4 * atan(1e4)) < 1e-10)
        #expect(try integrate(over: 2...2) { _ in .nan }.value == 0)
    }

    @Test func `knows infinite integrals`() throws {
        #expect(abs(try integrate(over: -.infinity ... .infinity) { normalDensity($0) }.value - 1) < 1e-10)
        #expect(abs(try integrate(over: 0 ... .infinity) { exp(-$0) * $0 * $0 }.value - 2) < 1e-10)
        #expect(abs(try integrate(over: -.infinity ... -1.5) { normalDensity($0) }.value - normalCDF(-1.5)) < 1e-10)
        #expect(abs(try integrate(over: -.infinity ... .infinity) { 1 / (1 + $0 * $0) }.value - Double.pi) < 1e-9)
    }

    @Test func `bounds its error`() throws {
        for k in 1...20 {
            let result = try integrate(over: 0...1, tolerance: 1e-8) { cos(Double(k) * $0 * $0 * 5) * exp($0) }
            let fine = try GaussRule.legendre(200, on: 0...1).integrate { cos(Double(k) * $0 * $0 * 5) * exp($0) }
            #expect(abs(result.value - fine) <= max(result.error, 1e-13))
        }
    }

    @Test func `names where the integrand is not a number, and gives up on a divergent one`() {
        #expect(throws: NumericalError.notANumber(method: "adaptive quadrature", point: [0.5])) {
            try integrate(over: 0...1) { $0 == 0.5 ? .nan : 1 }
        }
        do {
            _ = try integrate(over: 0...1, maximumIntervals: 50) { 1 / $0 }
            Issue.record("a divergent integral has a value")
        } catch {
            guard case .notConverged(_, let intervals, _, _) = error else { Issue.record("\(error)"); return }
            #expect(intervals == 50)
        }
    }
}
