import Foundation
import NumericalMethods
import Probability
import Testing

@testable import Inference

@Suite("PaRIS") struct PaRISTests {
    /// Σ x_t and Σ x_{t-1} x_t.
    struct Sums: AdditiveFunctional {
        let dimension = 2
        func add(step: Int, from previous: Particle?, to state: Particle, sums: UnsafeMutablePointer<Double>) {
            sums[0] += state[0]
            if let previous { sums[1] += previous[0] * state[0] }
        }
    }

    @Test(arguments: [true, false]) func `sums over the smoothed path match the exact smoother`(_ rejects: Bool) throws
    {
        let model = try ScalarKalman.example()
        let exact = ScalarKalman(model)
        let sum = exact.smoothedMeans.reduce(0, +)
        var products = 0.0
        for step in exact.smoothedCovariances.indices {
            products += exact.smoothedCovariances[step] + exact.smoothedMeans[step] * exact.smoothedMeans[step + 1]
        }
        // 40 runs; the mean of each sum within 6 of its own standard errors and 0.05 for the bias of order 1 / N.
        let smoother = try PaRIS(
            filter: ParticleFilter(BootstrapFilter(model), particleCount: 500), model: model, functional: Sums(),
            draw: rejects ? .rejection : .exact)
        let estimates = try (0..<40).map { run in
            var random = Random(seed: 77).split(UInt64(run))
            return try smoother.run(using: &random).estimate
        }
        for (index, expected) in [sum, products].enumerated() {
            let (mean, error) = meanWithError(estimates.map { $0[index] })
            #expect(abs(mean - expected) < 6 * error + 0.05)
            #expect(error < 0.3)
        }
    }

    @Test func `the estimate is the same on any number of threads`() throws {
        let model = try ScalarKalman.example(steps: 6)
        let threads = Parallel.threads
        defer { Parallel.threads = threads }
        let estimates = try [1, 3].map { count in
            Parallel.threads = count
            var random = Random(seed: 4)
            return try PaRIS(
                filter: ParticleFilter(BootstrapFilter(model), particleCount: 600), model: model, functional: Sums()
            ).run(using: &random).estimate
        }
        #expect(estimates[0] == estimates[1])
    }

    struct Bad: AdditiveFunctional {
        var dimension = 1
        func add(step: Int, from previous: Particle?, to state: Particle, sums: UnsafeMutablePointer<Double>) {
            sums[0] += step == 3 ? .nan : 0
        }
    }

    @Test func `a functional that is NaN, or nothing, is refused`() throws {
        let model = try ScalarKalman.example(steps: 6)
        let filter = try ParticleFilter(BootstrapFilter(model), particleCount: 20)
        var random = Random(seed: 4)
        let error = #expect(throws: InferenceError.self) {
            try PaRIS(filter: filter, model: model, functional: Bad()).run(using: &random)
        }
        #expect("\(error as Any)".contains("step 3, particle 0"))
        #expect(throws: InferenceError.self) {
            try PaRIS(filter: filter, model: model, functional: Bad(dimension: 0))
        }
        #expect(throws: InferenceError.self) {
            try PaRIS(filter: filter, model: model, functional: Bad(), drawCount: 1)
        }
        let longer = try ScalarKalman.example(steps: 7)
        #expect(throws: InferenceError.self) { try PaRIS(filter: filter, model: longer, functional: Bad()) }
    }
}
