internal import Foundation
internal import NumericalMethods
public import Probability

/// State-space models with unknown parameters: a prior over them, and the model that each stands for.
public protocol ModelFamily: Sendable {
    /// What a particle filter runs.
    associatedtype Model: FeynmanKacModel
    /// Numbers that make up a parameter.
    var dimension: Int { get }
    /// Steps of every model.
    var stepCount: Int { get }
    /// A parameter from the prior, `[dimension]`.
    func drawPrior(using random: inout Random) -> [Double]
    /// ln prior(θ) in nats, up to a constant; −∞ outside its support.
    func logPrior(_ parameters: [Double]) -> Double
    /// The model of a parameter within the prior's support.
    func model(_ parameters: [Double]) throws(InferenceError) -> Model
}

/// SMC²: a cloud of parameters, each with a particle filter of its own that estimates its likelihood so far. Parameters are
/// weighted by the growth of that estimate; when they have become too uneven they are resampled and moved by
/// Metropolis steps that run a new filter over the data so far. The posterior and the evidence come out for every step.
///
/// The estimates may be as noisy as they like without a bias; but where few moves are accepted, the filters' particles are
/// doubled.
///
/// - Source: N. Chopin, P. Jacob, O. Papaspiliopoulos, "SMC²: an efficient algorithm for sequential analysis of state space
///   models", 2013; the moves are C. Andrieu, A. Doucet, R. Holenstein, 2010.
public struct SMCSquared<Family: ModelFamily>: Sendable {
    /// Prior and models.
    public let family: Family
    /// Number of parameters.
    public let parameterCount: Int
    /// Particles of each filter at the start.
    public let particleCount: Int
    /// They are not doubled beyond this.
    public let maximumParticleCount: Int
    /// Parameters are resampled when their effective sample size is below this share.
    public let threshold: Double
    /// Metropolis steps after each resampling.
    public let moveCount: Int

    /// - Throws: `InferenceError.improperParameter`, `.empty`.
    public init(
        _ family: Family, parameterCount: Int, particleCount: Int, maximumParticleCount: Int? = nil,
        threshold: Double = 0.5, moveCount: Int = 3
    ) throws(InferenceError) {
        guard family.dimension >= 1, family.stepCount >= 1 else {
            throw .empty(what: "the family's parameters or steps")
        }
        for (name, value) in [("parameterCount", parameterCount), ("particleCount", particleCount)] where value < 2 {
            throw .improperParameter(name: name, value: "\(value)", expected: "at least 2")
        }
        guard threshold > 0, threshold <= 1 else {
            throw .improperParameter(name: "threshold", value: "\(threshold)", expected: "above 0, at most 1")
        }
        guard moveCount >= 1 else {
            throw .improperParameter(name: "moveCount", value: "\(moveCount)", expected: "at least 1")
        }
        let maximum = maximumParticleCount ?? 8 * particleCount
        guard maximum >= particleCount else {
            throw .improperParameter(
                name: "maximumParticleCount", value: "\(maximum)", expected: "at least \(particleCount)")
        }
        self.family = family
        self.parameterCount = parameterCount
        self.particleCount = particleCount
        self.maximumParticleCount = maximum
        self.threshold = threshold
        self.moveCount = moveCount
    }

    /// One parameter, its filter and the filter's cloud; without a cloud its data are impossible.
    struct Member: Sendable {
        var parameters: [Double]
        var logPrior: Double
        var filter: ParticleFilter<Family.Model>
        var cloud: ParticleCloud?
        var logEvidence: Double { cloud?.logEvidence ?? -.infinity }
    }

    /// The weighted parameters after some step.
    public struct State: Sendable {
        /// The step whose data were the last to be weighed in.
        public internal(set) var step: Int
        /// ln p(y₀, ..., y_step), parameters integrated out, in nats.
        public internal(set) var logEvidence: Double
        /// `[parameters]` in nats, not normalised.
        public internal(set) var logWeights: [Double]
        /// Particles of each filter.
        public internal(set) var particleCount: Int
        var members: [Member]

