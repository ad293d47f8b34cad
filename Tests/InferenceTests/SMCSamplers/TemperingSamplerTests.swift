import Foundation
import NumericalMethods
import Probability
import Testing

@testable import Inference

@Suite("SMC samplers") struct TemperingSamplerTests {
    /// Prior N(0, I), likelihood N(x; centre, spread² I) unnormalised by its constant: everything in closed form.
    struct Gaussian: TemperedTarget {
        var center: [Double]
        var variance: Double
        var dimension: Int { center.count }
        func drawPrior(_ particles: ParticleBlock, using random: inout Random) {
            for d in 0..<dimension { random.fillNormals(particles[d]) }
        }
        func writeLogPrior(of particles: ParticleBlock, to logs: UnsafeMutableBufferPointer<Double>) {
            for index in logs.indices {
                logs[index] = (0..<dimension).reduce(0) { $0 - 0.5 * particles[$1][index] * particles[$1][index] }
            }
        }
        func writeLogLikelihood(of particles: ParticleBlock, to logs: UnsafeMutableBufferPointer<Double>) {
            for index in logs.indices {
                logs[index] = (0..<dimension).reduce(0) {
                    let distance = particles[$1][index] - center[$1]
                    return $0 - 0.5 * distance * distance / variance
                }
            }
        }
        var logEvidence: Double {
            center.reduce(0) { $0 - 0.5 * ($1 * $1 / (1 + variance) + log(1 + variance) - log(variance)) }
        }
        func posteriorMean(_ d: Int) -> Double { center[d] / (1 + variance) }
        var posteriorVariance: Double { variance / (1 + variance) }
    }

    static let target = Gaussian(center: [3, -2, 1], variance: 0.05)

    @Test(arguments: [true, false]) func `evidence and moments of a Gaussian are right`(_ isWasteFree: Bool) throws {
        let target = Self.target
        let sampler = try TemperingSampler(
            target, particleCount: isWasteFree ? 4_000 : 1_000,
            moves: isWasteFree ? .wasteFree(chainLength: 40) : .standard(steps: 15))
        // 40 runs: each quantity within 6 of its standard errors, and a bias of ln Z of half its variance.
        var evidences: [Double] = []
        var moments = [[Double]](repeating: [], count: 4)
        for run in 0..<40 {
            var random = Random(seed: 5).split(UInt64(run))
            var exponents = [0.0]
            let cloud = try sampler.run(using: &random) { info in
                exponents.append(info.exponent)
                #expect(info.acceptanceRate > 0.1 && info.acceptanceRate < 0.7)
            }
            #expect(exponents.last == 1 && exponents.count > 3)
            #expect(zip(exponents, exponents.dropFirst()).allSatisfy { $0 < $1 })
            evidences.append(cloud.logEvidence)
            for d in 0..<3 { moments[d].append(cloud.mean(d)) }
            moments[3].append(
                cloud.column(0).reduce(0) { $0 + pow($1 - target.posteriorMean(0), 2) } / Double(cloud.count))
        }
        let (mean, error) = meanWithError(evidences)
        #expect(abs(mean - target.logEvidence) < 6 * error + 20 * error * error)
        #expect(error < 0.05)
        for d in 0..<3 {
            let (mean, error) = meanWithError(moments[d])
            #expect(abs(mean - target.posteriorMean(d)) < 6 * error)
        }
        let (variance, varianceError) = meanWithError(moments[3])
        #expect(abs(variance - target.posteriorVariance) < 6 * varianceError)
    }

