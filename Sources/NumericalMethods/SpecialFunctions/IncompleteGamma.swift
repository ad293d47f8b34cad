internal import Foundation

/// P(a, x) = γ(a, x) / Γ(a): the probability that a gamma variable of shape `a` and rate 1 is at most `x`.
///
/// - Parameters:
///   - a: positive.
///   - x: 0 or more.
/// - Complexity: some 10 terms, up to a few √a near x = a.
/// - Source: DLMF 8.11.4 (series) and 8.9.2 (continued fraction); Loader (2000) for the leading factor.
public func regularizedGammaP(_ a: Double, _ x: Double) -> Double { incompleteGamma(a, x).lower }

/// Q(a, x) = 1 - P(a, x), computed so that small tails keep their relative precision.
public func regularizedGammaQ(_ a: Double, _ x: Double) -> Double { incompleteGamma(a, x).upper }

/// The x with P(a, x) = `p`; 0 at 0 and +∞ at 1. For upper tails use `inverseRegularizedGammaQ`.
public func inverseRegularizedGammaP(_ a: Double, _ p: Double) -> Double {
    precondition(a > 0 && p >= 0 && p <= 1, "the shape is positive and a probability lies in 0 ... 1")
    return inverseGamma(a, lower: p, upper: 1 - p)
}

/// The x with Q(a, x) = `q`; +∞ at 0 and 0 at 1.
public func inverseRegularizedGammaQ(_ a: Double, _ q: Double) -> Double {
    precondition(a > 0 && q >= 0 && q <= 1, "the shape is positive and a probability lies in 0 ... 1")
    return inverseGamma(a, lower: 1 - q, upper: q)
}

/// Both tails; the smaller one is computed, or both where neither follows from the other.
private func incompleteGamma(_ a: Double, _ x: Double) -> (lower: Double, upper: Double) {
    precondition(a > 0 && a < .infinity && x >= 0, "the shape is positive and finite, the argument 0 or more")
    if x == 0 { return (0, 1) }
    if x == .infinity { return (1, 0) }
    if a < 0.5 && x < 1 {
        // 1 - P would lose the digits of a small upper tail (Q ~ a E₁(x) as a → 0), so Q is built from two small
        // numbers: P = (1 + u)(1 + s), 1 + u = x^a / Γ(1 + a), s = a Σ_{n≥1} (-x)^n / (n! (a + n)).
        let exponent = a * log(x) - logGammaOnePlus(a)
        let u = expm1(exponent)
        var s = 0.0
        var power = 1.0
        for n in 1...30 {
            power *= -x / Double(n)
            s += power / (a + Double(n))
        }
        s *= a
        return (exp(exponent) * (1 + s), -u - s - u * s)
    }
    // x^a e^-x / Γ(a + 1), from Stirling's error and the deviance: exact digits for large a, too.
    let factor = exp(-stirlingError(a) - poissonDeviance(a, mean: x)) / (2 * Double.pi * a).squareRoot()
    let limit = 1_000 + Int(20 * a.squareRoot())
    if x < (a < 1 ? 1 : a + 1) {
        var term = 1.0
        var sum = 1.0
        var n = 1
        while n <= limit {
            term *= x / (a + Double(n))
            sum += term
            if term < sum * 1e-17 { break }
            n += 1
        }
        let lower = factor * sum
        return (lower, 1 - lower)
    }
    // Lentz's evaluation of Q = factor · a / (x + 1 - a - 1(1 - a)/(x + 3 - a - 2(2 - a)/(x + 5 - a - ...))).
    var b = x + 1 - a
    var c = 1e300
    var d = 1 / b
    var fraction = d
    var n = 1
    while n <= limit {
        let coefficient = Double(n) * (a - Double(n))
        b += 2
        d = 1 / (coefficient * d + b)
        c = b + coefficient / c
        let change = c * d
        fraction *= change
        if abs(change - 1) < 1e-16 { break }
        n += 1
    }
    let upper = factor * a * fraction
    return (1 - upper, upper)
}

/// Solves for log x on the tail that is the smaller, where the log-probability is nearly linear in log x or x.
private func inverseGamma(_ a: Double, lower: Double, upper: Double) -> Double {
    if lower == 0 { return 0 }
    if upper == 0 { return .infinity }
    let usesLower = lower <= upper
    let target = log(usesLower ? lower : upper)
    let sign = usesLower ? 1.0 : -1.0
    let logX = increasingRoot(from: -745, to: log(a + 1) + 7) { u in
        let x = exp(u)
        let tails = incompleteGamma(a, x)
        let tail = usesLower ? tails.lower : tails.upper
        let density = exp(-stirlingError(a) - poissonDeviance(a, mean: x)) / (2 * Double.pi * a).squareRoot() * a
        return (sign * (log(tail) - target), density / tail)
    }
    return exp(logX)
}

/// The root of an increasing function, by Newton's method kept inside a shrinking bracket.
///
/// - Parameter function: value and derivative; an infinite value only tells the side.
func increasingRoot(from lower: Double, to upper: Double, _ function: (Double) -> (value: Double, slope: Double))
    -> Double
{
    var lower = lower
    var upper = upper
    var x = 0.5 * (lower + upper)
    for _ in 0..<200 {
        let (value, slope) = function(x)
        if value == 0 { return x }
        if value < 0 { lower = x } else { upper = x }
        var next = x - value / slope
        // Also catches NaN and infinite steps, where a tail or the density has underflowed.
        if !(next > lower && next < upper) { next = 0.5 * (lower + upper) }
        if abs(next - x) <= 2e-16 * max(abs(x), 0.1) { return next }
        x = next
    }
    return x
}
