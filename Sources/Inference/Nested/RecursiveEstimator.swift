public import Probability
internal import Foundation

/// READ, the recursive estimator for arbitrary depth: an unbiased estimate of a nested expectation at finite mean cost.
///
/// At level d it draws y_d, a random N with P(N ≥ n) = ratioⁿ, and 2^N independent copies R₁, R₂, … of itself at level
/// d + 1. With g the link, it returns
///
///     g(R₁)                                                             for N = 0
///     g(R₁) + ( g(mean of all) − ½ g(mean of odd) − ½ g(mean of even) ) / P(N = n)   for N = n ≥ 1
///
/// whose mean telescopes to g of the true expectation. The halves are antithetic, so a smooth g makes the correction
/// fall like 4^−n in the square. The mean cost is finite for ratio < 1/2 and the variance for ratio > 2^−(q/(q−1)) with
/// q = 2^(d+1), which is the number of moments that the levels above ask of level d; the default lies halfway in the
/// exponent.
///
/// - Source: Syed and Wang, 2023, arXiv 2301.04095; the randomised level is that of Rhee and Glynn (2015) and the
///   antithetic halves those of Blanchet and Glynn (2015). Adding g(R₁) in each case, rather than as the level N = 0
///   alone, keeps the estimate's spread free of the size of its mean.
public struct RecursiveEstimator<Problem: NestedExpectation>: CostedSampler {
    /// What is estimated.
    public let problem: Problem
    /// P(N ≥ n + 1) / P(N ≥ n) for each level but the innermost, `[depth]`.
    public let ratios: [Double]

    /// An estimator of `problem`.
    /// - Parameter ratios: `[depth]`, each in (0, 1/2) so that the mean cost is finite; nil for the default.
    /// - Throws: `InferenceError.improperParameter`, `.wrongShape`.
    public init(_ problem: Problem, ratios: [Double]? = nil) throws {
        guard problem.depth >= 0 else {
            throw InferenceError.improperParameter(name: "the depth", value: "\(problem.depth)", expected: "0 or more")
        }
        let ratios = ratios ?? (0..<problem.depth).map(Self.defaultRatio)
        guard ratios.count == problem.depth else {
            throw InferenceError.wrongShape(
                what: "the number of ratios", found: "\(ratios.count)", expected: "\(problem.depth), one a nesting")
        }
        for (level, ratio) in ratios.enumerated() where !(ratio > 0 && ratio < 0.5) {
            throw InferenceError.improperParameter(
                name: "the ratio of level \(level)", value: "\(ratio)", expected: "a number in (0, 1/2)")
        }
        self.problem = problem
        self.ratios = ratios
    }

    /// 2^−k with k halfway between 1 and q / (q − 1), q = 2^(level + 1).
    public static func defaultRatio(level: Int) -> Double {
        let moments = pow(2, Double(min(level, 40) + 1))
        return pow(2, -0.5 * (1 + moments / (moments - 1)))
    }

    /// The mean number of draws, of all levels, that one estimate takes.
    public var meanCost: Double {
        ratios.reversed().reduce(1) { inner, ratio in 1 + inner * (1 - ratio) / (1 - 2 * ratio) }
    }

    @inlinable
    public func draw(using random: inout Random) -> CostedDraw {
        var draws = 0
        let value = estimate(0, after: problem.start, using: &random, draws: &draws)
        return CostedDraw(value: value, cost: Double(draws))
    }

    /// An unbiased estimate of E[ g_level(…) | state ]; `draws` grows by the draws that it took.
    @inlinable
    public func estimate(_ level: Int, after state: Problem.State, using random: inout Random, draws: inout Int)
        -> Double
    {
        let here = problem.draw(level, after: state, using: &random)
        draws &+= 1
        guard level < ratios.count else { return problem.link(level, here, inner: 0) }
        let ratio = ratios[level]
        // Above 2^-54, so n stays below 54 / -log2(ratio) and the shift is safe.
        let uniform = random.uniformOpen()
        var (n, tail) = (0, ratio)
        while uniform < tail {
            n &+= 1
            tail *= ratio
        }
        let first = estimate(level &+ 1, after: here, using: &random, draws: &draws)
        let base = problem.link(level, here, inner: first)
        if n == 0 { return base }
        let half = 1 &<< (n &- 1)
        var odd = first
        var even = estimate(level &+ 1, after: here, using: &random, draws: &draws)
        for _ in 1..<half {
            odd += estimate(level &+ 1, after: here, using: &random, draws: &draws)
            even += estimate(level &+ 1, after: here, using: &random, draws: &draws)
        }
        let scale = 1 / Double(half)
        let whole = problem.link(level, here, inner: 0.5 * scale * (odd + even))
        let halves = problem.link(level, here, inner: scale * odd) + problem.link(level, here, inner: scale * even)
        return base + (whole - 0.5 * halves) * ratio / ((1 - ratio) * tail)
    }
}
