public import Probability

/// A law known up to its normaliser, prior(x) L(x), reached from the prior through prior(x) L(x)^λ for rising λ.
///
/// Methods are called for blocks of particles, on several threads at once.
public protocol TemperedTarget: Sendable {
    /// Numbers that make up a particle.
    var dimension: Int { get }
    /// Draws `particles` from the prior.
    func drawPrior(_ particles: ParticleBlock, using random: inout Random)
    /// Writes ln prior(x), `[count]` in nats, up to a constant; −∞ outside its support.
    func writeLogPrior(of particles: ParticleBlock, to logs: UnsafeMutableBufferPointer<Double>)
    /// Writes ln L(x), `[count]` in nats. May be asked outside the prior's support, and may answer NaN there.
    func writeLogLikelihood(of particles: ParticleBlock, to logs: UnsafeMutableBufferPointer<Double>)
}

/// Draws from a tempered target, all of equal weight.
public struct TemperedCloud: Sendable {
    /// λ: 0 for the prior, 1 for the target.
    public internal(set) var exponent = 0.0
    /// Number of particles.
    public let count: Int
    /// Numbers that make up a particle.
    public let dimension: Int
    /// A column for each dimension, `[dimension, count]`.
    public internal(set) var particles: [Double]
    /// ln prior and ln L of each, `[count]` in nats.
    public internal(set) var logPriors: [Double]
    /// ln L of each, `[count]` in nats.
    public internal(set) var logLikelihoods: [Double]
    /// ln of the estimate of ∫ prior(x) L(x)^λ dx over the prior's own integral, in nats.
    public internal(set) var logEvidence = 0.0

    init(count: Int, dimension: Int) {
        self.count = count
        self.dimension = dimension
        particles = [Double](repeating: 0, count: count * dimension)
        logPriors = [Double](repeating: 0, count: count)
        logLikelihoods = logPriors
    }

    /// One dimension of all particles, `[count]`.
    public func column(_ dimension: Int) -> ArraySlice<Double> {
        precondition(dimension >= 0 && dimension < self.dimension, "a particle has no dimension \(dimension)")
        return particles[dimension * count..<(dimension + 1) * count]
    }

    /// The mean of one dimension.
    public func mean(_ dimension: Int) -> Double { column(dimension).reduce(0, +) / Double(count) }
}
