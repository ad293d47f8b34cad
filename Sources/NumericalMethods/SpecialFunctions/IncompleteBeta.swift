internal import Foundation

/// I_x(a, b): the probability that a beta variable of shapes `a` and `b` is at most `x`.
///
/// Small values keep their relative precision; for a small upper tail use I_{1-x}(b, a).
///
/// - Parameters:
///   - x: from 0 to 1.
///   - a, b: positive.
/// - Complexity: some 10 to 50 terms, up to a few √max(a, b) near the mean.
/// - Source: DLMF 8.17.22 (continued fraction); Loader (2000) for the leading factor.
public func regularizedBeta(_ x: Double, _ a: Double, _ b: Double) -> Double {
    precondition(x >= 0 && x <= 1, "the argument of the incomplete beta function lies in 0 ... 1")
    return incompleteBeta(x, 1 - x, a, b)
}

/// The x with I_x(a, b) = `p`.
///
/// An x within 1e-16 of 1 rounds to 1; ask for the inverse of 1 - p with the shapes exchanged to resolve it.
public func inverseRegularizedBeta(_ p: Double, _ a: Double, _ b: Double) -> Double {
    precondition(p >= 0 && p <= 1 && a > 0 && b > 0, "a probability lies in 0 ... 1 and shapes are positive")
    if p == 0 || p == 1 { return p }
    let half = incompleteBeta(0.5, 0.5, a, b)
    if p == half { return 0.5 }
    return p < half ? lowerInverse(p, 1 - p, a, b) : 1 - lowerInverse(1 - p, p, b, a)
}

/// The x ≤ ½ with I_x(a, b) = `lower` = 1 - `upper`.
///
/// Solved in log x, on the tail that is the smaller: that one carries the digits, on whichever side x lies.
private func lowerInverse(_ lower: Double, _ upper: Double, _ a: Double, _ b: Double) -> Double {
    let usesLower = lower <= upper
    let target = log(usesLower ? lower : upper)
    let logX = increasingRoot(from: -745, to: log(0.5)) { u in
        let x = exp(u)
        let tail = usesLower ? incompleteBeta(x, 1 - x, a, b) : incompleteBeta(1 - x, x, b, a)
        let slope = betaFactor(x, 1 - x, a, b) / ((1 - x) * tail)
        return ((usesLower ? 1 : -1) * (log(tail) - target), slope)
    }
    return exp(logX)
}

/// x^a y^b / B(a, b), with y = 1 - x.
///
/// - Source: Loader (2000), section 3: a binomial probability from Stirling's errors and two deviances.
private func betaFactor(_ x: Double, _ y: Double, _ a: Double, _ b: Double) -> Double {
    let n = a + b
    let exponent =
        stirlingError(n) - stirlingError(a) - stirlingError(b) - poissonDeviance(a, mean: n * x)
        - poissonDeviance(b, mean: n * y)
    return exp(exponent) * (a * b / (2 * Double.pi * n)).squareRoot()
}

func incompleteBeta(_ x: Double, _ y: Double, _ a: Double, _ b: Double) -> Double {
    precondition(
        a > 0 && b > 0 && a < .infinity && b < .infinity,
        "the shapes of the incomplete beta function are positive and finite")
    if x <= 0 { return 0 }
    if y <= 0 { return 1 }
    let factor = betaFactor(x, y, a, b)
    if x <= (a + 1) / (a + b + 2) { return factor * betaFraction(x, a, b) / a }
    let complement = factor * betaFraction(y, b, a) / b
    // Where b is tiny I is small even above the mean; the slow side of the fraction then keeps its digits.
    if complement > 0.9 { return factor * betaFraction(x, a, b) / a }
    return 1 - complement
}

/// The continued fraction of DLMF 8.17.22 by Lentz's method.
private func betaFraction(_ x: Double, _ a: Double, _ b: Double) -> Double {
    let limit = 10_000 + Int(20 * max(a, b).squareRoot())
    let tiny = 1e-300
    func guarded(_ value: Double) -> Double { abs(value) < tiny ? tiny : value }
    var c = 1.0
    var d = 1 / guarded(1 - (a + b) * x / (a + 1))
    var fraction = d
    var m = 1.0
    while m <= Double(limit) {
        let even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        d = 1 / guarded(1 + even * d)
        c = guarded(1 + even / c)
        fraction *= d * c
        let odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        d = 1 / guarded(1 + odd * d)
        c = guarded(1 + odd / c)
        let change = d * c
        fraction *= change
        if abs(change - 1) < 3e-16 { break }
        m += 1
    }
    return fraction
}
