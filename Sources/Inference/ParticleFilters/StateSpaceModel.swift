public import Probability

/// A hidden Markov chain observed with noise: x₀ from the initial law, x_t from the transition, y_t from the likelihood of
/// x_t. The data are part of the model.
///
/// ``BootstrapFilter`` turns one into a Feynman-Kac model; what a model knows besides decides which other filters and
/// smoothers can use it.
public protocol StateSpaceModel: Sendable {
    /// Numbers that make up a state.
    var dimension: Int { get }
    /// Number of observations.
    var stepCount: Int { get }
    /// Draws `particles` from the law of x₀.
    func drawInitial(_ particles: ParticleBlock, using random: inout Random)
    /// Draws each of `particles` from the law of x_step given the particle at its place in `previous`.
    func drawTransition(
        step: Int, from previous: ParticleBlock, to particles: ParticleBlock, using random: inout Random)
    /// Writes ln g(y_step | x), `[count]` in nats, for each particle.
    func writeLogLikelihood(step: Int, of particles: ParticleBlock, to logs: UnsafeMutableBufferPointer<Double>)
}

/// A state-space model whose transition density can be computed: what smoothing backwards needs.
public protocol TransitionDensityModel: StateSpaceModel {
    /// ln p(x₀), in nats.
    func logInitial(_ state: Particle) -> Double
    /// ln p(x_step = `state` | x_{step - 1} = `previous`), in nats.
    func logTransition(step: Int, from previous: Particle, to state: Particle) -> Double
    /// A number that ``logTransition(step:from:to:)`` never exceeds, or nil where none is known: then backward draws by
    /// rejection are not possible.
    func logTransitionBound(step: Int) -> Double?
    /// Writes ln p(`state` | previous), `[count]`, for every particle of `previous`. Has a default.
    func writeLogTransitions(
        step: Int, from previous: ParticleBlock, to state: Particle, into logs: UnsafeMutableBufferPointer<Double>)
}

extension TransitionDensityModel {
    @inlinable
    public func logTransitionBound(step: Int) -> Double? { nil }

    @inlinable
    public func writeLogTransitions(
        step: Int, from previous: ParticleBlock, to state: Particle, into logs: UnsafeMutableBufferPointer<Double>
    ) {
        for index in 0..<previous.count {
            logs[index] = logTransition(step: step, from: previous.particle(index), to: state)
        }
    }
}

/// A state-space model with a proposal that looks at the observation.
public protocol GuidedStateSpaceModel: StateSpaceModel {
    /// Draws `particles` from a proposal for x₀, and writes ln p(x₀) / q(x₀), `[count]` in nats.
    func proposeInitial(
        _ particles: ParticleBlock, logRatios: UnsafeMutableBufferPointer<Double>, using random: inout Random)
    /// Draws `particles` from a proposal q for x_step given `previous`, and writes ln p(x | previous) / q(x | previous).
    func propose(
        step: Int, from previous: ParticleBlock, to particles: ParticleBlock,
        logRatios: UnsafeMutableBufferPointer<Double>, using random: inout Random)
}

/// A guided model that can say, before moving, how well a particle will explain the next observation.
public protocol AuxiliaryStateSpaceModel: GuidedStateSpaceModel {
    /// Writes ln η(x_{step - 1}), `[count]` in nats, finite: ideally ln p(y_step | x_{step - 1}).
    func writeLogAuxiliary(step: Int, from previous: ParticleBlock, to logs: UnsafeMutableBufferPointer<Double>)
}
