import Foundation
import NumericalMethods
import Probability
import Testing

@testable import Inference

@Suite("Particle filters") struct ParticleFilterTests {
    /// Z estimates over the exact Z for many small filters; their mean is 1 exactly.
    func ratios<Model: FeynmanKacModel>(
        _ model: Model, exact: Double, runs: Int, particles: Int, scheme: ResamplingScheme = .multinomial,
        threshold: Double = 0.5
    ) throws -> [Double] {
        let filter = try ParticleFilter(model, particleCount: particles, resampling: scheme, threshold: threshold)
        return try (0..<runs).map { run in
            var random = Random(seed: 100).split(UInt64(run))
            return exp(try filter.run(using: &random).logEvidence - exact)
        }
    }

    @Test(arguments: ResamplingScheme.allCases) func `the evidence is unbiased under every scheme`(
        _ scheme: ResamplingScheme
    ) throws {
        // Each within 6 standard errors: 2e-9, ten tests here.
        let model = try ScalarKalman.example(steps: 6)
        let exact = ScalarKalman(model).logEvidence
        for threshold in [0.5, 1] {
            let (mean, error) = meanWithError(
                try ratios(
                    BootstrapFilter(model), exact: exact, runs: 2_000, particles: 40, scheme: scheme,
                    threshold: threshold))
            #expect(abs(mean - 1) < 6 * error)
        }
    }

    @Test func `guided, auxiliary and twisted filters estimate the same evidence, with less variance`() throws {
        let model = try ScalarKalman.example()
        let exact = ScalarKalman(model).logEvidence
        let spread = { (ratios: [Double]) in meanWithError(ratios.map { log($0) }).error }
        let bootstrap = try ratios(BootstrapFilter(model), exact: exact, runs: 400, particles: 200)
        let guided = try ratios(GuidedFilter(model), exact: exact, runs: 400, particles: 200)
        let auxiliary = try ratios(AuxiliaryFilter(model), exact: exact, runs: 400, particles: 200, threshold: 1)
        for sample in [bootstrap, guided, auxiliary] {
            let (mean, error) = meanWithError(sample)
            #expect(abs(mean - 1) < 6 * error)
        }
        #expect(spread(guided) < 0.8 * spread(bootstrap))
        #expect(spread(auxiliary) < 0.8 * spread(bootstrap))
    }

    @Test func `learned twists make the evidence of a linear Gaussian model exact`() throws {
        // ln of what the best twist stands for is a quadratic, so least squares find it without error.
        let model = try ScalarKalman.example()
        var random = Random(seed: 6)
        let twisted = try TwistedFilter.learned(from: model, particleCount: 200, rounds: 1, using: &random)
        let cloud = try ParticleFilter(twisted, particleCount: 50).run(using: &random)
        #expect(abs(cloud.logEvidence - ScalarKalman(model).logEvidence) < 1e-8)
        #expect(cloud.effectiveSampleSize > 49.999)
    }

    @Test func `learned twists cut the variance on stochastic volatility`() throws {
        var source = Random(seed: 12)
        let model = try StochasticVolatilityModel(
            mean: -1, persistence: 0.9, volatility: 0.4, observations: (0..<40).map { _ in source.normal() })
        let exact = try GridFilter(model, range: -10...8, count: 500).run().logEvidence
        let twisted = try TwistedFilter.learned(from: model, particleCount: 500, rounds: 3, using: &source)
        let plain = try ratios(BootstrapFilter(model), exact: exact, runs: 300, particles: 100)
        let learned = try ratios(twisted, exact: exact, runs: 300, particles: 100)
        for sample in [plain, learned] {
            let (mean, error) = meanWithError(sample)
            #expect(abs(mean - 1) < 6 * error)
        }
        #expect(meanWithError(learned).error < 0.3 * meanWithError(plain).error)
    }

    @Test func `filtering means follow Kalman's`() throws {
        // 25 means at 20,000 particles: sd of each about 0.6 / √20000 times a factor below 2; ten of them.
        let model = try ScalarKalman.example()
        let exact = ScalarKalman(model)
        var random = Random(seed: 3)
        let filter = try ParticleFilter(BootstrapFilter(model), particleCount: 20_000)
        var step = 0
        _ = try filter.run(using: &random) { cloud in
            #expect(cloud.step == step)
            #expect(abs(cloud.mean() - exact.means[step]) < 0.06)
            step += 1
        }
        #expect(step == 25)
    }

    @Test func `one run estimates the variance of its own log-evidence`() throws {
        // Multinomial at every step. The empirical variance of 600 runs has relative error √(2 / 600) = 6%; the mean of
        // the estimates has less. Within 40%: 6.7 standard errors.
        let model = try ScalarKalman.example(steps: 20)
        let exact = ScalarKalman(model).logEvidence
        for (lag, threshold) in [(100, 1.0), (8, 1.0), (100, 0.5)] {
            let filter = try ParticleFilter(
                BootstrapFilter(model), particleCount: 1_000, resampling: .multinomial, threshold: threshold,
                genealogyLag: lag)
            var errors: [Double] = []
            var estimates: [Double] = []
            for run in 0..<600 {
                var random = Random(seed: 55).split(UInt64(run))
                let cloud = try filter.run(using: &random)
                errors.append(cloud.logEvidence - exact)
                estimates.append(cloud.logEvidenceVariance!)
            }
            let variance = errors.reduce(0) { $0 + $1 * $1 } / 600
            let estimate = estimates.reduce(0, +) / 600
            #expect(abs(estimate / variance - 1) < 0.4, "lag \(lag): \(estimate) for \(variance)")
        }
    }

