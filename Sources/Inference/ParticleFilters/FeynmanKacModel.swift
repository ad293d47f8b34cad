public import Probability

/// A Feynman-Kac model: a Markov chain of kernels M₀, M₁, ..., and potentials G₀(x₀), G₁(x₀, x₁), ... that reweight it.
///
/// Particle filters, samplers and smoothers differ only in the model that they run. A method is called for a block of a
/// thousand particles or so, on several threads at once, and writes nothing but the block and the potentials it is handed.
///
/// - Source: P. Del Moral, "Feynman-Kac Formulae", 2004; N. Chopin, O. Papaspiliopoulos, "An Introduction to Sequential
///   Monte Carlo", 2020, chapter 5.
public protocol FeynmanKacModel: Sendable {
    /// Numbers that make up a particle, at least 1.
    var dimension: Int { get }

    /// Steps 0 ..< stepCount, at least 1.
    var stepCount: Int { get }

    /// Draws `particles` from M₀ and writes ln G₀, `[count]` in nats, −∞ for what is impossible.
    func begin(
        _ particles: ParticleBlock, logPotentials: UnsafeMutableBufferPointer<Double>, using random: inout Random)

    /// Draws each of `particles` from M_step of the particle at its place in `previous`, and writes ln G_step of both.
    ///
    /// - Parameters:
    ///   - step: 1 ..< stepCount.
    ///   - previous: where the particles came from, `[count]`; apart from `particles` in memory, and not to be written.
    func advance(
        step: Int, from previous: ParticleBlock, to particles: ParticleBlock,
        logPotentials: UnsafeMutableBufferPointer<Double>, using random: inout Random)
}

/// A model whose particles are resampled with a look ahead: by weight times exp(`logAuxiliary`), which their weight after
/// resampling is divided by.
///
/// - Source: M. Pitt, N. Shephard, "Filtering via simulation: auxiliary particle filters", 1999.
public protocol AuxiliaryFeynmanKacModel: FeynmanKacModel {
    /// Writes ln η(x_{step - 1}), `[count]` in nats, finite: how promising each particle is for `step`.
    func writeLogAuxiliary(step: Int, from previous: ParticleBlock, to logs: UnsafeMutableBufferPointer<Double>)
}
