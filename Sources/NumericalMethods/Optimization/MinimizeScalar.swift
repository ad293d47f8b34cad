/// Minimises a function of one unknown over `range`, by Brent's golden section with parabolic steps.
///
/// Finds the minimum of a unimodal function, a local one of any other. Near a smooth minimum no more than half of the
/// digits of x can be determined, so a tolerance below 1e-8 buys nothing.
///
/// - Parameters:
///   - range: finite.
///   - tolerance: relative to x, plus a hundredth of it absolutely, for minima at 0.
/// - Throws: `NumericalError.notANumber`, `.invalidArgument`.
/// - Source: Brent (1973), Algorithms for Minimization without Derivatives, chapter 5.
public func minimizeScalar(
    in range: ClosedRange<Double>, tolerance: Double = 1e-8, maximumEvaluations: Int = 200, _ f: (Double) -> Double
) throws(NumericalError) -> Minimum {
    var a = range.lowerBound
    var b = range.upperBound
    guard a.isFinite && b.isFinite else {
        throw .invalidArgument(name: "an end of the interval", value: a.isFinite ? b : a, requirement: "finite")
    }
    guard tolerance > 0 else {
        throw .invalidArgument(name: "the tolerance", value: tolerance, requirement: "positive")
    }
    func evaluate(_ x: Double) throws(NumericalError) -> Double {
        let value = f(x)
        if value.isNaN { throw .notANumber(method: "minimizeScalar", point: [x]) }
        return value
    }
    let golden = 0.5 * (3 - 5.0.squareRoot())
    // x is the best point, w the second best, v the one that w replaced.
    var x = a + golden * (b - a)
    var fx = try evaluate(x)
    var (w, v, fw, fv) = (x, x, fx, fx)
    var step = 0.0
    var stepBefore = 0.0
    for evaluations in 1..<max(2, maximumEvaluations) {
        let middle = 0.5 * (a + b)
        let least = tolerance * abs(x) + tolerance * 1e-2
        if abs(x - middle) <= 2 * least - 0.5 * (b - a) {
            return Minimum(point: [x], value: fx, evaluations: evaluations, reason: .converged)
        }
        var usesParabola = false
        if abs(stepBefore) > least {
            let r = (x - w) * (fx - fv)
            var q = (x - v) * (fx - fw)
            var p = (x - v) * q - (x - w) * r
            q = 2 * (q - r)
            if q > 0 { p.negate() } else { q.negate() }
            if abs(p) < abs(0.5 * q * stepBefore) && p > q * (a - x) && p < q * (b - x) {
                stepBefore = step
                step = p / q
                let next = x + step
                if next - a < 2 * least || b - next < 2 * least { step = x < middle ? least : -least }
                usesParabola = true
            }
        }
        if !usesParabola {
            stepBefore = x < middle ? b - x : a - x
            step = golden * stepBefore
        }
        let next = x + (abs(step) >= least ? step : (step > 0 ? least : -least))
        let value = try evaluate(next)
        if value <= fx {
            if next < x { b = x } else { a = x }
            (v, w, x) = (w, x, next)
            (fv, fw, fx) = (fw, fx, value)
        } else {
            if next < x { a = next } else { b = next }
            if value <= fw || w == x {
                (v, w) = (w, next)
                (fv, fw) = (fw, value)
            } else if value <= fv || v == x || v == w {
                (v, fv) = (next, value)
            }
        }
    }
    return Minimum(point: [x], value: fx, evaluations: max(2, maximumEvaluations), reason: .evaluationsUsed)
}
