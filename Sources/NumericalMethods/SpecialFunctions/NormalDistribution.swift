internal import Foundation

/// Φ(x): the probability that a standard normal number is at most `x`.
///
/// Through the complementary error function, so that both tails keep their relative precision down to 1e-307.
public func normalCDF(_ x: Double) -> Double {
    0.5 * erfc(-x * 0.5.squareRoot())
}

/// log Φ(x), in nats; finite far beyond the point where Φ underflows.
public func normalLogCDF(_ x: Double) -> Double {
    if x > -10 { return x > 5 ? log1p(-0.5 * erfc(x * 0.5.squareRoot())) : log(normalCDF(x)) }
    // Mills' ratio by its continued fraction, Φ(-t) = φ(t) / (t + 1/(t + 2/(t + 3/(t + ...)))), from the far end.
    let t = -x
    var tail = t
    for term in stride(from: 40.0, through: 1, by: -1) { tail = t + term / tail }
    return -0.5 * t * t - 0.5 * log(2 * Double.pi) - log(tail)
}

/// φ(x): the density of the standard normal distribution.
public func normalDensity(_ x: Double) -> Double {
    exp(-0.5 * x * x) / (2 * Double.pi).squareRoot()
}

/// The standard normal quantile: the x with Φ(x) = `p`; -∞ at 0 and +∞ at 1.
///
/// Precise to about 1e-15. For upper tails pass the tail probability and negate: `1 - p` loses digits.
///
/// - Parameter p: from 0 to 1.
/// - Source: Wichura (1988), algorithm AS 241 (PPND16), Applied Statistics 37(3), 477-484.
public func normalQuantile(_ p: Double) -> Double {
    precondition(p >= 0 && p <= 1, "a probability lies in 0 ... 1")
    let q = p - 0.5
    if abs(q) <= 0.425 {
        let r = 0.180625 - q * q
        return q * polynomial(r, centralNumerator) / polynomial(r, centralDenominator)
    }
    let tail = q < 0 ? p : 1 - p
    if tail == 0 { return q < 0 ? -.infinity : .infinity }
    let r = (-log(tail)).squareRoot()
    let magnitude =
        r <= 5
        ? polynomial(r - 1.6, middleNumerator) / polynomial(r - 1.6, middleDenominator)
        : polynomial(r - 5, farNumerator) / polynomial(r - 5, farDenominator)
    return q < 0 ? -magnitude : magnitude
}

/// c₀ + c₁ x + ... + c₇ x⁷.
@inline(__always)
private func polynomial(_ x: Double, _ c: InlineArray<8, Double>) -> Double {
    var sum = c[7]
    for index in stride(from: 6, through: 0, by: -1) { sum = sum * x + c[index] }
    return sum
}

private let centralNumerator: InlineArray<8, Double> = [
    3.3871328727963666080, 133.14166789178437745, 1971.5909503065514427, 13731.693765509461125,
    45921.953931549871457, 67265.770927008700853, 33430.575583588128105, 2509.0809287301226727,
]
private let centralDenominator: InlineArray<8, Double> = [
    1, 42.313330701600911252, 687.18700749205790830, 5394.1960214247511077,
    21213.794301586595867, 39307.895800092710610, 28729.085735721942674, 5226.4952788528545610,
]
private let middleNumerator: InlineArray<8, Double> = [
    1.42343711074968357734, 4.63033784615654529590, 5.76949722146069140550, 3.64784832476320460504,
    1.27045825245236838258, 0.241780725177450611770, 0.0227238449892691845833, 7.74545014278341407640e-4,
]
private let middleDenominator: InlineArray<8, Double> = [
    1, 2.05319162663775882187, 1.67638483018380384940, 0.689767334985100004550,
    0.148103976427480074590, 0.0151986665636164571966, 5.47593808499534494600e-4, 1.05075007164441684324e-9,
]
private let farNumerator: InlineArray<8, Double> = [
    6.65790464350110377720, 5.46378491116411436990, 1.78482653991729133580, 0.296560571828504891230,
    0.0265321895265761230930, 1.24266094738807843860e-3, 2.71155556874348757815e-5, 2.01033439929228813265e-7,
]
private let farDenominator: InlineArray<8, Double> = [
    1, 0.599832206555887937690, 0.136929880922735805310, 0.0148753612908506148525,
    7.86869131145613259100e-4, 1.84631831751005468180e-5, 1.42151175831644588870e-7, 2.04426310338993978564e-15,
]
