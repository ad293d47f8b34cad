internal import CLinearAlgebra

/// A Gaussian quadrature rule: Σ wᵢ f(xᵢ), exact for polynomials up to degree 2 n - 1 under its weight function.
///
///     let rule = try GaussRule.hermite(40)
///     let secondMoment = rule.integrate { $0 * $0 }      // E[Z²] = 1
///
/// Nodes are the eigenvalues of the rule's Jacobi matrix, polished by Newton's method; weights are the Christoffel
/// numbers 1 / Σ pₖ(xᵢ)², which keep their relative precision where eigenvectors would not.
///
/// - Source: Golub and Welsch (1969), Calculation of Gauss quadrature rules, Math. Comp. 23, equations 2.2 to 2.6.
public struct GaussRule: Sendable, Equatable {
    /// xᵢ, ascending.
    public let nodes: [Double]
    /// wᵢ, positive.
    public let weights: [Double]

    /// ∫ f over `range` with weight 1 (Gauss–Legendre).
    ///
    /// - Throws: `NumericalError.invalidArgument` for n below 1.
    public static func legendre(_ n: Int, on range: ClosedRange<Double> = -1...1) throws(NumericalError) -> GaussRule {
        let rule = try GaussRule(count: n, mass: 2) { k in k * k / (4 * k * k - 1) }
        let half = 0.5 * (range.upperBound - range.lowerBound)
        let centre = 0.5 * (range.upperBound + range.lowerBound)
        return GaussRule(nodes: rule.nodes.map { centre + half * $0 }, weights: rule.weights.map { half * $0 })
    }

    /// E f(Z) for a standard normal Z (probabilists' Gauss–Hermite; the weights add up to 1).
    ///
    /// - Throws: `NumericalError.invalidArgument` for n below 1.
    public static func hermite(_ n: Int) throws(NumericalError) -> GaussRule {
        try GaussRule(count: n, mass: 1) { k in k }
    }

    /// Σ wᵢ f(xᵢ).
    public func integrate(_ f: (Double) -> Double) -> Double {
        var sum = 0.0
        for index in nodes.indices { sum += weights[index] * f(nodes[index]) }
        return sum
    }

    private init(nodes: [Double], weights: [Double]) {
        self.nodes = nodes
        self.weights = weights
    }

    /// The rule of an even weight function of total `mass`, whose monic orthogonal polynomials satisfy
    /// pₖ₊₁ = x pₖ - βₖ pₖ₋₁.
    private init(count n: Int, mass: Double, beta: (Double) -> Double) throws(NumericalError) {
        guard n >= 1 else {
            throw .invalidArgument(
                name: "the number of nodes of a Gauss rule", value: Double(n), requirement: "1 or more")
        }
        let root = (0...n).map { $0 == 0 ? 0 : beta(Double($0)).squareRoot() }
        var nodes = [Double](repeating: 0, count: n)
        var offDiagonal = Array(root[1..<n]) + [0]
        BLAS.prepare()
        let code = LAPACKE_dsterf(Int32(n), &nodes, &offDiagonal)
        guard code == 0 else {
            throw .libraryFailure(
                library: "LAPACK", routine: "dsterf", code: Int(code),
                message: "the Jacobi matrix has no eigenvalues to be found")
        }
        var weights = [Double](repeating: 0, count: n)
        for index in 0..<n {
            for _ in 0..<2 {
                let step = Self.evaluate(nodes[index], root).newtonStep
                if step.isFinite { nodes[index] -= step }
            }
            weights[index] = mass * Self.evaluate(nodes[index], root).inverseSum
        }
        // The weight function is even; so is the rule, to the last digit.
        for index in 0..<n / 2 {
            let node = 0.5 * (nodes[n - 1 - index] - nodes[index])
            let weight = 0.5 * (weights[n - 1 - index] + weights[index])
            nodes[index] = -node
            nodes[n - 1 - index] = node
            weights[index] = weight
            weights[n - 1 - index] = weight
        }
        if n % 2 == 1 { nodes[n / 2] = 0 }
        self.nodes = nodes
        self.weights = weights
    }

    /// pₙ / pₙ′ and 1 / Σ_{k<n} pₖ² at `x`, for the orthonormal polynomials of a weight function of mass 1.
    private static func evaluate(_ x: Double, _ root: [Double]) -> (newtonStep: Double, inverseSum: Double) {
        let n = root.count - 1
        var previous = 0.0
        var value = 1.0
        var previousSlope = 0.0
        var slope = 0.0
        var sum = 0.0
        // The values are scaled by 2^-exponent, since they grow like e^(x²/4).
        var exponent = 0
        for k in 0..<n {
            sum += value * value
            let next = (x * value - root[k] * previous) / root[k + 1]
            let nextSlope = (value + x * slope - root[k] * previousSlope) / root[k + 1]
            (previous, value, previousSlope, slope) = (value, next, slope, nextSlope)
            if abs(value) > 0x1p300 || abs(slope) > 0x1p300 {
                previous *= 0x1p-300
                value *= 0x1p-300
                previousSlope *= 0x1p-300
                slope *= 0x1p-300
                sum = sum * 0x1p-300 * 0x1p-300
                exponent += 300
            }
        }
        return (value / slope, Double(sign: .plus, exponent: -2 * exponent, significand: 1 / sum))
    }
}