        /// The parameters, `[parameters][dimension]`.
        public var parameters: [[Double]] { members.map(\.parameters) }
        /// Weights that add up to 1, `[parameters]`.
        public var weights: [Double] { softmax(logWeights) }
        /// Of the parameters' weights.
        public var effectiveSampleSize: Double {
            logWeights.withUnsafeBufferPointer { WeightSummary(of: $0).effectiveSampleSize }
        }
        /// The posterior mean of one dimension of the parameters.
        public func mean(_ dimension: Int) -> Double {
            zip(weights, members).reduce(0) { $0 + $1.0 * $1.1.parameters[dimension] }
        }
    }

    /// What a step reports.
    public struct Info: Sendable, Hashable {
        /// The step that was taken.
        public var step: Int
        /// By how much the log-evidence grew, in nats.
        public var logEvidenceIncrement: Double
        /// Share of Metropolis steps accepted; nil where the parameters were not moved.
        public var acceptanceRate: Double?
    }

    /// After step 0.
    /// - Throws: what models and filters throw; `InferenceError.zeroTotalWeight` where no parameter explains the data.
    public func start(using random: inout Random) throws(InferenceError) -> State {
        let root = random.fork()
        let members = try Parallel.map(count: parameterCount) { index throws(InferenceError) in
            var stream = root.split(UInt64(index))
            let parameters = family.drawPrior(using: &stream)
            let logPrior = family.logPrior(parameters)
            guard logPrior.isFinite else {
                throw .nonFinite(
                    what: "the log-prior of a draw from the prior", place: "parameter \(index)", value: logPrior)
            }
            return try run(parameters, logPrior, through: 0, particleCount, using: &stream)
        }
        var state = State(
            step: 0, logEvidence: 0, logWeights: members.map(\.logEvidence), particleCount: particleCount,
            members: members)
        let total = logSumExp(state.logWeights)
        guard total > -.infinity else { throw .zeroTotalWeight(place: "step 0") }
        state.logEvidence = total - log(Double(parameterCount))
        return state
    }

    /// Weighs in the next step's data, after resampling and moving the parameters where they need it.
    /// - Precondition: there is a next step.
    /// - Throws: as ``start(using:)``.
    @discardableResult
    public func step(_ state: inout State, using random: inout Random) throws(InferenceError) -> Info {
        precondition(state.step + 1 < family.stepCount, "the family has no step \(state.step + 1)")
        var rate: Double?
        if state.effectiveSampleSize < threshold * Double(parameterCount) {
            rate = try rejuvenate(&state, using: &random)
            if rate! < 0.1, 2 * state.particleCount <= maximumParticleCount { try double(&state, using: &random) }
        }
        let before = logSumExp(state.logWeights)
        let root = random.fork()
        let members = state.members
        let stepped = try Parallel.map(count: parameterCount) { index throws(InferenceError) in
            var member = members[index]
            var stream = root.split(UInt64(index))
            guard member.cloud != nil else { return member }
            do throws(InferenceError) {
                try member.filter.step(&member.cloud!, using: &stream)
            } catch {
                guard case .zeroTotalWeight = error else { throw error }
                member.cloud = nil
            }
            return member
        }
        for index in stepped.indices {
            if members[index].cloud == nil { continue }
            state.logWeights[index] += stepped[index].logEvidence - members[index].logEvidence
        }
        state.members = stepped
        state.step += 1
        let total = logSumExp(state.logWeights)
        guard total > -.infinity else { throw .zeroTotalWeight(place: "step \(state.step)") }
        state.logEvidence += total - before
        return Info(step: state.step, logEvidenceIncrement: total - before, acceptanceRate: rate)
    }

    /// All steps.
    public func run(
        using random: inout Random, observe: (Info) -> Void = { _ in }
    ) throws(InferenceError) -> State {
        var state = try start(using: &random)
        for _ in 1..<max(1, family.stepCount) { observe(try step(&state, using: &random)) }
        return state
    }

