internal import Foundation
public import NumericalMethods

/// The exact asymptotic covariances of a self-repellent walk and of the iterates that it drives.
///
/// Around the solution both are linear: with M the noise of the base walk, x' = J x + M and θ' = A θ + Hᵀ(M + (J + I) x),
/// where J = −α(I + Pᵀ) − I on vectors that add up to 0. In the base walk's eigenvectors uᵢ (eigenvalues λᵢ < 1), J is
/// −(α(1 + λᵢ) + 1) and M has the variances (1 + λᵢ) / (1 − λᵢ), so that each covariance is a sum over i:
///
/// | step sizes | the iterate's noise in direction i is divided by |
/// |---|---|
/// | the walk's is larger (γ ≫ β) | (α(1 + λᵢ) + 1)² |
/// | equal | between the other two, about α(1 + λᵢ) + 1 |
/// | the iterate's is larger (β ≫ γ) | 1: no gain |
///
/// - Source: J. Hu, V. Doshi and D. Y. Eun, ICLR 2024 (paper 38), whose theorem on the covariance these sums restate for a
///   symmetric A.
public struct WalkCovariance: Sendable {
    /// Which step size is larger in the long run.
    public enum Regime: String, Sendable, CaseIterable, Codable {
        /// βₙ / γₙ → 0: the paper's case (i).
        case walkFaster
        /// βₙ = γₙ: case (ii).
        case equal
        /// γₙ / βₙ → 0: case (iii).
        case iterateFaster
    }

    /// λᵢ without the 1 of the stationary distribution, ascending, `[nodeCount − 1]`.
    public let eigenvalues: [Double]
    /// uᵢ as rows: left eigenvectors of P with uᵢᵀ diag(π)⁻¹ uⱼ = δᵢⱼ, `[nodeCount − 1, nodeCount]`.
    public let eigenvectors: Matrix

    /// The covariances over `walk`.
    ///
    /// - Throws: `InferenceError.disconnected` where the eigenvalue 1 comes twice.
    public init(_ walk: ReversibleWalk) throws {
        let roots = walk.stationary.map { $0.squareRoot() }
        let p = walk.transitionMatrix
        var symmetric = p
        for i in 0..<walk.nodeCount { for j in 0..<walk.nodeCount { symmetric[i, j] = roots[i] * p[i, j] / roots[j] } }
        let eigen = try SymmetricEigen(symmetric)
        let count = walk.nodeCount - 1
        if count > 0, eigen.values[count - 1] > 1 - 1e-12 {
            throw InferenceError.disconnected(what: "the walk", parts: ["one part", "another part"])
        }
        eigenvalues = Array(eigen.values.prefix(count))
        var vectors = Matrix(rows: count, columns: walk.nodeCount)
        for i in 0..<count {
            for node in 0..<walk.nodeCount { vectors[i, node] = eigen.vectors[node, i] * roots[node] }
        }
        eigenvectors = vectors
    }

    /// The limit of the covariance of (x − π) / √γₙ, `[nodeCount, nodeCount]`.
    ///
    /// - Parameter exponent: a of γₙ = (n + 1)^−a; at 1 the step sizes' own decline counts.
    public func ofVisits(repulsion: Double, exponent: Double) -> Matrix {
        var result = Matrix(rows: eigenvectors.columns, columns: eigenvectors.columns)
        for (i, lambda) in eigenvalues.enumerated() {
            let factor =
                (1 + lambda) / (1 - lambda) / (2 * (repulsion * (1 + lambda) + 1) - (exponent == 1 ? 1 : 0))
            for a in 0..<result.rows {
                for b in 0..<result.columns { result[a, b] += factor * eigenvectors[i, a] * eigenvectors[i, b] }
            }
        }
        return result
    }

    /// The limit of the covariance of (θ − θ*) / √βₙ, `[dimension, dimension]`.
    ///
    /// - Parameters:
    ///   - directions: H(θ*, i) as rows, `[nodeCount, dimension]`.
    ///   - jacobian: A: the derivative of the mean direction at θ*, symmetric with negative eigenvalues.
    ///   - exponent: b of βₙ = (n + 1)^−b; at 1 all eigenvalues of A have to be below −1/2.
    /// - Throws: `InferenceError.wrongShape`; `.improperParameter` where A is not stable enough; `NumericalError`.
    public func ofIterates(
        repulsion: Double, directions: Matrix, jacobian: Matrix, regime: Regime, exponent: Double
    ) throws -> Matrix {
        let shift = exponent == 1 ? 0.5 : 0
        // Where the walk's step size is the larger its own decline is too slow to count.
        return switch regime {
        case .walkFaster: try stationary(repulsion, directions, jacobian, ratio: 0, shift: shift, walkShift: 0)
        case .equal: try stationary(repulsion, directions, jacobian, ratio: 1, shift: shift, walkShift: shift)
        case .iterateFaster: try stationary(0, directions, jacobian, ratio: 0, shift: shift, walkShift: 0)
        }
    }

