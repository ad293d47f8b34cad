public import Probability

/// Approximations of a quantity, ever better and dearer by level, with neighbours drawn on the same randomness.
///
/// Level ℓ's ``difference(level:using:)`` is one draw of P_ℓ − P_{ℓ−1}, of P₀ at level 0. The sum of the means over all
/// levels is the quantity; the sooner the differences' variance falls with ℓ, the cheaper it is.
public protocol CoupledLevels: Sendable {
    /// One draw of the difference of level `level` and the level below, and its cost.
    func difference(level: Int, using random: inout Random) -> CostedDraw
}

/// A nested expectation's levels: level ℓ replaces the outermost inner expectation by the mean of `base` · 2^ℓ draws.
///
/// The draws of a level are split into two halves, each of which is a draw of the level below: antithetic, so that the
/// variance falls as 4^−ℓ for a smooth link. Expectations further in are estimated by ``RecursiveEstimator``, without
/// bias.
public struct NestedLevels<Problem: NestedExpectation>: CoupledLevels {
    /// Estimates what lies inside.
    public let estimator: RecursiveEstimator<Problem>
    /// Inner draws of level 0.
    public let base: Int

    /// The levels of `problem`.
    /// - Throws: `InferenceError.improperParameter` for a depth of 0 or a base below 1.
    public init(_ problem: Problem, base: Int = 1) throws {
        guard problem.depth >= 1 else {
            throw InferenceError.improperParameter(name: "the depth", value: "\(problem.depth)", expected: "1 or more")
        }
        guard base >= 1 else {
            throw InferenceError.improperParameter(name: "the base", value: "\(base)", expected: "1 or more")
        }
        estimator = try RecursiveEstimator(problem)
        self.base = base
    }

    @inlinable
    public func difference(level: Int, using random: inout Random) -> CostedDraw {
        let problem = estimator.problem
        let here = problem.draw(0, after: problem.start, using: &random)
        var draws = 1
        let count = base << level
        var (odd, even) = (0.0, 0.0)
        for index in 0..<count {
            let value = estimator.estimate(1, after: here, using: &random, draws: &draws)
            if index & 1 == 0 { odd += value } else { even += value }
        }
        let fine = problem.link(0, here, inner: (odd + even) / Double(count))
        guard level > 0 else { return CostedDraw(value: fine, cost: Double(draws)) }
        let half = Double(count / 2)
        let coarse = problem.link(0, here, inner: odd / half) + problem.link(0, here, inner: even / half)
        return CostedDraw(value: fine - 0.5 * coarse, cost: Double(draws))
    }
}