    /// A parameter with its filter run through the steps 0 ... `step`.
    private func run(
        _ parameters: [Double], _ logPrior: Double, through step: Int, _ particles: Int, using random: inout Random
    ) throws(InferenceError) -> Member {
        let filter = try ParticleFilter(family.model(parameters), particleCount: particles)
        var member = Member(parameters: parameters, logPrior: logPrior, filter: filter, cloud: nil)
        do throws(InferenceError) {
            var cloud = try filter.start(using: &random)
            while cloud.step < step { try filter.step(&cloud, using: &random) }
            member.cloud = cloud
        } catch {
            // No particle explains the data: the estimate of this parameter's likelihood is 0.
            guard case .zeroTotalWeight = error else { throw error }
        }
        return member
    }

    /// Resamples the parameters and moves each by Metropolis steps; returns the acceptance rate.
    private func rejuvenate(_ state: inout State, using random: inout Random) throws(InferenceError) -> Double {
        let dimension = family.dimension
        var cloud = TemperedCloud(count: parameterCount, dimension: dimension)
        for (index, member) in state.members.enumerated() {
            for d in 0..<dimension { cloud.particles[d * parameterCount + index] = member.parameters[d] }
        }
        let summary = state.logWeights.withUnsafeBufferPointer { WeightSummary(of: $0) }
        let factor = try ProposalCovariance.factor(cloud, logWeights: state.logWeights, summary: summary)
        let ancestors = try ResamplingScheme.ssp.ancestors(
            count: parameterCount, logWeights: state.logWeights, using: &random)
        let root = random.fork()
        let (members, particles, step) = (state.members, state.particleCount, state.step)
        let moved = try Parallel.map(count: parameterCount) { index throws(InferenceError) in
            var stream = root.split(UInt64(index))
            var member = members[Int(ancestors[index])]
            var accepted = 0
            for _ in 0..<moveCount {
                let noise = (0..<dimension).map { _ in stream.normal() }
                let proposal = (0..<dimension).map { row in
                    (0...row).reduce(member.parameters[row]) { $0 + factor[row * dimension + $1] * noise[$1] }
                }
                let logPrior = family.logPrior(proposal)
                guard logPrior < .infinity else {
                    throw .nonFinite(what: "a log-prior", place: "parameters \(proposal)", value: logPrior)
                }
                if logPrior == -.infinity { continue }
                let candidate = try run(proposal, logPrior, through: step, particles, using: &stream)
                if -stream.exponential() < candidate.logEvidence + logPrior - member.logEvidence - member.logPrior {
                    member = candidate
                    accepted += 1
                }
            }
            return (member, accepted)
        }
        state.members = moved.map(\.0)
        state.logWeights = [Double](repeating: 0, count: parameterCount)
        return Double(moved.reduce(0) { $0 + $1.1 }) / Double(parameterCount * moveCount)
    }

    /// Gives every parameter a new filter with twice the particles, and weighs it by the new estimate over the old.
    private func double(_ state: inout State, using random: inout Random) throws(InferenceError) {
        let root = random.fork()
        let (members, particles, step) = (state.members, 2 * state.particleCount, state.step)
        let renewed = try Parallel.map(count: parameterCount) { index throws(InferenceError) in
            var stream = root.split(UInt64(index))
            let member = members[index]
            return try run(member.parameters, member.logPrior, through: step, particles, using: &stream)
        }
        let before = logSumExp(state.logWeights)
        for index in renewed.indices {
            state.logWeights[index] += renewed[index].logEvidence - members[index].logEvidence
        }
        let total = logSumExp(state.logWeights)
        guard total > -.infinity else { throw .zeroTotalWeight(place: "step \(step), with \(particles) particles") }
        // The exchange leaves the law of the weighted parameters and the evidence as they are.
        for index in renewed.indices { state.logWeights[index] += before - total }
        state.members = renewed
        state.particleCount = particles
    }
}
