import Foundation
import NumericalMethods
import Probability
import Testing

@testable import Inference

@Suite("SMC squared") struct SMCSquaredTests {
    /// A linear Gaussian chain whose transition a ~ U(-1, 1) is unknown: the exact posterior is a one-dimensional integral.
    struct Family: ModelFamily {
        var observations: [Double]
        typealias Model = BootstrapFilter<ScalarLinearGaussianModel>
        let dimension = 1
        var stepCount: Int { observations.count }
        func drawPrior(using random: inout Random) -> [Double] { [2 * random.uniform() - 1] }
        func logPrior(_ parameters: [Double]) -> Double { abs(parameters[0]) < 1 ? -log(2) : -.infinity }
        func linear(_ a: Double) throws(InferenceError) -> ScalarLinearGaussianModel {
            try ScalarLinearGaussianModel(
                transition: a, processVariance: 0.5, observationVariance: 0.5, observations: observations)
        }
        func model(_ parameters: [Double]) throws(InferenceError) -> Model {
            try BootstrapFilter(linear(parameters[0]))
        }
    }

    static let family = Family(observations: [0.5, 1.1, 1.4, 0.6, 1.2, 1.9, 1.5, 0.9, 0.2, -0.4, -1.1, -0.3])

    /// ln p(y) and E[a | y] by the midpoint rule.
    func exact() throws -> (logEvidence: Double, mean: Double) {
        let grid = (0..<2_000).map { -1 + (Double($0) + 0.5) / 1_000 }
        let logs = try grid.map { ScalarKalman(try Self.family.linear($0)).logEvidence }
        let weights = softmax(logs)
        return (logSumExp(logs) - log(2_000), zip(grid, weights).reduce(0) { $0 + $1.0 * $1.1 })
    }

    @Test func `evidence and posterior mean match the integral over Kalman's likelihoods`() throws {
        let expected = try exact()
        let sampler = try SMCSquared(Self.family, parameterCount: 200, particleCount: 100)
        // 16 runs, each within 6 standard errors; ln Z is biased by about half its variance.
        var evidences: [Double] = []
        var means: [Double] = []
        var moved = 0
        for run in 0..<16 {
            var random = Random(seed: 19).split(UInt64(run))
            let state = try sampler.run(using: &random) { if $0.acceptanceRate != nil { moved += 1 } }
            evidences.append(state.logEvidence)
            means.append(state.mean(0))
        }
        #expect(moved > 0)
        let evidence = meanWithError(evidences)
        #expect(abs(evidence.mean - expected.logEvidence) < 6 * evidence.error + 8 * evidence.error * evidence.error)
        #expect(evidence.error < 0.1)
        let mean = meanWithError(means)
        #expect(abs(mean.mean - expected.mean) < 6 * mean.error)
        #expect(mean.error < 0.03)
    }

    @Test func `few particles are doubled and stay unbiased`() throws {
        let expected = try exact()
        let sampler = try SMCSquared(
            Self.family, parameterCount: 30, particleCount: 2, maximumParticleCount: 64, threshold: 1, moveCount: 1)
        var doubled = 0
        let ratios = try (0..<400).map { run in
            var random = Random(seed: 23).split(UInt64(run))
            let state = try sampler.run(using: &random)
            if state.particleCount > 2 { doubled += 1 }
            return exp(state.logEvidence - expected.logEvidence)
        }
        #expect(doubled > 20)
        let (mean, error) = meanWithError(ratios)
        #expect(abs(mean - 1) < 6 * error)
        #expect(error < 0.15)
    }

    @Test func `the state is the same on any number of threads`() throws {
        let threads = Parallel.threads
        defer { Parallel.threads = threads }
        let states = try [1, 3].map { count in
            Parallel.threads = count
            var random = Random(seed: 4)
            return try SMCSquared(Self.family, parameterCount: 40, particleCount: 20).run(using: &random)
        }
        #expect(states[0].parameters == states[1].parameters)
        #expect(states[0].logEvidence == states[1].logEvidence)
    }

    @Test func `improper settings are refused`() {
        let family = Self.family
        #expect(throws: InferenceError.self) { try SMCSquared(family, parameterCount: 1, particleCount: 10) }
        #expect(throws: InferenceError.self) { try SMCSquared(family, parameterCount: 10, particleCount: 1) }
        #expect(throws: InferenceError.self) {
            try SMCSquared(family, parameterCount: 10, particleCount: 10, threshold: 0)
        }
        #expect(throws: InferenceError.self) {
            try SMCSquared(family, parameterCount: 10, particleCount: 10, moveCount: 0)
        }
        #expect(throws: InferenceError.self) {
            try SMCSquared(family, parameterCount: 10, particleCount: 10, maximumParticleCount: 5)
        }
        #expect(throws: InferenceError.self) {
            try SMCSquared(Family(observations: []), parameterCount: 10, particleCount: 10)
        }
    }
}
