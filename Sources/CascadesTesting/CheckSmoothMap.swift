public import Cascades
public import Probability

/// Checks a smooth map at `points` random parameters and inputs, standard normal times `scale`.
///
/// Laws: outputs have their count; the derivative agrees with central differences (to `tolerance`); the pullback is its
/// transpose and equals that of the record; the derivative is linear in the direction; mixed second derivatives agree.
public func checkSmoothMap<Map: SmoothMap>(
    _ map: Map, points: Int = 10, scale: Double = 1, tolerance: Double = 1e-6, exact: Double = 1e-12,
    using random: inout Random
) -> [LawViolation] {
    var violations: [LawViolation] = []
    func normals(_ count: Int) -> [Double] { (0..<count).map { _ in scale * random.normal() } }
    for point in 0..<points {
        let (p, x) = (normals(map.parameterCount), normals(map.inputCount))
        let (dp, dx) = (normals(map.parameterCount), normals(map.inputCount))
        let y = map(p, x)
        if y.count != map.outputCount {
            return [LawViolation("outputCount counts the outputs", "\(map.outputCount), not \(y.count)")]
        }
        let dy = map.derivative(parameters: p, parameterTangents: dp, input: x, inputTangents: dx)
        let values = map.tangent(interleaved(p, dp), interleaved(x, dx))
        violations += compare(
            stride(from: 0, to: values.count, by: 2).map { values[$0] }, y, "the tangent keeps the value", 0,
            "point \(point)")

        let step = 1e-5
        let up = map(moved(p, step, dp), moved(x, step, dx))
        let down = map(moved(p, -step, dp), moved(x, -step, dx))
        violations += compare(
            dy, zip(up, down).map { ($0 - $1) / (2 * step) }, "the derivative agrees with differences", tolerance,
            "point \(point)")
        let doubled = map.derivative(
            parameters: p, parameterTangents: moved(dp, 1, dp), input: x, inputTangents: moved(dx, 1, dx))
        violations += compare(
            doubled, dy.map { 2 * $0 }, "the derivative is linear in the direction", exact, "point \(point)")

        let w = normals(map.outputCount)
        let back = map.pullback(w, parameters: p, input: x)
        violations += compare(
            [inner(w, dy)], [inner(back.first, dp) + inner(back.second, dx)],
            "the pullback is the derivative's transpose", exact, "point \(point)")
        var gradient = [Double](repeating: 1, count: map.parameterCount + 2)
        let taped = map.tapedPullback(w.span, parameters: p.span, input: x.span, addingTo: &gradient, at: 1)
        violations += compare(
            back.first + back.second, gradient.dropFirst().dropLast().map { $0 - 1 } + taped,
            "the pullback equals that of the record", exact, "point \(point)")
        var shifted = [Double](repeating: 1, count: map.parameterCount + 2)
        _ = map.pullback(w.span, parameters: p.span, input: x.span, addingTo: &shifted, at: 1)
        if shifted[0] != 1 || shifted[shifted.count - 1] != 1 {
            violations.append(LawViolation("a gradient stays in its place", "point \(point)"))
        }
        violations += compare(
            shifted.dropFirst().dropLast().map { $0 - 1 }, back.first, "gradients add", exact, "point \(point)")

        // T T f at ((x, a), (b, 0)): the last number of each output is f''(x)(a, b).
        let (ap, ax) = (normals(map.parameterCount), normals(map.inputCount))
        func mixed(_ first: ([Double], [Double]), _ second: ([Double], [Double])) -> [Double] {
            func twice(_ v: [Double], _ a: [Double], _ b: [Double]) -> [Double] {
                interleaved(interleaved(v, a), interleaved(b, [Double](repeating: 0, count: v.count)))
            }
            let result = map.tangent.tangent(twice(p, first.0, second.0), twice(x, first.1, second.1))
            return stride(from: 3, to: result.count, by: 4).map { result[$0] }
        }
        violations += compare(
            mixed((ap, ax), (dp, dx)), mixed((dp, dx), (ap, ax)), "mixed second derivatives agree", exact,
            "point \(point)")
    }
    return violations
}

/// Checks the laws of composition of smooth maps at `points` random points, to `tolerance` relative to the size.
///
/// Laws: `>>>` and `***` are associative with the identity as unit; they interchange; the derivative respects both, which
/// is the chain rule. `a`, `b`, `c` follow one another.
public func checkSmoothComposition<A: SmoothMap, B: SmoothMap, C: SmoothMap>(
    _ a: A, _ b: B, _ c: C, points: Int = 10, tolerance: Double = 1e-12, using random: inout Random
) -> [LawViolation] {
    var violations: [LawViolation] = []
    func same<F: SmoothMap, G: SmoothMap>(_ law: String, _ f: F, _ g: G, _ parameters: ([Double]) -> [Double] = { $0 })
    {
        for point in 0..<points {
            let p = (0..<f.parameterCount).map { _ in random.normal() }
            let x = (0..<f.inputCount).map { _ in random.normal() }
            violations += compare(f(p, x), g(parameters(p), x), law, tolerance, "point \(point)")
        }
    }
    same("sequence is associative", (a >>> b) >>> c, a >>> (b >>> c))
    same(
        "the identity is the unit of sequence", a,
        Rewiring.identity(a.inputCount) >>> a >>> Rewiring.identity(a.outputCount))
    same("product is associative", (a *** b) *** c, a *** (b *** c))
    same("nothing is the unit of product", a, Rewiring.identity(0) *** a *** Rewiring.identity(0))
    let (m, n) = (a.parameterCount, b.parameterCount)
    same("sequence and product interchange", (a *** b) >>> (b *** c), (a >>> b) *** (b >>> c)) { p in
        // Left: a, b, b, c. Right: a, b, b, c with the middle two exchanged.
        Array(p[..<m]) + p[(m + n)..<(m + 2 * n)] + p[m..<(m + n)] + p[(m + 2 * n)...]
    }
    same("the derivative respects sequence: the chain rule", (a >>> b).tangent, a.tangent >>> b.tangent)
    same("the derivative respects product", (a *** b).tangent, a.tangent *** b.tangent)
    same(
        "the derivative keeps the identity", Rewiring.identity(a.inputCount).tangent,
        Rewiring.identity(2 * a.inputCount))
    return violations
}

/// `base + step * direction`.
func moved(_ base: [Double], _ step: Double, _ direction: [Double]) -> [Double] {
    zip(base, direction).map { $0 + step * $1 }
}

func inner(_ left: [Double], _ right: [Double]) -> Double { zip(left, right).reduce(0) { $0 + $1.0 * $1.1 } }

/// A violation where two lists differ by more than `tolerance`, relative to the largest number if that is above 1.
func compare(
    _ left: [Double], _ right: [Double], _ law: String, _ tolerance: Double, _ place: String
) -> [LawViolation] {
    if left.count != right.count { return [LawViolation(law, "\(place): \(left.count) and \(right.count) numbers")] }
    let size = right.reduce(1) { max($0, abs($1)) }
    for index in left.indices where !(abs(left[index] - right[index]) <= tolerance * size) {
        return [LawViolation(law, "\(place), number \(index): \(left[index]) and \(right[index])")]
    }
    return []
}
