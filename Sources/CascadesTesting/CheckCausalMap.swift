public import Cascades
public import Probability

/// Checks a causal map on `series` random series of `steps` steps, standard normal.
///
/// Laws: outputs depend on earlier inputs only; the derivative agrees with central differences (to `tolerance`); the
/// gradient is its transpose, equals the unrolled map's by its record, and is the same to the last bit from checkpoints
/// (each to `exact`, relative to the size); the same computation as a traced kernel gives the same outputs.
public func checkCausalMap<Base: SmoothMap>(
    _ map: CausalMap<Base>, steps: Int = 12, series: Int = 5, tolerance: Double = 1e-6, exact: Double = 1e-12,
    using random: inout Random
) -> [LawViolation] {
    var violations: [LawViolation] = []
    func normals(_ count: Int) -> [Double] { (0..<count).map { _ in random.normal() } }
    do {
        for number in 0..<series {
            let place = "series \(number)"
            let (p, dp) = (normals(map.parameterCount), normals(map.parameterCount))
            let (x, dx) = (normals(steps * map.inputCount), normals(steps * map.inputCount))
            let y = try map.run(x, parameters: p)

            let cut = steps / 2
            let other = Array(x[..<(cut * map.inputCount)]) + normals((steps - cut) * map.inputCount)
            violations += compare(
                Array(try map.run(other, parameters: p)[..<(cut * map.outputCount)]),
                Array(y[..<(cut * map.outputCount)]), "outputs depend on earlier inputs only", 0, place)

            let dy = try map.derivative(x, inputTangents: dx, parameters: p, parameterTangents: dp)
            let step = 1e-5
            let up = try map.run(moved(x, step, dx), parameters: moved(p, step, dp))
            let down = try map.run(moved(x, -step, dx), parameters: moved(p, -step, dp))
            violations += compare(
                dy, zip(up, down).map { ($0 - $1) / (2 * step) }, "the derivative agrees with differences", tolerance,
                place)

            let w = normals(steps * map.outputCount)
            let gradient = try map.gradient(of: w, inputs: x, parameters: p)
            violations += compare(
                [inner(w, dy)], [inner(gradient.parameters, dp) + inner(gradient.inputs, dx)],
                "the gradient is the derivative's transpose", exact, place)
            var unrolled = [Double](repeating: 0, count: map.parameterCount)
            let inputs = map.unrolled(steps: steps).tapedPullback(
                w.span, parameters: p.span, input: x.span, addingTo: &unrolled, at: 0)
            violations += compare(
                gradient.parameters + gradient.inputs, unrolled + inputs,
                "the gradient is backpropagation through the unrolled map", exact, place)
            for stretch in [2, 3, 5, steps] {
                let sparse = try map.gradient(of: w, inputs: x, parameters: p, checkpointEvery: stretch)
                violations += compare(
                    sparse.parameters + sparse.inputs + sparse.initial,
                    gradient.parameters + gradient.inputs + gradient.initial,
                    "checkpoints change nothing", 0, "\(place), every \(stretch)")
            }

            let cells = (0..<steps).map { Array(x[($0 * map.inputCount)..<(($0 + 1) * map.inputCount)]) }
            violations += compare(
                map.traced(parameters: p).sample(cells, using: &random).flatMap(\.second), y,
                "the traced kernel gives the same outputs", 0, place)
        }
    } catch {
        violations.append(LawViolation("finite series have finite outputs", "\(error)"))
    }
    return violations
}

/// Checks the laws of composition of causal maps on `series` random series, to `tolerance` relative to the size; `a`,
/// `b`, `c` follow one another.
///
/// Laws: `>>>` is associative with the identity as unit; it interchanges with `***`; the derivative respects both.
public func checkCausalComposition<A: SmoothMap, B: SmoothMap, C: SmoothMap>(
    _ a: CausalMap<A>, _ b: CausalMap<B>, _ c: CausalMap<C>, steps: Int = 12, series: Int = 5,
    tolerance: Double = 1e-12, using random: inout Random
) -> [LawViolation] {
    var check = CausalComparison(steps: steps, series: series, tolerance: tolerance, random: random)
    check.same("sequence is associative", (a >>> b) >>> c, a >>> (b >>> c))
    let (before, after) = (CausalMap(Rewiring.identity(a.inputCount)), CausalMap(Rewiring.identity(a.outputCount)))
    check.same("the identity is the unit of sequence", a, before >>> a >>> after)
    let (m, n) = (a.parameterCount, b.parameterCount)
    check.same("sequence and product interchange", (a *** b) >>> (b *** c), (a >>> b) *** (b >>> c)) { p in
        Array(p[..<m]) + p[(m + n)..<(m + 2 * n)] + p[m..<(m + n)] + p[(m + 2 * n)...]
    }
    check.same("the derivative respects sequence: the chain rule", (a >>> b).tangent, a.tangent >>> b.tangent)
    check.same("the derivative respects product", (a *** b).tangent, a.tangent *** b.tangent)
    random = check.random
    return check.violations
}

