import Foundation
import Inference
import Probability

/// y₀ ~ N(shift, 1), y_d ~ N(y_{d−1}, 1); the innermost value is cos y_D and every link is z + curvature · z² at the
/// value z of what lies inside.
struct SquaredCosines: NestedExpectation {
    let depth: Int
    var curvature = 1.0
    var shift = 0.4
    var start: Double { shift }

    func draw(_ level: Int, after state: Double, using random: inout Random) -> Double { state + random.normal() }

    func link(_ level: Int, _ state: Double, inner: Double) -> Double {
        level == depth ? cos(state) : inner + curvature * inner * inner
    }

    /// The exact value: each expectation of a cosine series is again one, with coefficients times exp(-k²/2).
    var exact: Double {
        var series = [1: 1.0]
        for level in 0...depth {
            if level > 0 {
                var square = series
                for (j, a) in series {
                    for (k, b) in series {
                        square[j + k, default: 0] += curvature * a * b / 2
                        square[abs(j - k), default: 0] += curvature * a * b / 2
                    }
                }
                series = square
            }
            for k in series.keys { series[k]! *= exp(-0.5 * Double(k * k)) }
        }
        return series.keys.sorted().reduce(0) { $0 + series[$1]! * cos(Double($1) * shift) }
    }
}

/// A link that is not a number.
struct BrokenLink: NestedExpectation {
    let depth = 1
    let start = 0.0
    func draw(_ level: Int, after state: Double, using random: inout Random) -> Double { random.normal() }
    func link(_ level: Int, _ state: Double, inner: Double) -> Double { level == 0 ? .nan : 0 }
}

/// Euler steps of dS = r S dt + σ S dW to time 1, 2^ℓ of them at level ℓ; the quantity is E S₁ = S₀ e^r.
struct GeometricBrownianLevels: CoupledLevels, NestedApproximations {
    let rate = 0.3, volatility = 0.4

    func difference(level: Int, using random: inout Random) -> CostedDraw {
        let steps = 1 << level
        let increments = (0..<steps).map { _ in random.normal() * (1 / Double(steps)).squareRoot() }
        let fine = value(increments)
        guard level > 0 else { return CostedDraw(value: fine, cost: 1) }
        return CostedDraw(value: fine - value(coarsened(increments)), cost: Double(steps + steps / 2))
    }

    func approximations(upTo last: Int, using random: inout Random) -> (values: [Double], cost: Double) {
        var increments = (0..<(1 << last)).map { _ in random.normal() * (1 / Double(1 << last)).squareRoot() }
        var values = [value(increments)]
        for _ in 0..<last {
            increments = coarsened(increments)
            values.append(value(increments))
        }
        return (values.reversed(), Double(2 << last))
    }

    private func coarsened(_ increments: [Double]) -> [Double] {
        (0..<increments.count / 2).map { increments[2 * $0] + increments[2 * $0 + 1] }
    }

    private func value(_ increments: [Double]) -> Double {
        let step = 1 / Double(increments.count)
        return increments.reduce(1) { $0 * (1 + rate * step + volatility * $1) }
    }
}
