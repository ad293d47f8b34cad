internal import Foundation
internal import NumericalMethods
public import Probability

/// An SMC sampler: a cloud from the prior is led to the target by raising the likelihood's exponent, each time as far as
/// the effective sample size allows, resampling, and moving the particles by random-walk Metropolis steps fitted to the
/// cloud.
///
/// ```swift
/// let sampler = try TemperingSampler(target, particleCount: 10_000, moves: .wasteFree(chainLength: 50))
/// var random = Random(seed: 1)
/// let cloud = try sampler.run(using: &random)
/// print(cloud.logEvidence, cloud.mean(0))
/// ```
///
/// - Source: P. Del Moral, A. Doucet, A. Jasra, "Sequential Monte Carlo samplers", 2006; exponents by bisection: A. Jasra,
///   D. Stephens, A. Doucet, T. Tsagaris, 2011; waste-free: H.-D. Dau, N. Chopin, "Waste-free sequential Monte Carlo", 2022.
public struct TemperingSampler<Target: TemperedTarget>: Sendable {
    /// What becomes of the resampled particles.
    public enum Moves: Sendable, Hashable {
        /// As many are resampled as there are particles; each makes this many Metropolis steps and only the last state is
        /// kept.
        case standard(steps: Int)
        /// Only `particleCount / chainLength` are resampled, and all states of their chains are kept.
        case wasteFree(chainLength: Int)
    }

    /// The law that is sampled.
    public let target: Target
    /// Number of particles.
    public let particleCount: Int
    /// What becomes of the resampled particles.
    public let moves: Moves
    /// To what share of the cloud an exponent lowers the effective sample size.
    public let threshold: Double
    /// How clouds are resampled.
    public let resampling: ResamplingScheme
    /// Give up after so many exponents.
    public let maximumSteps: Int

    /// - Parameters:
    ///   - particleCount: at least 2; for waste-free moves a multiple of the chain length, with 2 chains or more.
    ///   - threshold: between 0 and 1.
    /// - Throws: `InferenceError.improperParameter`, `.empty`.
    public init(
        _ target: Target, particleCount: Int, moves: Moves, threshold: Double = 0.5,
        resampling: ResamplingScheme = .ssp, maximumSteps: Int = 1000
    ) throws(InferenceError) {
        guard target.dimension >= 1 else { throw .empty(what: "the target's space") }
        guard particleCount >= 2, particleCount <= Int(Int32.max) else {
            throw .improperParameter(
                name: "particleCount", value: "\(particleCount)", expected: "from 2 to \(Int32.max)")
        }
        switch moves {
        case .standard(let steps):
            guard steps >= 1 else { throw .improperParameter(name: "steps", value: "\(steps)", expected: "at least 1") }
        case .wasteFree(let length):
            guard length >= 2, particleCount % length == 0, particleCount / length >= 2 else {
                throw .improperParameter(
                    name: "chainLength", value: "\(length)",
                    expected: "at least 2, and a divisor of the \(particleCount) particles into 2 chains or more")
            }
        }
        guard threshold > 0, threshold < 1 else {
            throw .improperParameter(name: "threshold", value: "\(threshold)", expected: "between 0 and 1")
        }
        guard maximumSteps >= 1 else {
            throw .improperParameter(name: "maximumSteps", value: "\(maximumSteps)", expected: "at least 1")
        }
        self.target = target
        self.particleCount = particleCount
        self.moves = moves
        self.threshold = threshold
        self.resampling = resampling
        self.maximumSteps = maximumSteps
    }

    /// What a step reports; no later step reads it.
    public struct Info: Sendable, Hashable {
        /// The exponent that was reached.
        public var exponent: Double
        /// Of the weights that led to it.
        public var effectiveSampleSize: Double
        /// Share of the Metropolis proposals that were accepted.
        public var acceptanceRate: Double
    }

    /// A cloud from the prior.
    /// - Throws: `InferenceError.nonFinite` for a NaN or +∞ density.
    public func start(using random: inout Random) throws(InferenceError) -> TemperedCloud {
        var cloud = TemperedCloud(count: particleCount, dimension: target.dimension)
        let root = random.fork()
        let target = target
        RandomWalkMoves<Target>.onBlocks(of: &cloud) { block, logPriors, logLikelihoods, index in
            var stream = root.split(UInt64(index))
            target.drawPrior(block, using: &stream)
            target.writeLogPrior(of: block, to: logPriors)
            target.writeLogLikelihood(of: block, to: logLikelihoods)
        }
        for index in 0..<particleCount {
            guard cloud.logPriors[index].isFinite else {
                throw .nonFinite(
                    what: "the log-prior of a draw from the prior", place: "particle \(index)",
                    value: cloud.logPriors[index])
            }
            guard cloud.logLikelihoods[index] < .infinity else {
                throw .nonFinite(
                    what: "a log-likelihood", place: "particle \(index)", value: cloud.logLikelihoods[index])
            }
        }
        return cloud
    }

    /// Raises the exponent, resamples and moves.
    /// - Precondition: the exponent is below 1.
    /// - Throws: `InferenceError.zeroTotalWeight` where no particle is possible, `.nonFinite` for a bad density.
    @discardableResult
    public func step(_ cloud: inout TemperedCloud, using random: inout Random) throws(InferenceError) -> Info {
        precondition(cloud.exponent < 1, "the cloud has reached its target")
        let exponent = try TemperingExponent.next(
            after: cloud.exponent, logLikelihoods: cloud.logLikelihoods, threshold: threshold)
        let rise = exponent - cloud.exponent
        let logWeights = cloud.logLikelihoods.map { $0 == -.infinity ? $0 : rise * $0 }
        let summary = logWeights.withUnsafeBufferPointer { WeightSummary(of: $0) }
        cloud.logEvidence += summary.logTotal - log(Double(particleCount))
        cloud.exponent = exponent
        let walk = RandomWalkMoves(
            target: target, exponent: exponent,
            factor: try ProposalCovariance.factor(cloud, logWeights: logWeights, summary: summary))
        var rate = 0.0
        switch moves {
        case .standard(let steps):
            let ancestors = try resampling.ancestors(count: particleCount, logWeights: logWeights, using: &random)
            rate = try walk.moved(&cloud, ancestors: ancestors, steps: steps, keepsAll: false, root: random.fork())
        case .wasteFree(let length):
            let ancestors = try resampling.ancestors(
                count: particleCount / length, logWeights: logWeights, using: &random)
            rate = try walk.moved(&cloud, ancestors: ancestors, steps: length - 1, keepsAll: true, root: random.fork())
        }
        return Info(exponent: exponent, effectiveSampleSize: summary.effectiveSampleSize, acceptanceRate: rate)
    }

    /// A cloud from the target.
    /// - Parameter observe: is shown what every step reports.
    /// - Throws: as ``start(using:)`` and ``step(_:using:)``; `InferenceError.notConverged` after `maximumSteps`.
    public func run(
        using random: inout Random, observe: (Info) -> Void = { _ in }
    ) throws(InferenceError) -> TemperedCloud {
        var cloud = try start(using: &random)
        for _ in 0..<maximumSteps {
            observe(try step(&cloud, using: &random))
            if cloud.exponent == 1 { return cloud }
        }
        throw .notConverged(
            method: "tempering", after: "\(maximumSteps) exponents, at \(cloud.exponent)",
            remedy: "Use more particles, a lower threshold or a prior closer to the target.")
    }
}