/// Checks the laws of the delayed trace on `map`, whose first `first.count` outputs are fed back, with `before` in front,
/// `after` behind and `beside` it.
///
/// Laws: tightening on both sides; superposing; vanishing, of nothing and of two parts; the derivative respects it.
/// Yanking fails as it should: feeding back an exchange gives a delay.
public func checkDelayedTrace<Base: SmoothMap, A: SmoothMap, B: SmoothMap, C: SmoothMap>(
    _ map: CausalMap<Base>, feedback first: [Double], before: CausalMap<A>, after: CausalMap<B>, beside: CausalMap<C>,
    steps: Int = 12, series: Int = 5, tolerance: Double = 1e-12, using random: inout Random
) -> [LawViolation] {
    var check = CausalComparison(steps: steps, series: series, tolerance: tolerance, random: random)
    let wire = CausalMap(Rewiring.identity(first.count))
    let traced = map.delayedTrace(from: first)
    check.same("what comes before moves in", before >>> traced, ((wire *** before) >>> map).delayedTrace(from: first))
    check.same("what comes after moves in", traced >>> after, (map >>> (wire *** after)).delayedTrace(from: first))
    check.same("what stands beside moves in", traced *** beside, (map *** beside).delayedTrace(from: first))
    check.same("feeding back nothing changes nothing", traced, traced.delayedTrace(from: []))
    let cut = first.count / 2
    check.same(
        "feedback in two parts is feedback at once", traced,
        map.delayedTrace(from: Array(first[..<cut])).delayedTrace(from: Array(first[cut...])))
    check.same(
        "the derivative respects feedback", traced.tangent,
        map.tangent.delayedTrace(from: interleaved(first, [Double](repeating: 0, count: first.count))))
    random = check.random

    let swap = CausalMap(Rewiring.swap(first.count, first.count)).delayedTrace(from: first)
    let x = (0..<steps * first.count).map { _ in random.normal() }
    var violations = check.violations
    do {
        violations += compare(
            try swap.run(x), Array((first + x).prefix(x.count)), "feeding back an exchange delays by one step", 0, "")
    } catch {
        violations.append(LawViolation("finite series have finite outputs", "\(error)"))
    }
    return violations
}

/// Checks that a map on what is fed back slides past the delay, if where it begins moves along:
/// `dtr(f >>> (g *** id))` from `g(u)` is `dtr((g *** id) >>> f)` from `u`, for `g` without state.
///
/// `f` gives the numbers that `g` takes first, and takes the numbers that `g` gives first.
public func checkSliding<F: SmoothMap, G: SmoothMap>(
    _ f: CausalMap<F>, past g: G, parameters: [Double] = [], from first: [Double], steps: Int = 12, series: Int = 5,
    tolerance: Double = 1e-12, using random: inout Random
) -> [LawViolation] {
    var check = CausalComparison(steps: steps, series: series, tolerance: tolerance, random: random)
    let (m, n) = (f.parameterCount, g.parameterCount)
    let (ins, outs) = (f.inputCount - g.outputCount, f.outputCount - g.inputCount)
    let early = (CausalMap(g *** Rewiring.identity(ins)) >>> f).delayedTrace(from: first)
    let late = (f >>> CausalMap(g *** Rewiring.identity(outs))).delayedTrace(from: g(parameters, first))
    check.same("a map slides past the delay with its beginning", early, late, fixed: parameters) { p in
        Array(p[n..<(n + m)]) + p[..<n]
    }
    random = check.random
    return check.violations
}

/// Compares causal maps on random series.
struct CausalComparison {
    var steps: Int
    var series: Int
    var tolerance: Double
    var random: Random
    var violations: [LawViolation] = []

    /// Whether `left` and `right` give the same outputs, where `rename` gives the right one's parameters from the left
    /// one's; `fixed` are the first of those, the rest are drawn.
    mutating func same<L: SmoothMap, R: SmoothMap>(
        _ law: String, _ left: CausalMap<L>, _ right: CausalMap<R>, fixed: [Double] = [],
        rename: ([Double]) -> [Double] = { $0 }
    ) {
        for number in 0..<series {
            let p = fixed + (fixed.count..<left.parameterCount).map { _ in random.normal() }
            let x = (0..<steps * left.inputCount).map { _ in random.normal() }
            do {
                violations += compare(
                    try left.run(x, parameters: p), try right.run(x, parameters: rename(p)), law, tolerance,
                    "series \(number)")
            } catch {
                violations.append(LawViolation("finite series have finite outputs", "\(law): \(error)"))
            }
        }
    }
}