    /// The covariance of (θ − θ*) / √β at small step sizes of a fixed ratio β / γ, `[dimension, dimension]`: about that of a
    /// run whose step sizes have this ratio at its end.
    ///
    /// At ratio 0 it is the limit where the walk is faster. A small ratio r adds terms in r / α to those in 1 / α², so that
    /// the square shows only where r is small against 1 / α: with r = n^−(b−a), after many more than α^(1/(b−a)) steps.
    /// - Throws: as ``ofIterates(repulsion:directions:jacobian:regime:exponent:)``.
    public func ofIterates(
        repulsion: Double, directions: Matrix, jacobian: Matrix, ratio: Double
    ) throws -> Matrix {
        guard ratio >= 0, ratio < .infinity else {
            throw InferenceError.improperParameter(name: "ratio", value: "\(ratio)", expected: "finite, at least 0")
        }
        return try stationary(repulsion, directions, jacobian, ratio: ratio, shift: 0, walkShift: 0)
    }

    private func stationary(
        _ repulsion: Double, _ directions: Matrix, _ jacobian: Matrix, ratio: Double, shift: Double, walkShift: Double
    ) throws -> Matrix {
        let d = directions.columns
        guard directions.rows == eigenvectors.columns, jacobian.rows == d, jacobian.columns == d else {
            throw InferenceError.wrongShape(
                what: "directions and jacobian",
                found: "\(directions.rows) x \(d) and \(jacobian.rows) x \(jacobian.columns)",
                expected: "\(eigenvectors.columns) x d and d x d")
        }
        let eigen = try SymmetricEigen(jacobian * -1)
        if let least = eigen.values.first, least <= shift {
            throw InferenceError.improperParameter(
                name: "the jacobian's largest eigenvalue", value: "\(-least)", expected: "below \(-shift)")
        }
        // hᵢ = Hᵀ uᵢ in the eigenvectors of A.
        let h = eigenvectors * directions * eigen.vectors
        var result = Matrix(rows: d, columns: d)
        for (i, lambda) in eigenvalues.enumerated() {
            let noise = (1 + lambda) / (1 - lambda)
            let pull = repulsion * (1 + lambda)
            let visits = noise / (2 * (pull + 1 - walkShift))
            let crossed = (0..<d).map { k in
                h[i, k] * (noise - pull * visits) / (ratio * (eigen.values[k] - walkShift) + pull + 1 - walkShift)
            }
            for k in 0..<d {
                for l in 0..<d {
                    let source = h[i, k] * h[i, l] * noise - pull * (h[i, k] * crossed[l] + h[i, l] * crossed[k])
                    result[k, l] += source / (eigen.values[k] + eigen.values[l] - 2 * shift)
                }
            }
        }
        return (eigen.vectors * result).multiplied(by: eigen.vectors, transposingOther: true)
    }

    /// The same at a finite time: the linear recursion's covariance of θ − θ* after `steps` steps, not divided by β, from an
    /// iterate at the solution and visits at π, `[dimension, dimension]`.
    ///
    /// It holds what the ratio of the step sizes has not reached yet, but not that repulsion is no linear force and that a
    /// walk is at one node at a time. Steps with γ (2α + 1) above 1, at the start, are passed over: the linear system
    /// would overshoot there, which the walk can't.
    public func ofIterates(
        repulsion: Double, directions: Matrix, jacobian: Matrix, walk: PowerSchedule, iterate: PowerSchedule, steps: Int
    ) throws -> Matrix {
        let d = directions.columns
        let eigen = try SymmetricEigen(jacobian * -1)
        let h = eigenvectors * directions * eigen.vectors
        let modes = eigenvalues.count
        let pulls = eigenvalues.map { repulsion * (1 + $0) }
        var visits = [Double](repeating: 0, count: modes)
        var crossed = [Double](repeating: 0, count: modes * d)
        var result = [Double](repeating: 0, count: d * d)
        for n in 1...max(steps, 1) {
            let (gamma, beta) = (walk.size(n), iterate.size(n))
            if gamma * (2 * repulsion + 1) > 1 { continue }
            for k in 0..<d {
                for l in 0...k { result[k * d + l] *= (1 - beta * eigen.values[k]) * (1 - beta * eigen.values[l]) }
            }
            for i in 0..<modes {
                let noise = (1 + eigenvalues[i]) / (1 - eigenvalues[i])
                let keep = 1 - gamma * (pulls[i] + 1)
                for k in 0..<d {
                    for l in 0...k {
                        // θₖ ← (1 − β μₖ) θₖ + β hₖ (m − pull c)
                        result[k * d + l] +=
                            beta * beta * h[i, k] * h[i, l] * (noise + pulls[i] * pulls[i] * visits[i])
                            - beta * pulls[i]
                            * (h[i, l] * (1 - beta * eigen.values[k]) * crossed[i * d + k]
                                + h[i, k] * (1 - beta * eigen.values[l]) * crossed[i * d + l])
                    }
                }
                for k in 0..<d {
                    crossed[i * d + k] =
                        keep
                        * ((1 - beta * eigen.values[k]) * crossed[i * d + k] - beta * h[i, k] * pulls[i] * visits[i])
                        + gamma * beta * h[i, k] * noise
                }
                visits[i] = keep * keep * visits[i] + gamma * gamma * noise
            }
        }
        var matrix = Matrix(rows: d, columns: d)
        for k in 0..<d { for l in 0..<d { matrix[k, l] = result[max(k, l) * d + min(k, l)] } }
        return (eigen.vectors * matrix).multiplied(by: eigen.vectors, transposingOther: true)
    }
}
