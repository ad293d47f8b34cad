public import Probability

/// The bootstrap filter of a state-space model: particles move by the transition, and are weighted by the likelihood.
///
/// - Source: N. Gordon, D. Salmond, A. Smith, 1993.
public struct BootstrapFilter<Model: StateSpaceModel>: FeynmanKacModel {
    /// The hidden chain and its data.
    public var model: Model

    /// The bootstrap filter of `model`.
    public init(_ model: Model) { self.model = model }

    public var dimension: Int { model.dimension }
    public var stepCount: Int { model.stepCount }

    public func begin(
        _ particles: ParticleBlock, logPotentials: UnsafeMutableBufferPointer<Double>, using random: inout Random
    ) {
        model.drawInitial(particles, using: &random)
        model.writeLogLikelihood(step: 0, of: particles, to: logPotentials)
    }

    public func advance(
        step: Int, from previous: ParticleBlock, to particles: ParticleBlock,
        logPotentials: UnsafeMutableBufferPointer<Double>, using random: inout Random
    ) {
        model.drawTransition(step: step, from: previous, to: particles, using: &random)
        model.writeLogLikelihood(step: step, of: particles, to: logPotentials)
    }
}

/// The guided filter: particles move by a proposal q that sees the observation, and are weighted by
/// p(x | previous) g(y | x) / q(x | previous).
///
/// - Source: A. Doucet, S. Godsill, C. Andrieu, "On sequential Monte Carlo sampling methods for Bayesian filtering", 2000.
public struct GuidedFilter<Model: GuidedStateSpaceModel>: FeynmanKacModel {
    /// The hidden chain, its data and its proposal.
    public var model: Model

    /// The guided filter of `model`.
    public init(_ model: Model) { self.model = model }

    public var dimension: Int { model.dimension }
    public var stepCount: Int { model.stepCount }

    public func begin(
        _ particles: ParticleBlock, logPotentials: UnsafeMutableBufferPointer<Double>, using random: inout Random
    ) {
        withUnsafeTemporaryAllocation(of: Double.self, capacity: particles.count) { ratios in
            model.proposeInitial(particles, logRatios: ratios, using: &random)
            model.writeLogLikelihood(step: 0, of: particles, to: logPotentials)
            for index in 0..<particles.count { logPotentials[index] += ratios[index] }
        }
    }

    public func advance(
        step: Int, from previous: ParticleBlock, to particles: ParticleBlock,
        logPotentials: UnsafeMutableBufferPointer<Double>, using random: inout Random
    ) {
        withUnsafeTemporaryAllocation(of: Double.self, capacity: particles.count) { ratios in
            model.propose(step: step, from: previous, to: particles, logRatios: ratios, using: &random)
            model.writeLogLikelihood(step: step, of: particles, to: logPotentials)
            for index in 0..<particles.count { logPotentials[index] += ratios[index] }
        }
    }
}

/// The auxiliary filter: guided, and resampled by weight times how well a particle will explain the next observation.
///
/// - Source: M. Pitt, N. Shephard, 1999; without its second resampling, as J. Carpenter, P. Clifford, P. Fearnhead, 1999.
public struct AuxiliaryFilter<Model: AuxiliaryStateSpaceModel>: AuxiliaryFeynmanKacModel {
    private var guided: GuidedFilter<Model>

    /// The hidden chain, its data, proposal and look ahead.
    public var model: Model {
        get { guided.model }
        set { guided.model = newValue }
    }

    /// The auxiliary filter of `model`.
    public init(_ model: Model) { guided = GuidedFilter(model) }

    public var dimension: Int { guided.dimension }
    public var stepCount: Int { guided.stepCount }

    public func begin(
        _ particles: ParticleBlock, logPotentials: UnsafeMutableBufferPointer<Double>, using random: inout Random
    ) {
        guided.begin(particles, logPotentials: logPotentials, using: &random)
    }

    public func advance(
        step: Int, from previous: ParticleBlock, to particles: ParticleBlock,
        logPotentials: UnsafeMutableBufferPointer<Double>, using random: inout Random
    ) {
        guided.advance(step: step, from: previous, to: particles, logPotentials: logPotentials, using: &random)
    }

    public func writeLogAuxiliary(step: Int, from previous: ParticleBlock, to logs: UnsafeMutableBufferPointer<Double>)
    {
        model.writeLogAuxiliary(step: step, from: previous, to: logs)
    }
}
