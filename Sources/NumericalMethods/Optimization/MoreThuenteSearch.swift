internal import Foundation

/// A step length that meets the strong Wolfe conditions.
///
/// Keeps an interval that holds such a length, and picks trials in it by cubic and quadratic interpolation.
/// - Source: Moré and Thuente 1994, "Line search algorithms with guaranteed sufficient decrease", sections 2 to 4.
struct MoreThuenteSearch {
    /// How much of the first slope's promise a step must keep (their mu).
    var decrease = 1e-4
    /// How flat the slope must become, relative to the first (their eta).
    var curvature = 0.9
    var maximumTrials = 20
    private let widthTolerance = 1e-16
    private let longest = 1e20

    init(maximumTrials: Int) { self.maximumTrials = maximumTrials }

    /// An end of the interval, or a trial.
    private struct Point {
        var length: Double
        var value: Double
        var slope: Double
    }

    /// Searches from length 0, where the function has `value` and a negative `slope`.
    ///
    /// The last call of `evaluate` is at the length returned; 0 when none was found.
    func run(
        value: Double, slope: Double, first: Double, evaluate: (Double) throws -> (value: Double, slope: Double)
    ) rethrows -> (length: Double, evaluations: Int) {
        var best = Point(length: 0, value: value, slope: slope)
        var other = best
        var isBracketed = false
        // Their auxiliary function is used until a trial has decreased enough with a slope that isn't too negative.
        var isFirstStage = true
        var (width, earlierWidth) = (longest, 2 * longest)
        var length = first
        for evaluation in 1...maximumTrials {
            let lower = isBracketed ? min(best.length, other.length) : best.length
            let upper = isBracketed ? max(best.length, other.length) : length + 4 * (length - best.length)
            length = min(max(length, 1e-20), longest)
            let isLast =
                isBracketed
                && (length <= lower || length >= upper || upper - lower <= widthTolerance * upper)
                || evaluation == maximumTrials
            // Nothing better can be found: fall back to the best trial, which is then evaluated again.
            if isLast, best.length > 0 { length = best.length }
            let (value1, slope1) = try evaluate(length)
            let promised = value + length * decrease * slope
            if value1 <= promised, abs(slope1) <= -curvature * slope { return (length, evaluation) }
            if isLast { return (value1 <= promised ? length : 0, evaluation) }
            if !value1.isFinite {
                // Interpolation can't use it: close in on the best point.
                other = Point(length: length, value: .infinity, slope: 0)
                length = best.length + 0.1 * (length - best.length)
                (isBracketed, width, earlierWidth) = (false, longest, 2 * longest)
                continue
            }
            if isFirstStage, value1 <= promised, slope1 >= min(decrease, curvature) * slope { isFirstStage = false }
            let tilt = isFirstStage && promised < value1 && value1 <= best.value ? decrease * slope : 0
            var (a, b) = (Self.tilted(best, -tilt), Self.tilted(other, -tilt))
            let trial = Self.tilted(Point(length: length, value: value1, slope: slope1), -tilt)
            length = Self.refine(&a, &b, trial, &isBracketed, lower: lower, upper: upper)
            (best, other) = (Self.tilted(a, tilt), Self.tilted(b, tilt))
            if isBracketed {
                // The interval has to shrink by a third every two trials.
                if abs(other.length - best.length) >= 0.66 * earlierWidth {
                    length = best.length + 0.5 * (other.length - best.length)
                }
                earlierWidth = width
                width = abs(other.length - best.length)
            }
        }
        return (0, maximumTrials)
    }

    private static func tilted(_ point: Point, _ slope: Double) -> Point {
        Point(length: point.length, value: point.value + slope * point.length, slope: point.slope + slope)
    }

    /// Takes `trial` into the interval from `a` (the best) to `b`, and returns the next trial length.
    private static func refine(
        _ a: inout Point, _ b: inout Point, _ trial: Point, _ isBracketed: inout Bool, lower: Double, upper: Double
    ) -> Double {
        let isOpposite = trial.slope * (a.slope / abs(a.slope)) < 0
        var next: Double
        var mustStayInside = false
        if trial.value > a.value {
            // Higher: a minimum lies between.
            let cubic = cubicMinimum(a, trial)
            let quadratic = quadraticMinimum(a, trial)
            next = abs(cubic - a.length) < abs(quadratic - a.length) ? cubic : cubic + (quadratic - cubic) / 2
            isBracketed = true
            mustStayInside = true
        } else if isOpposite {
            // Lower, and the slope turned: a minimum lies between.
            let cubic = cubicMinimum(a, trial)
            let secant = secantMinimum(a, trial)
            next = abs(cubic - trial.length) > abs(secant - trial.length) ? cubic : secant
            isBracketed = true
        } else if abs(trial.slope) < abs(a.slope) {
            // Lower, flatter: go on, but not too far.
            let cubic = cubicBeyond(a, trial, lower: lower, upper: upper)
            let secant = secantMinimum(a, trial)
            let cubicIsNearer = abs(trial.length - cubic) < abs(trial.length - secant)
            next = cubicIsNearer == isBracketed ? cubic : secant
            mustStayInside = true
        } else if isBracketed {
            next = cubicMinimum(trial, b)
        } else {
            next = trial.length > a.length ? upper : lower
        }
        if trial.value > a.value {
            b = trial
        } else {
            if isOpposite { b = a }
            a = trial
        }
        next = min(max(next, lower), upper)
        if !next.isFinite { next = (a.length + b.length) / 2 }
        if isBracketed && mustStayInside {
            let limit = a.length + 0.66 * (b.length - a.length)
            next = b.length > a.length ? min(limit, next) : max(limit, next)
        }
        return next
    }

    /// The minimum of the cubic through two points with their slopes.
    private static func cubicMinimum(_ u: Point, _ v: Point) -> Double {
        let distance = v.length - u.length
        let theta = (u.value - v.value) * 3 / distance + u.slope + v.slope
        let size = max(abs(theta), abs(u.slope), abs(v.slope))
        let root = size * max(0, (theta / size) * (theta / size) - (u.slope / size) * (v.slope / size)).squareRoot()
        let gamma = v.length < u.length ? -root : root
        let ratio = (gamma - u.slope + theta) / (gamma - u.slope + gamma + v.slope)
        return u.length + ratio * distance
    }

    /// The minimum of that cubic where it lies beyond the second point, else the end of the interval on that side.
    private static func cubicBeyond(_ u: Point, _ v: Point, lower: Double, upper: Double) -> Double {
        let distance = v.length - u.length
        let theta = (u.value - v.value) * 3 / distance + u.slope + v.slope
        let size = max(abs(theta), abs(u.slope), abs(v.slope))
        let root = size * max(0, (theta / size) * (theta / size) - (u.slope / size) * (v.slope / size)).squareRoot()
        let gamma = u.length < v.length ? -root : root
        let ratio = (gamma - v.slope + theta) / (gamma - v.slope + gamma + u.slope)
        if ratio < 0, gamma != 0 { return v.length - ratio * distance }
        return v.length > u.length ? upper : lower
    }

    /// The minimum of the parabola through two values and the first slope.
    private static func quadraticMinimum(_ u: Point, _ v: Point) -> Double {
        let distance = v.length - u.length
        return u.length + u.slope / ((u.value - v.value) / distance + u.slope) / 2 * distance
    }

    /// Where the line through two slopes is zero.
    private static func secantMinimum(_ u: Point, _ v: Point) -> Double {
        v.length + v.slope / (v.slope - u.slope) * (u.length - v.length)
    }
}