    @Test func `the same seed gives the same cloud on any number of threads, other seeds another`() throws {
        let model = try ScalarKalman.example(steps: 10)
        let threads = Parallel.threads
        defer { Parallel.threads = threads }
        for scheme in ResamplingScheme.allCases {
            let filter = try ParticleFilter(
                AuxiliaryFilter(model), particleCount: 9_000, resampling: scheme, threshold: 0.9)
            let clouds = try [1, 2, 3].map { count in
                Parallel.threads = count
                var random = Random(seed: 4)
                return try filter.run(using: &random)
            }
            #expect(clouds[0].particles == clouds[1].particles && clouds[0].particles == clouds[2].particles)
            #expect(clouds[0].logEvidence == clouds[1].logEvidence && clouds[0].logEvidence == clouds[2].logEvidence)
            var random = Random(seed: 5)
            #expect(try filter.run(using: &random).logEvidence != clouds[0].logEvidence)
        }
    }

    @Test func `a threshold of zero never resamples, one always does`() throws {
        let model = try ScalarKalman.example(steps: 8)
        var random = Random(seed: 9)
        for (threshold, expected) in [(0.0, false), (1.0, true)] {
            let filter = try ParticleFilter(BootstrapFilter(model), particleCount: 500, threshold: threshold)
            var cloud = try filter.start(using: &random)
            for _ in 1..<8 {
                let before = cloud.logEvidence
                let info = try filter.step(&cloud, using: &random)
                #expect(info.wasResampled == expected)
                #expect(abs(info.logEvidenceIncrement - (cloud.logEvidence - before)) < 1e-12)
                #expect(abs(cloud.weights.reduce(0, +) - 1) < 1e-12)
            }
        }
    }

    /// A model whose potentials are what the test says.
    struct Scripted: FeynmanKacModel {
        var dimension = 1
        var stepCount = 3
        var potential: @Sendable (Int, Int) -> Double
        func begin(
            _ particles: ParticleBlock, logPotentials: UnsafeMutableBufferPointer<Double>, using random: inout Random
        ) {
            for index in 0..<particles.count {
                particles[0][index] = 0
                logPotentials[index] = potential(0, particles.start + index)
            }
        }
        func advance(
            step: Int, from previous: ParticleBlock, to particles: ParticleBlock,
            logPotentials: UnsafeMutableBufferPointer<Double>, using random: inout Random
        ) {
            for index in 0..<particles.count {
                particles[0][index] = previous[0][index]
                logPotentials[index] = potential(step, particles.start + index)
            }
        }
    }

    @Test func `a bad potential is reported with its step and particle`() throws {
        for bad in [Double.nan, .infinity] {
            let model = Scripted { step, particle in step == 2 && particle == 1500 ? bad : -1 }
            var random = Random(seed: 1)
            do {
                _ = try ParticleFilter(model, particleCount: 3000).run(using: &random)
                Issue.record("nothing was thrown")
            } catch InferenceError.nonFinite(_, let place, let value) {
                #expect(place == "step 2, particle 1500")
                #expect(value.isNaN == bad.isNaN && !value.isFinite)
            }
        }
        var random = Random(seed: 1)
        let dead = Scripted { step, _ in step == 1 ? -.infinity : 0 }
        #expect(throws: InferenceError.zeroTotalWeight(place: "step 1")) {
            try ParticleFilter(dead, particleCount: 30).run(using: &random)
        }
    }

    @Test func `all but one particle may die`() throws {
        let model = Scripted { step, particle in step == 0 && particle != 7 ? -.infinity : -0.5 }
        var random = Random(seed: 1)
        let cloud = try ParticleFilter(model, particleCount: 2100).run(using: &random)
        #expect(abs(cloud.logEvidence - (-log(2100) - 1.5)) < 1e-9)
        #expect(cloud.effectiveSampleSize > 2099.9)
    }

    @Test func `improper settings are refused`() throws {
        let model = try BootstrapFilter(ScalarKalman.example())
        #expect(throws: InferenceError.self) { try ParticleFilter(model, particleCount: 1) }
        #expect(throws: InferenceError.self) { try ParticleFilter(model, particleCount: 0) }
        #expect(throws: InferenceError.self) { try ParticleFilter(model, particleCount: 10, threshold: 1.5) }
        #expect(throws: InferenceError.self) { try ParticleFilter(model, particleCount: 10, threshold: .nan) }
        #expect(throws: InferenceError.self) { try ParticleFilter(model, particleCount: 10, genealogyLag: 0) }
        #expect(throws: InferenceError.empty(what: "the model's state")) {
            try ParticleFilter(Scripted(dimension: 0) { _, _ in 0 }, particleCount: 10)
        }
        #expect(throws: InferenceError.empty(what: "the model's sequence of steps")) {
            try ParticleFilter(Scripted(stepCount: 0) { _, _ in 0 }, particleCount: 10)
        }
        #expect(throws: InferenceError.self) {
            try StochasticVolatilityModel(mean: 0, persistence: 1, volatility: 1, observations: [1])
        }
        #expect(throws: InferenceError.self) {
            try StochasticVolatilityModel(mean: 0, persistence: 0.5, volatility: 0, observations: [1])
        }
        #expect(throws: InferenceError.nonFinite(what: "an observation", place: "step 1", value: .infinity)) {
            try StochasticVolatilityModel(mean: 0, persistence: 0.5, volatility: 1, observations: [1, .infinity])
        }
        #expect(throws: InferenceError.empty(what: "the observations")) {
            try ScalarLinearGaussianModel(transition: 1, processVariance: 1, observationVariance: 1, observations: [])
        }
        #expect(throws: InferenceError.self) {
            try TwistedFilter(ScalarKalman.example(), twists: [])
        }
        #expect(throws: InferenceError.self) {
            try TwistedFilter(
                ScalarKalman.example(steps: 1), twists: [QuadraticTwist(precision: -1)])
        }
    }
}
