/// The value of a definite integral with an estimate of its error.
public struct Integral: Sendable, Equatable {
    /// The integral.
    public let value: Double
    /// An estimate of |value - exact|, usually far too large.
    public let error: Double
    /// How often the function was called.
    public let evaluations: Int
}

/// ∫ f(x) dx over `range`, either end of which may be infinite.
///
/// The interval of the largest error is halved until the errors add up to at most `tolerance` · max(1, |integral|).
/// f is never called at the ends of the range, which may be (integrable) singularities.
///
///     let mass = try integrate(over: -.infinity ... .infinity) { normalDensity($0) }.value      // 1
///
/// - Parameters:
///   - tolerance: positive; absolute for integrals below 1, relative above.
///   - maximumIntervals: how many intervals may be kept.
/// - Throws: `NumericalError.notConverged`, `.notANumber` with the point, `.invalidArgument`.
/// - Source: Piessens et al. (1983), QUADPACK, QAG with the 7-15 point Gauss–Kronrod pair.
public func integrate(
    over range: ClosedRange<Double>, tolerance: Double = 1e-10, maximumIntervals: Int = 1_000, _ f: (Double) -> Double
) throws(NumericalError) -> Integral {
    guard tolerance > 0 else {
        throw .invalidArgument(name: "the tolerance of an integral", value: tolerance, requirement: "positive")
    }
    let a = range.lowerBound
    let b = range.upperBound
    if a == b { return Integral(value: 0, error: 0, evaluations: 0) }
    switch (a.isFinite, b.isFinite) {
    case (true, true):
        return try integrateFinite(a, b, tolerance, maximumIntervals, at: { $0 }, f)
    case (true, false):
        // x = a + t / (1 - t)
        let at: (Double) -> Double = { a + $0 / (1 - $0) }
        return try integrateFinite(0, 1, tolerance, maximumIntervals, at: at) { t in f(at(t)) / ((1 - t) * (1 - t)) }
    case (false, true):
        let at: (Double) -> Double = { b - $0 / (1 - $0) }
        return try integrateFinite(0, 1, tolerance, maximumIntervals, at: at) { t in f(at(t)) / ((1 - t) * (1 - t)) }
    case (false, false):
        // x = t / (1 - t²)
        let at: (Double) -> Double = { $0 / (1 - $0 * $0) }
        return try integrateFinite(-1, 1, tolerance, maximumIntervals, at: at) { t in
            let s = 1 - t * t
            return f(at(t)) * (1 + t * t) / (s * s)
        }
    }
}

/// An interval with its 15-point value and error.
private struct Piece {
    var a: Double
    var b: Double
    var value: Double
    var error: Double
}

/// - Parameter at: the user's variable that belongs to the variable of integration, for error messages.
private func integrateFinite(
    _ a: Double, _ b: Double, _ tolerance: Double, _ maximumIntervals: Int, at: (Double) -> Double,
    _ f: (Double) -> Double
) throws(NumericalError) -> Integral {
    var pieces = [try kronrod(a, b, at, f)]
    while true {
        let value = pieces.reduce(0) { $0 + $1.value }
        let error = pieces.reduce(0) { $0 + $1.error }
        let wanted = tolerance * max(1, abs(value))
        if error <= wanted { return Integral(value: value, error: error, evaluations: 15 * (2 * pieces.count - 1)) }
        let worst = pieces.indices.max { pieces[$0].error < pieces[$1].error }!
        let piece = pieces[worst]
        let middle = 0.5 * (piece.a + piece.b)
        guard pieces.count < maximumIntervals, middle > piece.a, middle < piece.b else {
            throw .notConverged(
                method: "adaptive quadrature", iterations: pieces.count, error: error, tolerance: wanted)
        }
        pieces[worst] = try kronrod(piece.a, middle, at, f)
        pieces.append(try kronrod(middle, piece.b, at, f))
    }
}

/// The 15-point Kronrod sum, and as error |K - G| sharpened as QUADPACK does, (200 |K - G| / D)^1.5 D with D = ∫ |f - mean|.
private func kronrod(_ a: Double, _ b: Double, _ at: (Double) -> Double, _ f: (Double) -> Double) throws(NumericalError)
    -> Piece
{
    let centre = 0.5 * (a + b)
    let half = 0.5 * (b - a)
    var values = InlineArray<15, Double>(repeating: 0)
    var kronrod = 0.0
    var gauss = 0.0
    for index in 0..<15 {
        let mirrored = index < 8 ? index : 14 - index
        let t = centre + (index < 8 ? -1 : 1) * half * kronrodNodes[mirrored]
        let value = f(t)
        if value.isNaN { throw .notANumber(method: "adaptive quadrature", point: [at(t)]) }
        if value.isInfinite { throw .nonFinite(what: "the integrand near x = \(at(t))", index: index, value: value) }
        values[index] = value
        kronrod += kronrodWeights[mirrored] * value
        if mirrored % 2 == 1 { gauss += gaussWeights[mirrored / 2] * value }
    }
    var spread = 0.0
    for index in 0..<15 {
        spread += kronrodWeights[index < 8 ? index : 14 - index] * abs(values[index] - 0.5 * kronrod)
    }
    var error = abs(half * (kronrod - gauss))
    let scale = abs(half) * spread
    if scale > 0 && error > 0 {
        let ratio = 200 * error / scale
        error = scale * min(1, ratio * ratio.squareRoot())
    }
    return Piece(a: a, b: b, value: half * kronrod, error: error)
}

private let kronrodNodes: InlineArray<8, Double> = [
    0.991455371120812639206854697526329, 0.949107912342758524526189684047851, 0.864864423359769072789712788640926,
    0.741531185599394439863864773280788, 0.586087235467691130294144691838259, 0.405845151377397166906606412076961,
    0.207784955007898467600689403773245, 0,
]
private let kronrodWeights: InlineArray<8, Double> = [
    0.022935322010529224963732008058970, 0.063092092629978553290700663189204, 0.104790010322250183839876322541518,
    0.140653259715525918745189590510238, 0.169004726639267902826583426598550, 0.190350578064785409913256402421014,
    0.204432940075298892414161999234649, 0.209482141084727828012999174891714,
]
/// For the nodes 1, 3, 5 and 7 (the centre).
private let gaussWeights: InlineArray<4, Double> = [
    0.129484966168869693270611432679082, 0.279705391489276667901467771423780, 0.381830050505118944950369775488975,
    0.417959183673469387755102040816327,
]
