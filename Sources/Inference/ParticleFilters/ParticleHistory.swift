/// The clouds of a whole run, step by step: what smoothers look back on.
public struct ParticleHistory: Sendable {
    /// One step's cloud.
    public struct Step: Sendable {
        /// `[dimension, particles]`.
        public var particles: [Double]
        /// Weights that add up to 1, `[particles]`.
        public var weights: [Double]
        /// Their logarithms up to a constant, in nats, `[particles]`.
        public var logWeights: [Double]
        /// Place of each particle's ancestor in the step before; nil: its own.
        public var ancestors: [Int32]?
    }

    /// Particles at each step.
    public let particleCount: Int
    /// Numbers that make up a particle.
    public let dimension: Int
    /// The clouds, from step 0.
    public private(set) var steps: [Step] = []
    /// The log-evidence after the last step, in nats.
    public internal(set) var logEvidence = 0.0

    init(particleCount: Int, dimension: Int) {
        self.particleCount = particleCount
        self.dimension = dimension
    }

    mutating func append(_ cloud: ParticleCloud) {
        steps.append(
            Step(
                particles: cloud.particles, weights: cloud.weights, logWeights: cloud.logWeights,
                ancestors: cloud.ancestors))
    }

    /// The places, from step 0 on, of the line that ends in particle `index` of the last step.
    public func line(endingIn index: Int) -> [Int] {
        var place = index
        var line = [place]
        for step in steps.indices.dropFirst().reversed() {
            if let ancestors = steps[step].ancestors { place = Int(ancestors[place]) }
            line.append(place)
        }
        return line.reversed()
    }

    /// Number `dimension` of particle `index` at `step`.
    @inlinable
    public func value(step: Int, particle index: Int, dimension: Int = 0) -> Double {
        steps[step].particles[dimension * particleCount + index]
    }
}
