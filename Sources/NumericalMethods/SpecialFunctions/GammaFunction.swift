internal import Foundation

/// log |Γ(x)|; +∞ at 0 and the negative integers.
public func logGamma(_ x: Double) -> Double {
    // lgamma itself writes a global sign, which threads would race for.
    var sign: Int32 = 0
    return lgamma_r(x, &sign)
}

/// log B(a, b) = log Γ(a) + log Γ(b) - log Γ(a + b), for positive a and b, without the cancellation of large ones.
public func logBeta(_ a: Double, _ b: Double) -> Double {
    precondition(a > 0 && b > 0, "the beta function needs positive arguments")
    let small = min(a, b)
    let large = max(a, b)
    if large < 10 { return logGamma(small) + logGamma(large) - logGamma(small + large) }
    // Stirling's formula for the large argument and the sum: their leading terms cancel analytically.
    let correction = stirlingError(large) - stirlingError(small + large)
    return logGamma(small) + correction + small - (large - 0.5) * log1p(small / large) - small * log(small + large)
}

/// ψ(x) = d log Γ(x) / dx.
///
/// Precise to about 1e-15 absolutely, and relatively away from its zeros (the positive one is 1.4616321...).
///
/// - Parameter x: not 0 nor a negative integer.
/// - Source: Abramowitz and Stegun (1964), 6.3.5, 6.3.7 and 6.3.18.
public func digamma(_ x: Double) -> Double {
    precondition(x > 0 || x != x.rounded(), "the digamma function has poles at 0, -1, -2, ...")
    if x < 0 { return digamma(1 - x) - Double.pi / tan(Double.pi * (x - x.rounded())) }
    var x = x
    var sum = 0.0
    while x < 10 {
        sum -= 1 / x
        x += 1
    }
    let r = 1 / (x * x)
    let series =
        r
        * (1.0 / 12 - r
            * (1.0 / 120 - r * (1.0 / 252 - r * (1.0 / 240 - r * (1.0 / 132 - r * (691.0 / 32760 - r / 12))))))
    return sum + log(x) - 0.5 / x - series
}

/// ψ′(x), the derivative of the digamma function, for positive x.
///
/// - Source: Abramowitz and Stegun (1964), 6.4.6 and 6.4.12.
public func trigamma(_ x: Double) -> Double {
    precondition(x > 0, "this trigamma function is for positive arguments")
    var x = x
    var sum = 0.0
    while x < 10 {
        sum += 1 / (x * x)
        x += 1
    }
    let r = 1 / (x * x)
    let series =
        r
        * (1.0 / 6 - r * (1.0 / 30 - r * (1.0 / 42 - r * (1.0 / 30 - r * (5.0 / 66 - r * (691.0 / 2730 - r * 7 / 6))))))
    return sum + 1 / x + 0.5 * r + series / x
}

/// log Γ(1 + x) for 0 ≤ x ≤ 0.5, to full relative precision where 1 + x would round x away.
///
/// log Γ(1 + x) = -log(1 + x) + (1 - γ) x + Σ_{k≥2} (-1)^k (ζ(k) - 1) x^k / k  (Abramowitz and Stegun 6.1.33).
func logGammaOnePlus(_ x: Double) -> Double {
    var sum = 0.0
    for k in stride(from: zetaMinusOne.count + 1, through: 2, by: -1) {
        sum = zetaMinusOne[k - 2] / Double(k) - x * sum
    }
    return -log1p(x) + x * (0.42278433509846713939 + x * sum)
}

/// ζ(k) - 1 for k = 2, 3, ...
private let zetaMinusOne: [Double] = [
    0.64493406684822643647, 0.2020569031595942854, 0.082323233711138191516, 0.036927755143369926331,
    0.017343061984449139715, 0.0083492773819228268398, 0.0040773561979443393787, 0.0020083928260822144179,
    0.00099457512781808533715, 0.0004941886041194645587, 0.00024608655330804829864, 0.00012271334757848914675,
    0.000061248135058704829259, 0.000030588236307020493552, 0.000015282259408651871733, 7.6371976378997622736e-6,
    3.8172932649998398565e-6, 1.9082127165539389257e-6, 9.5396203387279611315e-7, 4.7693298678780646312e-7,
    2.3845050272773299e-7, 1.1921992596531107307e-7, 5.9608189051259479612e-8, 2.9803503514652280186e-8,
    1.4901554828365041235e-8, 7.450711789835429492e-9, 3.7253340247884570548e-9, 1.8626597235130490064e-9,
    9.3132743241966818287e-10, 4.656629065033784073e-10,
]

/// log Γ(x + 1) - (x + ½) log x + x - ½ log 2π: what Stirling's formula leaves over, for positive x.
func stirlingError(_ x: Double) -> Double {
    if x < 10 { return logGamma(x + 1) - (x + 0.5) * log(x) + x - 0.91893853320467274178 }
    let r = 1 / (x * x)
    return
        (1.0 / 12 - r
        * (1.0 / 360 - r * (1.0 / 1260 - r * (1.0 / 1680 - r * (1.0 / 1188 - r * (691.0 / 360360 - r / 156)))))) / x
}

/// x log(x / m) + m - x, without cancellation when x is close to m.
///
/// - Source: Loader (2000), Fast and accurate computation of binomial probabilities, section 2 (the deviance D₀).
func poissonDeviance(_ x: Double, mean m: Double) -> Double {
    if abs(x - m) < 0.1 * (x + m) {
        let v = (x - m) / (x + m)
        var sum = (x - m) * v
        var power = 2 * x * v
        var k = 3.0
        while true {
            power *= v * v
            let next = sum + power / k
            if next == sum { return sum }
            sum = next
            k += 2
        }
    }
    return x * log(x / m) + m - x
}
