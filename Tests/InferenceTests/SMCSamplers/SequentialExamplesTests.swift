import Foundation
import Inference
import Probability
import Testing

/// The worked examples of the pages Resampling, ParticleFilters, ParticleSmoothing and SMCSamplers, as they stand there.
@Suite("Worked examples of sequential Monte Carlo") struct SequentialExamplesTests {
    func halve(_ logWeights: [Double]) throws -> [Int32] {
        var random = Random(seed: 1)
        return try ResamplingScheme.ssp.ancestors(count: logWeights.count / 2, logWeights: logWeights, using: &random)
    }

    func logLikelihood(of returns: [Double]) throws -> (value: Double, error: Double) {
        let model = try StochasticVolatilityModel(mean: -1, persistence: 0.95, volatility: 0.3, observations: returns)
        let filter = try ParticleFilter(
            BootstrapFilter(model), particleCount: 10_000, resampling: .multinomial, genealogyLag: 10)
        var random = Random(seed: 1)
        let cloud = try filter.run(using: &random)
        return (cloud.logEvidence, max(0, cloud.logEvidenceVariance ?? 0).squareRoot())
    }

    func smoothedVolatility(of returns: [Double]) throws -> [Double] {
        let model = try StochasticVolatilityModel(mean: -1, persistence: 0.95, volatility: 0.3, observations: returns)
        var random = Random(seed: 1)
        let history = try ParticleFilter(BootstrapFilter(model), particleCount: 2_000).history(using: &random)
        let paths = try BackwardSampler(model, draw: .metropolis(steps: 3)).paths(500, from: history, using: &random)
        return paths.means()
    }

    struct Bimodal: TemperedTarget {
        let dimension = 1
        func drawPrior(_ particles: ParticleBlock, using random: inout Random) {
            random.fillNormals(particles[0])
            for i in 0..<particles.count { particles[0][i] *= 10 }
        }
        func writeLogPrior(of particles: ParticleBlock, to logs: UnsafeMutableBufferPointer<Double>) {
            for i in logs.indices { logs[i] = -0.005 * particles[0][i] * particles[0][i] }
        }
        func writeLogLikelihood(of particles: ParticleBlock, to logs: UnsafeMutableBufferPointer<Double>) {
            for i in logs.indices { logs[i] = -8 * (abs(particles[0][i]) - 5) * (abs(particles[0][i]) - 5) }
        }
    }

    func logEvidence() throws -> Double {
        var random = Random(seed: 1)
        let sampler = try TemperingSampler(Bimodal(), particleCount: 5_000, moves: .wasteFree(chainLength: 25))
        return try sampler.run(using: &random).logEvidence
    }

    @Test func `half the particles are kept`() throws {
        #expect(try halve([-.infinity, -1, -1, -.infinity]) == [1, 2])
    }

    @Test func `filter and smoother agree with the grid`() throws {
        var random = Random(seed: 40)
        let returns = (0..<80).map { _ in 0.7 * random.normal() }
        let model = try StochasticVolatilityModel(mean: -1, persistence: 0.95, volatility: 0.3, observations: returns)
        let exact = try GridFilter(model, range: -9...7, count: 400).run(smoothing: true)
        let (value, error) = try logLikelihood(of: returns)
        #expect(error > 0.001 && error < 0.1)
        #expect(abs(value - exact.logEvidence) < 6 * error)
        // 500 paths from 2,000 particles: standard error about 0.6 / √400, six of them.
        for (ours, grid) in zip(try smoothedVolatility(of: returns), exact.smoothedMeans!) {
            #expect(abs(ours - grid) < 0.2)
        }
    }

    @Test func `the evidence of two modes is their integral`() throws {
        let sum = (0..<40_000).reduce(0.0) { sum, index in
            let x = -20 + (Double(index) + 0.5) / 1_000
            return sum + exp(-0.005 * x * x - 8 * (abs(x) - 5) * (abs(x) - 5)) / 1_000
        }
        let exact = log(sum / (10 * (2 * Double.pi).squareRoot()))
        #expect(abs(try logEvidence() - exact) < 0.25)
    }
}
