/// A root of `f` in `range`, by halving: one certain binary digit per call.
///
/// - Parameters:
///   - range: finite, with values of opposite sign at its ends.
///   - tolerance: the width, in x, at which the search ends; 0 goes on to neighbouring numbers.
/// - Throws: `NumericalError.notBracketed`, `.notANumber`, `.invalidArgument`.
public func bisect(in range: ClosedRange<Double>, tolerance: Double = 0, _ f: (Double) -> Double) throws(NumericalError)
    -> Double
{
    var (lower, upper, valueAtLower, valueAtUpper) = try bracket(range, f)
    if valueAtLower == 0 { return lower }
    if valueAtUpper == 0 { return upper }
    while upper - lower > tolerance {
        let middle = lower + 0.5 * (upper - lower)
        if middle <= lower || middle >= upper { break }
        let value = try evaluate(middle, f)
        if value == 0 { return middle }
        if (value < 0) == (valueAtLower < 0) {
            (lower, valueAtLower) = (middle, value)
        } else {
            (upper, valueAtUpper) = (middle, value)
        }
    }
    return abs(valueAtLower) < abs(valueAtUpper) ? lower : upper
}

/// A root of `f` in `range`, by Brent's method: as safe as halving, and usually done in some ten calls.
///
/// - Parameters:
///   - range: finite, with values of opposite sign at its ends.
///   - tolerance: absolute, in x; some 4 units in the last place are added.
/// - Throws: `NumericalError.notBracketed`, `.notANumber`, `.notConverged`, `.invalidArgument`.
/// - Source: Brent (1973), Algorithms for Minimization without Derivatives, chapter 4.
public func findRoot(
    in range: ClosedRange<Double>, tolerance: Double = 1e-14, maximumIterations: Int = 200, _ f: (Double) -> Double
) throws(NumericalError) -> Double {
    // b is the best point, a the one before, c the other end of the bracket.
    var (a, b, fa, fb) = try bracket(range, f)
    var c = a
    var fc = fa
    var step = b - a
    var stepBefore = step
    for _ in 0..<maximumIterations {
        if (fb > 0) == (fc > 0) {
            (c, fc) = (a, fa)
            step = b - a
            stepBefore = step
        }
        if abs(fc) < abs(fb) {
            (a, b, c) = (b, c, b)
            (fa, fb, fc) = (fb, fc, fb)
        }
        let least = 2 * 0x1p-52 * abs(b) + 0.5 * tolerance
        let half = 0.5 * (c - b)
        if abs(half) <= least || fb == 0 { return b }
        if abs(stepBefore) >= least && abs(fa) > abs(fb) {
            // Inverse quadratic interpolation, or the secant when only two points differ.
            let s = fb / fa
            var p: Double
            var q: Double
            if a == c {
                p = 2 * half * s
                q = 1 - s
            } else {
                let u = fa / fc
                let r = fb / fc
                p = s * (2 * half * u * (u - r) - (b - a) * (r - 1))
                q = (u - 1) * (r - 1) * (s - 1)
            }
            if p > 0 { q.negate() } else { p.negate() }
            if 2 * p < min(3 * half * q - abs(least * q), abs(stepBefore * q)) {
                stepBefore = step
                step = p / q
            } else {
                step = half
                stepBefore = half
            }
        } else {
            step = half
            stepBefore = half
        }
        (a, fa) = (b, fb)
        b += abs(step) > least ? step : (half > 0 ? least : -least)
        fb = try evaluate(b, f)
    }
    throw .notConverged(
        method: "Brent's root finder", iterations: maximumIterations, error: abs(c - b), tolerance: tolerance)
}

private func evaluate(_ x: Double, _ f: (Double) -> Double) throws(NumericalError) -> Double {
    let value = f(x)
    if value.isNaN { throw .notANumber(method: "the search for a root", point: [x]) }
    return value
}

private func bracket(_ range: ClosedRange<Double>, _ f: (Double) -> Double) throws(NumericalError) -> (
    Double, Double, Double, Double
) {
    let (lower, upper) = (range.lowerBound, range.upperBound)
    guard lower.isFinite && upper.isFinite else {
        throw .invalidArgument(
            name: "an end of the interval", value: lower.isFinite ? upper : lower, requirement: "finite")
    }
    let atLower = try evaluate(lower, f)
    let atUpper = try evaluate(upper, f)
    if atLower != 0 && atUpper != 0 && (atLower < 0) == (atUpper < 0) {
        throw .notBracketed(lower: lower, upper: upper, valueAtLower: atLower, valueAtUpper: atUpper)
    }
    return (lower, upper, atLower, atUpper)
}
