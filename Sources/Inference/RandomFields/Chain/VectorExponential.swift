/// exp of four numbers at once, to within 2 units in the last place; 0 below -708, where exp leaves the normal range, and
/// for numbers up to 708.
///
/// `x = n ln 2 + r` with |r| <= ln 2 / 2; the Taylor polynomial of degree 12 of exp(r) has a relative error below 2e-16.
@inline(__always)
func vectorExponential(_ x: SIMD4<Double>) -> SIMD4<Double> {
    let isTiny = x .< -708
    var y = x
    y.replace(with: 0, where: isTiny)
    // Adding 1.5 * 2^52 rounds to an integer, which is then in the low bits.
    let shifter = 0x1.8p52
    let shifted = y * 1.4426950408889634 + shifter
    let n = shifted - shifter
    let r = (y - n * 0x1.62e42feep-1) - n * 0x1.a39ef35793c76p-33
    var p = SIMD4<Double>(repeating: 1.0 / 479_001_600)
    p = p * r + 1.0 / 39_916_800
    p = p * r + 1.0 / 3_628_800
    p = p * r + 1.0 / 362_880
    p = p * r + 1.0 / 40_320
    p = p * r + 1.0 / 5_040
    p = p * r + 1.0 / 720
    p = p * r + 1.0 / 120
    p = p * r + 1.0 / 24
    p = p * r + 1.0 / 6
    p = p * r + 0.5
    p = p * r + 1.0
    p = p * r + 1.0
    let bits = unsafeBitCast(shifted, to: SIMD4<Int64>.self) &+ 1023
    var result = p * unsafeBitCast(bits &<< 52, to: SIMD4<Double>.self)
    result.replace(with: 0, where: isTiny)
    return result
}

/// exp in place.
func vectorExponential(_ values: UnsafeMutablePointer<SIMD4<Double>>, count: Int) {
    for i in 0..<count { values[i] = vectorExponential(values[i]) }
}
