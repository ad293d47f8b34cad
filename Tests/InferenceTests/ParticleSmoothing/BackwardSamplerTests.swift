import Foundation
import NumericalMethods
import Probability
import Testing

@testable import Inference

@Suite("Smoothing") struct BackwardSamplerTests {
    typealias Draw = BackwardSampler<ScalarLinearGaussianModel>.Draw

    @Test(arguments: [Draw.exact, .rejection, .metropolis(steps: 5)])
    func `paths have the means, variances and covariances of the exact smoother`(_ draw: Draw) throws {
        // 4,000 paths over 4,000 particles: a mean has a standard error of at most 0.6 / √2000 = 0.014 (filter and paths
        // together), a second moment about √2 times as much; bounds are 6 of them over 25 steps.
        let model = try ScalarKalman.example()
        let exact = ScalarKalman(model)
        var random = Random(seed: 31)
        let history = try ParticleFilter(BootstrapFilter(model), particleCount: 4_000).history(using: &random)
        #expect(abs(history.logEvidence - exact.logEvidence) < 0.5)
        let paths = try BackwardSampler(model, draw: draw).paths(4_000, from: history, using: &random)
        let means = paths.means()
        for step in means.indices {
            #expect(abs(means[step] - exact.smoothedMeans[step]) < 0.09, "step \(step)")
            var variance = 0.0
            var covariance = 0.0
            for path in 0..<paths.count {
                let deviation = paths.value(path: path, step: step) - means[step]
                variance += deviation * deviation / 4_000
                if step + 1 < means.count {
                    covariance += deviation * (paths.value(path: path, step: step + 1) - means[step + 1]) / 4_000
                }
            }
            #expect(abs(variance - exact.smoothedVariances[step]) < 0.07, "step \(step)")
            if step + 1 < means.count { #expect(abs(covariance - exact.smoothedCovariances[step]) < 0.07) }
        }
    }

    @Test func `fixed-lag smoothing goes from the filter's means to the smoother's`() throws {
        let model = try ScalarKalman.example()
        let exact = ScalarKalman(model)
        var random = Random(seed: 2)
        let history = try ParticleFilter(BootstrapFilter(model), particleCount: 20_000).history(using: &random)
        let filtered = try history.fixedLagMeans(lag: 0)
        let smoothed = try history.fixedLagMeans(lag: 6)
        for step in filtered.indices {
            #expect(abs(filtered[step] - exact.means[step]) < 0.06)
            #expect(abs(smoothed[step] - exact.smoothedMeans[step]) < 0.08)
        }
        // The two differ where it matters: otherwise the test above says nothing.
        #expect(zip(exact.means, exact.smoothedMeans).contains { abs($0 - $1) > 0.2 })
        #expect(throws: InferenceError.self) { try history.fixedLagMeans(lag: -1) }
    }

    @Test func `paths are the same on any number of threads`() throws {
        let model = try ScalarKalman.example(steps: 8)
        let threads = Parallel.threads
        defer { Parallel.threads = threads }
        let results = try [1, 3].map { count in
            Parallel.threads = count
            var random = Random(seed: 5)
            let history = try ParticleFilter(BootstrapFilter(model), particleCount: 300).history(using: &random)
            return try BackwardSampler(model, draw: .rejection).paths(100, from: history, using: &random).places
        }
        #expect(results[0] == results[1])
    }

    /// A chain that can't say how large its transition density gets.
    struct Unbounded: TransitionDensityModel {
        var base: ScalarLinearGaussianModel
        var density: @Sendable (Double) -> Double
        var dimension: Int { 1 }
        var stepCount: Int { base.stepCount }
        func drawInitial(_ particles: ParticleBlock, using random: inout Random) {
            base.drawInitial(particles, using: &random)
        }
        func drawTransition(
            step: Int, from previous: ParticleBlock, to particles: ParticleBlock, using random: inout Random
        ) {
            base.drawTransition(step: step, from: previous, to: particles, using: &random)
        }
        func writeLogLikelihood(step: Int, of particles: ParticleBlock, to logs: UnsafeMutableBufferPointer<Double>) {
            base.writeLogLikelihood(step: step, of: particles, to: logs)
        }
        func logInitial(_ state: Particle) -> Double { base.logInitial(state) }
        func logTransition(step: Int, from previous: Particle, to state: Particle) -> Double { density(state[0]) }
    }

    @Test func `bad densities, missing bounds and strange histories are refused`() throws {
        let model = try ScalarKalman.example(steps: 4)
        var random = Random(seed: 1)
        let history = try ParticleFilter(BootstrapFilter(model), particleCount: 50).history(using: &random)
        #expect(throws: InferenceError.self) {
            try BackwardSampler(Unbounded(base: model) { _ in 0 }, draw: .rejection)
        }
        #expect(throws: InferenceError.self) { try BackwardSampler(model, draw: .metropolis(steps: 0)) }
        #expect(throws: InferenceError.self) { try BackwardSampler(model).paths(0, from: history, using: &random) }
        #expect(throws: InferenceError.zeroTotalWeight(place: "step 2, looking back")) {
            try BackwardSampler(Unbounded(base: model) { _ in -.infinity }).paths(5, from: history, using: &random)
        }
        for draw in [BackwardSampler<Unbounded>.Draw.exact, .metropolis(steps: 2)] {
            let error = #expect(throws: InferenceError.self) {
                try BackwardSampler(Unbounded(base: model) { _ in .nan }, draw: draw)
                    .paths(5, from: history, using: &random)
            }
            // The place ends in the particle, which depends on the draw.
            #expect("\(error as Any)".contains("a log-transition density at step 2, particle"))
        }
        let longer = try ScalarKalman.example(steps: 5)
        #expect(throws: InferenceError.self) { try BackwardSampler(longer).paths(5, from: history, using: &random) }
    }
}
