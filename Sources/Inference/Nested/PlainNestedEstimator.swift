public import Probability

/// Nested Monte Carlo: every expectation inside is replaced by the mean of a fixed number of draws.
///
/// Biased by O(1 / draws) at each nesting where the links are smooth, and so of error O(cost^(−1 / (2 + D))) at best:
/// what ``RecursiveEstimator`` is compared with.
public struct PlainNestedEstimator<Problem: NestedExpectation>: CostedSampler {
    /// What is estimated.
    public let problem: Problem
    /// Draws of y_{d+1} for each y_d, `[depth]`.
    public let inner: [Int]

    /// An estimator of `problem`.
    /// - Throws: `InferenceError.improperParameter`, `.wrongShape`.
    public init(_ problem: Problem, inner: [Int]) throws {
        guard problem.depth >= 0, inner.count == problem.depth else {
            throw InferenceError.wrongShape(
                what: "the number of inner sizes", found: "\(inner.count)",
                expected: "\(problem.depth), one a nesting")
        }
        for (level, count) in inner.enumerated() where count < 1 {
            throw InferenceError.improperParameter(
                name: "the inner draws of level \(level)", value: "\(count)", expected: "1 or more")
        }
        self.problem = problem
        self.inner = inner
    }

    /// Draws of all levels that one value takes.
    public var cost: Double { inner.reversed().reduce(1) { 1 + $0 * Double($1) } }

    @inlinable
    public func draw(using random: inout Random) -> CostedDraw {
        CostedDraw(value: value(0, after: problem.start, using: &random), cost: cost)
    }

    @inlinable
    func value(_ level: Int, after state: Problem.State, using random: inout Random) -> Double {
        let here = problem.draw(level, after: state, using: &random)
        guard level < inner.count else { return problem.link(level, here, inner: 0) }
        var sum = 0.0
        for _ in 0..<inner[level] { sum += value(level + 1, after: here, using: &random) }
        return problem.link(level, here, inner: sum / Double(inner[level]))
    }
}
