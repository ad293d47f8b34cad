import Foundation
import Probability
import Testing

@testable import Inference

@Suite("Particle Gibbs") struct ParticleGibbsTests {
    @Test(arguments: [true, false]) func `few particles leave the smoothing law as it is`(_ samples: Bool) throws {
        let model = try ScalarKalman.example(steps: 6)
        let exact = ScalarKalman(model)
        let kernel = try ParticleGibbs(model, particleCount: 8, samplesAncestors: samples)
        var random = Random(seed: 13)
        var path = try kernel.start(using: &random)
        // Means over batches of 200 sweeps, which are all but independent: within 6 standard errors of 100 batches.
        var batches = [[Double]](repeating: [], count: 12)
        for _ in 0..<100 {
            var sums = [Double](repeating: 0, count: 12)
            for _ in 0..<200 {
                try kernel.step(&path, using: &random)
                for step in 0..<6 {
                    sums[step] += path[step] / 200
                    let deviation = path[step] - exact.smoothedMeans[step]
                    sums[6 + step] += deviation * deviation / 200
                }
            }
            for index in 0..<12 { batches[index].append(sums[index]) }
        }
        for step in 0..<6 {
            let mean = meanWithError(batches[step])
            #expect(abs(mean.mean - exact.smoothedMeans[step]) < 6 * mean.error)
            #expect(mean.error < 0.03)
            let variance = meanWithError(batches[6 + step])
            #expect(abs(variance.mean - exact.smoothedVariances[step]) < 6 * variance.error)
        }
    }

    @Test func `ancestor sampling renews the past of long paths, which plain particle Gibbs leaves stuck`() throws {
        let model = try ScalarKalman.example(steps: 100)
        let renewals = try [true, false].map { samples in
            let kernel = try ParticleGibbs(model, particleCount: 10, samplesAncestors: samples)
            var random = Random(seed: 3)
            var path = try kernel.start(using: &random)
            var changes = 0
            for _ in 0..<100 {
                let first = path[0]
                try kernel.step(&path, using: &random)
                if path[0] != first { changes += 1 }
            }
            return changes
        }
        #expect(renewals[0] > 30)
        #expect(renewals[1] < 10)
    }

    @Test func `bad paths and settings are refused`() throws {
        let model = try ScalarKalman.example(steps: 3)
        #expect(throws: InferenceError.self) { try ParticleGibbs(model, particleCount: 1) }
        let kernel = try ParticleGibbs(model, particleCount: 4)
        var random = Random(seed: 3)
        var short = [0.0]
        #expect(throws: InferenceError.wrongShape(what: "the path", found: "1 numbers", expected: "3 x 1")) {
            try kernel.step(&short, using: &random)
        }
        var bad = [0.0, .infinity, 0]
        #expect(throws: InferenceError.nonFinite(what: "the path", place: "step 1", value: .infinity)) {
            try kernel.step(&bad, using: &random)
        }
    }
}
