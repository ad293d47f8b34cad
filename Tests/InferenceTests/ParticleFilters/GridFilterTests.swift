import Foundation
import Probability
import Testing

@testable import Inference

@Suite("The grid filter") struct GridFilterTests {
    @Test func `is Kalman's filter and smoother on a linear Gaussian model`() throws {
        let model = try ScalarKalman.example()
        let exact = ScalarKalman(model)
        for isHomogeneous in [true, false] {
            let result = try GridFilter(model, range: -12...12, count: 400, isHomogeneous: isHomogeneous).run(
                smoothing: true)
            #expect(abs(result.logEvidence - exact.logEvidence) < 1e-9)
            for step in exact.means.indices {
                #expect(abs(result.means[step] - exact.means[step]) < 1e-9)
                #expect(abs(result.variances[step] - exact.variances[step]) < 1e-9)
                #expect(abs(result.smoothedMeans![step] - exact.smoothedMeans[step]) < 1e-9)
            }
        }
    }

    @Test func `no longer changes with a finer grid on stochastic volatility`() throws {
        var random = Random(seed: 2)
        let model = try StochasticVolatilityModel(
            mean: -1, persistence: 0.95, volatility: 0.3, observations: (0..<60).map { _ in random.normal() })
        let coarse = try GridFilter(model, range: -9...7, count: 300).run().logEvidence
        let fine = try GridFilter(model, range: -10...8, count: 700).run().logEvidence
        #expect(abs(coarse - fine) < 1e-9)
        // And a bootstrap filter agrees: 50,000 particles have a standard error of about 0.01 here; six of them.
        let cloud = try ParticleFilter(BootstrapFilter(model), particleCount: 50_000).run(using: &random)
        #expect(abs(cloud.logEvidence - fine) < 0.06)
    }

    @Test func `refuses what it can't do`() throws {
        let model = try ScalarKalman.example()
        #expect(throws: InferenceError.self) { try GridFilter(model, range: 0...0, count: 10) }
        #expect(throws: InferenceError.self) { try GridFilter(model, range: 0...1, count: 2) }
        #expect(throws: InferenceError.self) { try GridFilter(model, range: 0...(.infinity), count: 20) }
        // An observation a thousand deviations away leaves nothing on the grid.
        let absurd = try ScalarLinearGaussianModel(
            transition: 1, processVariance: 1, observationVariance: 1, observations: [0, 1e200])
        #expect(throws: InferenceError.impossibleObservation(place: "step 1")) {
            try GridFilter(absurd, range: -5...5, count: 50).run()
        }
    }
}
