import Foundation
import Inference
import Probability
import Testing

@Suite struct `multilevel Monte Carlo` {
    let levels = GeometricBrownianLevels()
    let exact = exp(0.3)

    @Test func `meets the error that it was asked for`() throws {
        let errors = try (0..<20).map { seed in
            var random = Random(seed: UInt64(seed))
            let state = try MultilevelMonteCarlo(levels, error: 4e-3, initialDraws: 256).run(using: &random)
            #expect(state.estimate.standardError < 4e-3)
            return state.estimate.value - exact
        }
        // Each error is normal with a root mean square of 4e-3 at most: the mean of 20 squares passes 4 times that with
        // a probability below 1e-15.
        #expect((errors.reduce(0) { $0 + $1 * $1 } / 20).squareRoot() < 2 * 4e-3)
        #expect(Set(errors).count == 20)
    }

    @Test func `costs four times as much for half the error, for nested expectations too`() throws {
        let problem = SquaredCosines(depth: 2)
        let costs = try [0.02, 0.01].map { error in
            var random = Random(seed: 6)
            let state = try MultilevelMonteCarlo(NestedLevels(problem), error: error).run(using: &random)
            // Bias and six standard errors.
            #expect(abs(state.estimate.value - problem.exact) < error + 6 * state.estimate.standardError)
            return state.cost
        }
        #expect(costs[1] / costs[0] > 2 && costs[1] / costs[0] < 8)
    }

    // Six z-tests at 6.
    @Test(arguments: [RandomizedMultilevel<GeometricBrownianLevels>.Form.singleTerm, .independentSum])
    func `made random is unbiased`(form: RandomizedMultilevel<GeometricBrownianLevels>.Form) throws {
        var random = Random(seed: 74)
        // Euler's differences have variance 2^-level here: the ratio lies between that and the growth of cost.
        let euler = try CostedMean(RandomizedMultilevel(levels, form: form, ratio: 0.45))
            .run(draws: 200_000, using: &random)
        #expect(abs(euler.estimate.value - exact) < 6 * euler.estimate.standardError)
        #expect(euler.estimate.standardError < 0.005)
    }

    @Test func `made random by the coupled sum is unbiased`() throws {
        var random = Random(seed: 75)
        let sums = try CostedMean(CoupledSum(levels, ratio: 0.45)).run(draws: 200_000, using: &random)
        #expect(abs(sums.estimate.value - exact) < 6 * sums.estimate.standardError)
        #expect(sums.estimate.standardError < 0.01)
    }

    @Test func `made random over nested levels is unbiased`() throws {
        let problem = SquaredCosines(depth: 2)
        var random = Random(seed: 76)
        for form in [RandomizedMultilevel<NestedLevels<SquaredCosines>>.Form.singleTerm, .independentSum] {
            let sums = try CostedMean(RandomizedMultilevel(NestedLevels(problem), form: form))
                .run(draws: 40_000, using: &random)
            #expect(abs(sums.estimate.value - problem.exact) < 6 * sums.estimate.standardError)
            #expect(sums.estimate.standardError < 0.03)
        }
    }

    @Test func `refuses what it can't do`() throws {
        #expect(throws: InferenceError.self) { try MultilevelMonteCarlo(levels, error: 0) }
        #expect(throws: InferenceError.self) { try MultilevelMonteCarlo(levels, error: 1, initialDraws: 1) }
        #expect(throws: InferenceError.self) { try RandomizedMultilevel(levels, ratio: 1) }
        #expect(throws: InferenceError.self) { try CoupledSum(levels, ratio: 0) }
        #expect(throws: InferenceError.self) { try NestedLevels(SquaredCosines(depth: 0)) }
        #expect(throws: InferenceError.self) { try NestedLevels(SquaredCosines(depth: 1), base: 0) }
        var random = Random(seed: 1)
        #expect(throws: InferenceError.self) {
            try MultilevelMonteCarlo(NestedLevels(BrokenLink()), error: 1).run(using: &random)
        }
        // A bias that never falls below the error.
        #expect {
            try MultilevelMonteCarlo(StubbornLevels(), error: 1e-3, maximumLevel: 4).run(using: &random)
        } throws: {
            if case InferenceError.notConverged(_, "level 4", _) = $0 { true } else { false }
        }
    }
}

/// Differences that don't shrink.
private struct StubbornLevels: CoupledLevels {
    func difference(level: Int, using random: inout Random) -> CostedDraw { CostedDraw(value: 1, cost: 1) }
}
