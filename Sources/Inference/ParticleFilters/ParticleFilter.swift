internal import Foundation
internal import NumericalMethods
public import Probability

/// Sequential Monte Carlo on a Feynman-Kac model: a cloud of particles that move by the model's kernels, gather weight by
/// its potentials, and are resampled when their weights have become too uneven.
///
/// ```swift
/// let filter = try ParticleFilter(BootstrapFilter(model), particleCount: 10_000)
/// var random = Random(seed: 1)
/// let cloud = try filter.run(using: &random)
/// print(cloud.logEvidence, cloud.mean())
/// ```
///
/// Blocks of ``blockSize`` particles are moved, weighted and summed up while they are in the nearest cache, on all cores;
/// every block has a random stream of its own, so that the result doesn't depend on how many there are.
public struct ParticleFilter<Model: FeynmanKacModel>: Sendable {
    /// The model that is run.
    public let model: Model
    /// Number of particles, N.
    public let particleCount: Int
    /// How clouds are resampled.
    public let resampling: ResamplingScheme
    /// A step begins with resampling if the effective sample size is below this share of N. 1 resamples (almost) always
    /// and 0 never.
    public let threshold: Double
    /// For how many resamplings lines of descent are followed to estimate the variance of the log-evidence; nil: not at all.
    public let genealogyLag: Int?

    /// - Parameters:
    ///   - particleCount: from 2 to 2^31 - 1.
    ///   - threshold: from 0 to 1, as a share of `particleCount`.
    ///   - genealogyLag: at least 1; see ``Genealogy``.
    /// - Throws: `InferenceError.improperParameter`; `.empty` for a model without dimensions or steps.
    public init(
        _ model: Model, particleCount: Int, resampling: ResamplingScheme = .systematic, threshold: Double = 0.5,
        genealogyLag: Int? = nil
    ) throws(InferenceError) {
        guard particleCount >= 2, particleCount <= Int(Int32.max) else {
            throw .improperParameter(
                name: "particleCount", value: "\(particleCount)", expected: "from 2 to \(Int32.max)")
        }
        guard threshold >= 0, threshold <= 1 else {
            throw .improperParameter(name: "threshold", value: "\(threshold)", expected: "a share from 0 to 1")
        }
        guard genealogyLag.map({ $0 >= 1 }) ?? true else {
            throw .improperParameter(name: "genealogyLag", value: "\(genealogyLag!)", expected: "at least 1")
        }
        guard model.dimension >= 1 else { throw .empty(what: "the model's state") }
        guard model.stepCount >= 1 else { throw .empty(what: "the model's sequence of steps") }
        self.model = model
        self.particleCount = particleCount
        self.resampling = resampling
        self.threshold = threshold
        self.genealogyLag = genealogyLag
    }

    /// What a step reports; no later step reads it.
    public struct Info: Sendable, Hashable {
        /// The step that was taken.
        public var step: Int
        /// Whether it began with resampling.
        public var wasResampled: Bool
        /// After its potential was weighed in.
        public var effectiveSampleSize: Double
        /// By how much the log-evidence grew, in nats.
        public var logEvidenceIncrement: Double
    }

    /// The cloud after step 0.
    /// - Throws: `InferenceError.nonFinite` for a NaN or +∞ potential, `.zeroTotalWeight` where all are zero.
    public func start(using random: inout Random) throws(InferenceError) -> ParticleCloud {
        var cloud = ParticleCloud(count: particleCount, dimension: model.dimension)
        if let genealogyLag { cloud.genealogy = Genealogy(count: particleCount, lag: genealogyLag) }
        try sweep(&cloud, step: 0, logAuxiliary: nil, root: random.fork())
        return cloud
    }

    /// Takes the cloud through its next step.
    /// - Precondition: there is one.
    /// - Throws: as ``start(using:)``; the cloud is then not to be used any more.
    @discardableResult
    public func step(_ cloud: inout ParticleCloud, using random: inout Random) throws(InferenceError) -> Info {
        let step = cloud.step + 1
        precondition(step < model.stepCount, "the model has no step \(step)")
        let before = cloud.logEvidence
        var root = random.fork()
        var logAuxiliary: [Double]?
        var criterion = cloud.effectiveSampleSize
        if let auxiliary = model as? any AuxiliaryFeynmanKacModel {
            logAuxiliary = try lookAhead(&cloud, step: step, auxiliary, effectiveSampleSize: &criterion)
        }
        if criterion < threshold * Double(particleCount) || threshold == 1 {
            resample(&cloud, logAuxiliary: logAuxiliary, using: &root)
        } else {
            cloud.ancestors = nil
        }
        try sweep(&cloud, step: step, logAuxiliary: logAuxiliary, root: root)
        return Info(
            step: step, wasResampled: cloud.ancestors != nil, effectiveSampleSize: cloud.effectiveSampleSize,
            logEvidenceIncrement: cloud.logEvidence - before)
    }

    /// The cloud after the last step.
    /// - Parameter observe: is shown every cloud on the way, the first and last too.
    public func run(
        using random: inout Random, observe: (ParticleCloud) throws(InferenceError) -> Void = { _ in }
    ) throws(InferenceError) -> ParticleCloud {
        var cloud = try start(using: &random)
        try observe(cloud)
        for _ in 1..<max(1, model.stepCount) {
            try step(&cloud, using: &random)
            try observe(cloud)
        }
        return cloud
    }

    /// Every cloud of a run, for smoothing: `stepCount` times `particleCount` particles are kept.
    public func history(using random: inout Random) throws(InferenceError) -> ParticleHistory {
        var history = ParticleHistory(particleCount: particleCount, dimension: model.dimension)
        let last = try run(using: &random) { cloud in history.append(cloud) }
        history.logEvidence = last.logEvidence
        return history
    }
}
