import Foundation
import Inference
import NumericalMethods
import Probability
import Testing

@Suite struct `the recursive estimator` {
    // Five z-tests at 6: below 1e-8 together.
    @Test(arguments: 0...4) func `is unbiased at any depth`(depth: Int) throws {
        // Powers of powers have long tails: the deeper, the gentler.
        let problem = SquaredCosines(depth: depth, curvature: [0, 1, 1, 0.3, 0.3][depth])
        var random = Random(seed: 19)
        let draws = [200_000, 200_000, 100_000, 20_000, 2_000][depth]
        let sums = try CostedMean(RecursiveEstimator(problem)).run(draws: draws, using: &random)
        #expect(sums.count == draws)
        #expect(abs(sums.estimate.value - problem.exact) < 6 * sums.estimate.standardError)
        // Tight enough that forgetting the last square would show: see the next test for the bias of fixed sizes.
        #expect(sums.estimate.standardError < [0.003, 0.01, 0.02, 0.02, 0.1][depth])
    }

    @Test func `is where the plain estimator is biased, by the variance of the inner mean`() throws {
        let problem = SquaredCosines(depth: 1)
        var random = Random(seed: 20)
        let plain = try CostedMean(PlainNestedEstimator(problem, inner: [2])).run(draws: 400_000, using: &random)
        // E[(mean of 2)²] - E[z²] = E[Var(cos y₁ | y₀)] / 2, and E cos² y₁ = (1 + e^-4 cos 0.8) / 2 over both draws.
        let bias = 0.5 * (0.5 * (1 + exp(-4) * cos(0.8)) - (problem.exact - exp(-1) * cos(0.4)))
        #expect(bias > 0.1)
        #expect(abs(plain.estimate.value - problem.exact - bias) < 6 * plain.estimate.standardError)
        #expect(plain.cost == 3 * 400_000)
    }

    @Test func `takes the number of draws that its ratios say`() throws {
        let estimator = try RecursiveEstimator(SquaredCosines(depth: 2), ratios: [0.3, 0.2])
        // Levels from inside: 1; 1 + 0.8/0.6; 1 + that * 0.7/0.4.
        #expect(abs(estimator.meanCost - (1 + (1 + 0.8 / 0.6) * 0.7 / 0.4)) < 1e-12)
        var random = Random(seed: 3)
        let costs = (0..<100_000).map { _ in estimator.draw(using: &random).cost }
        let mean = try Estimate(meanOf: costs)
        #expect(abs(mean.value - estimator.meanCost) < 6 * mean.standardError)
    }

    @Test func `gives the same sums on one thread as on two`() throws {
        let mean = try CostedMean(RecursiveEstimator(SquaredCosines(depth: 2)))
        let threads = Parallel.threads
        defer { Parallel.threads = threads }
        let results = try [1, 2, 7].map { count in
            Parallel.threads = count
            var random = Random(seed: 5)
            return try mean.run(draws: 5_000, using: &random)
        }
        #expect(results[0] == results[1] && results[1] == results[2])
    }

    @Test func `goes on where it stopped, step by step`() throws {
        let mean = try CostedMean(RecursiveEstimator(SquaredCosines(depth: 1)), blockSize: 10)
        var (one, other) = (Random(seed: 8), Random(seed: 8))
        var state = mean.start(using: &one)
        let first = try mean.step(&state, blocks: 4)
        try mean.step(&state, blocks: 6)
        let whole = try mean.run(draws: 100, using: &other)
        #expect(first.added.count == 40 && state.sums.count == 100)
        #expect(abs(state.sums.mean - whole.mean) < 1e-14 && abs(state.sums.variance - whole.variance) < 1e-12)
        #expect(state.sums.cost == whole.cost)
    }

    @Test func `says which ratio, size or draw is at fault`() throws {
        let problem = SquaredCosines(depth: 2)
        #expect(
            throws: InferenceError.improperParameter(
                name: "the ratio of level 1", value: "0.5", expected: "a number in (0, 1/2)")
        ) { try RecursiveEstimator(problem, ratios: [0.3, 0.5]) }
        #expect(throws: InferenceError.self) { try RecursiveEstimator(problem, ratios: [0.3]) }
        #expect(throws: InferenceError.self) { try RecursiveEstimator(SquaredCosines(depth: -1)) }
        #expect(throws: InferenceError.self) { try PlainNestedEstimator(problem, inner: [3, 0]) }
        #expect(throws: InferenceError.self) { try CostedMean(RecursiveEstimator(problem), blockSize: 0) }
        var random = Random(seed: 1)
        #expect {
            try CostedMean(RecursiveEstimator(BrokenLink())).run(draws: 10, using: &random)
        } throws: {
            guard case InferenceError.nonFinite(_, "draw 0", let value) = $0 else { return false }
            return value.isNaN
        }
        #expect(throws: InferenceError.self) {
            try CostedMean(RecursiveEstimator(problem)).run(draws: 0, using: &random)
        }
    }
}

@Suite struct `sums of draws` {
    @Test func `add up in any grouping to the mean and variance`() {
        let values = [3.0, -1, 4, 1, -5, 9]
        var (left, right) = (DrawSums(), DrawSums())
        for value in values[..<2] { left.add(CostedDraw(value: value, cost: 2)) }
        for value in values[2...] { right.add(CostedDraw(value: value, cost: 3)) }
        left.add(right)
        left.add(DrawSums())
        let mean = values.reduce(0, +) / 6
        #expect(left.count == 6 && left.cost == 16 && abs(left.mean - mean) < 1e-15)
        #expect(abs(left.variance - values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / 5) < 1e-13)
        #expect(DrawSums().variance == .infinity && DrawSums().estimate.standardError == .infinity)
    }
}