    @Test func `an exponent lowers the effective sample size to its threshold`() throws {
        var random = Random(seed: 8)
        let logs = (0..<5_000).map { _ in 40 * random.normal() }
        let next = try TemperingExponent.next(after: 0.1, logLikelihoods: logs + [-.infinity], threshold: 0.5)
        let weights = VectorFunctions.exp(logs.map { ($0 - 200) * (next - 0.1) })
        let sum = weights.reduce(0, +)
        let size = sum * sum / weights.reduce(0) { $0 + $1 * $1 }
        #expect(abs(size / 5_000 - 0.5) < 0.01)
        #expect(try TemperingExponent.next(after: 0.2, logLikelihoods: [1, 1, 1], threshold: 0.5) == 1)
        #expect(throws: InferenceError.self) {
            try TemperingExponent.next(after: 0, logLikelihoods: [-.infinity], threshold: 0.5)
        }
        #expect(throws: InferenceError.empty(what: "the cloud to temper")) {
            try TemperingExponent.next(after: 0, logLikelihoods: [], threshold: 0.5)
        }
    }

    @Test func `clouds are the same on any number of threads`() throws {
        let threads = Parallel.threads
        defer { Parallel.threads = threads }
        let clouds = try [1, 3].map { count in
            Parallel.threads = count
            var random = Random(seed: 4)
            return try TemperingSampler(Self.target, particleCount: 2_000, moves: .wasteFree(chainLength: 4)).run(
                using: &random)
        }
        #expect(clouds[0].particles == clouds[1].particles)
        #expect(clouds[0].logEvidence == clouds[1].logEvidence)
    }

    /// Prior uniform on [0, 1]; the likelihood is the test's.
    struct Interval: TemperedTarget {
        var likelihood: @Sendable (Double) -> Double
        let dimension = 1
        func drawPrior(_ particles: ParticleBlock, using random: inout Random) { random.fillUniforms(particles[0]) }
        func writeLogPrior(of particles: ParticleBlock, to logs: UnsafeMutableBufferPointer<Double>) {
            for index in logs.indices {
                logs[index] = particles[0][index] >= 0 && particles[0][index] <= 1 ? 0 : -.infinity
            }
        }
        func writeLogLikelihood(of particles: ParticleBlock, to logs: UnsafeMutableBufferPointer<Double>) {
            for index in logs.indices { logs[index] = likelihood(particles[0][index]) }
        }
    }

    @Test func `hard borders are kept, and a likelihood may make no sense beyond the prior`() throws {
        // ∫ x^30 over [0, 1] = 1 / 31; NaN below 0 is never asked to count.
        let sampler = try TemperingSampler(
            Interval { $0 < 0 ? .nan : 30 * log($0) }, particleCount: 4_000, moves: .standard(steps: 8))
        var random = Random(seed: 3)
        let cloud = try sampler.run(using: &random)
        #expect(cloud.column(0).allSatisfy { $0 >= 0 && $0 <= 1 })
        #expect(abs(cloud.logEvidence + log(31)) < 0.2)
        // Mean 31 / 32, standard deviation 0.03: six standard errors of some 1,000 independent draws.
        #expect(abs(cloud.mean(0) - 31.0 / 32) < 0.006)
    }

    @Test func `half of an impossible prior is no obstacle, all of it is an error`() throws {
        var random = Random(seed: 3)
        let half = try TemperingSampler(
            Interval { $0 < 0.5 ? -.infinity : 0 }, particleCount: 4_000, moves: .standard(steps: 2)
        ).run(using: &random)
        // A share of 4,000 draws: standard error of its logarithm 0.016.
        #expect(abs(half.logEvidence - log(0.5)) < 0.1)
        #expect(half.column(0).allSatisfy { $0 >= 0.5 })
        #expect(throws: InferenceError.zeroTotalWeight(place: "exponent 0.0")) {
            try TemperingSampler(Interval { _ in -.infinity }, particleCount: 10, moves: .standard(steps: 2)).run(
                using: &random)
        }
        #expect(throws: InferenceError.self) {
            try TemperingSampler(Interval { _ in .nan }, particleCount: 10, moves: .standard(steps: 2)).run(
                using: &random)
        }
        #expect(throws: InferenceError.self) {
            try TemperingSampler(
                Interval { -1e9 * $0 }, particleCount: 10, moves: .standard(steps: 2), maximumSteps: 1
            ).run(using: &random)
        }
    }

    @Test func `improper settings are refused`() {
        let target = Self.target
        #expect(throws: InferenceError.self) {
            try TemperingSampler(target, particleCount: 1, moves: .standard(steps: 1))
        }
        #expect(throws: InferenceError.self) {
            try TemperingSampler(target, particleCount: 10, moves: .standard(steps: 0))
        }
        for length in [1, 3, 10] {
            #expect(throws: InferenceError.self) {
                try TemperingSampler(target, particleCount: 10, moves: .wasteFree(chainLength: length))
            }
        }
        for threshold in [0, 1, .nan] {
            #expect(throws: InferenceError.self) {
                try TemperingSampler(target, particleCount: 10, moves: .standard(steps: 1), threshold: threshold)
            }
        }
    }
}
