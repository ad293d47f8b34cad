internal import Foundation
internal import NumericalMethods
public import Probability

/// A one-dimensional state-space model with Gaussian transitions x_t ~ N(mean(x_{t-1}), variance), of any likelihood: what
/// ``TwistedFilter`` and ``GridFilter`` can use.
public protocol GaussianTransitionModel: TransitionDensityModel {
    /// Mean and variance of x₀.
    var initialMoments: (mean: Double, variance: Double) { get }
    /// Writes the mean of x_step given each of `previous`, `[count]`.
    func writeTransitionMeans(step: Int, from previous: ParticleBlock, to means: UnsafeMutableBufferPointer<Double>)
    /// The variance of x_step given x_{step - 1}, above 0.
    func transitionVariance(step: Int) -> Double
}

extension GaussianTransitionModel {
    public var dimension: Int { 1 }

    public func drawInitial(_ particles: ParticleBlock, using random: inout Random) {
        let (mean, variance) = initialMoments
        let deviation = variance.squareRoot()
        let x = particles[0]
        random.fillNormals(x)
        for index in x.indices { x[index] = mean + deviation * x[index] }
    }

    public func drawTransition(
        step: Int, from previous: ParticleBlock, to particles: ParticleBlock, using random: inout Random
    ) {
        let deviation = transitionVariance(step: step).squareRoot()
        withUnsafeTemporaryAllocation(of: Double.self, capacity: particles.count) { means in
            writeTransitionMeans(step: step, from: previous, to: means)
            let x = particles[0]
            random.fillNormals(x)
            for index in x.indices { x[index] = means[index] + deviation * x[index] }
        }
    }

    public func logInitial(_ state: Particle) -> Double {
        let (mean, variance) = initialMoments
        return logNormalDensity(state[0], mean, variance)
    }

    public func logTransitionBound(step: Int) -> Double? {
        -0.5 * log(2 * Double.pi * transitionVariance(step: step))
    }
}

/// ln of the density of N(mean, variance), in nats.
@inline(__always)
func logNormalDensity(_ x: Double, _ mean: Double, _ variance: Double) -> Double {
    -0.5 * ((x - mean) * (x - mean) / variance + log(2 * Double.pi * variance))
}

/// Stochastic volatility: x_t = μ + ρ (x_{t-1} - μ) + σ ε_t, stationary at the start, and returns y_t ~ N(0, e^{x_t}).
///
/// - Source: S. Taylor, 1982; the standard test of particle filters.
public struct StochasticVolatilityModel: GaussianTransitionModel {
    /// Mean of the log-variance.
    public let mean: Double
    /// Persistence, in (-1, 1).
    public let persistence: Double
    /// Standard deviation of the innovations, above 0.
    public let volatility: Double
    /// Returns, `[steps]`.
    public let observations: [Double]

    /// - Throws: `InferenceError.improperParameter`, `.nonFinite` for a bad return, `.empty` for none.
    public init(
        mean: Double, persistence: Double, volatility: Double, observations: [Double]
    ) throws(InferenceError) {
        guard mean.isFinite else { throw .improperParameter(name: "mean", value: "\(mean)", expected: "finite") }
        guard abs(persistence) < 1 else {
            throw .improperParameter(name: "persistence", value: "\(persistence)", expected: "between -1 and 1")
        }
        guard volatility > 0, volatility.isFinite else {
            throw .improperParameter(name: "volatility", value: "\(volatility)", expected: "above 0")
        }
        guard !observations.isEmpty else { throw .empty(what: "the observations") }
        if let bad = observations.firstIndex(where: { !$0.isFinite }) {
            throw .nonFinite(what: "an observation", place: "step \(bad)", value: observations[bad])
        }
        self.mean = mean
        self.persistence = persistence
        self.volatility = volatility
        self.observations = observations
    }

    public var stepCount: Int { observations.count }
    public var initialMoments: (mean: Double, variance: Double) {
        (mean, volatility * volatility / (1 - persistence * persistence))
    }
    public func transitionVariance(step: Int) -> Double { volatility * volatility }

    public func writeTransitionMeans(
        step: Int, from previous: ParticleBlock, to means: UnsafeMutableBufferPointer<Double>
    ) {
        let x = previous[0]
        for index in x.indices { means[index] = mean + persistence * (x[index] - mean) }
    }

    public func drawTransition(
        step: Int, from previous: ParticleBlock, to particles: ParticleBlock, using random: inout Random
    ) {
        let x = particles[0]
        random.fillNormals(x)
        VectorFunctions.affine(
            mean * (1 - persistence), persistence, UnsafeBufferPointer(previous[0]), volatility,
            UnsafeBufferPointer(x), into: x)
    }

    public func writeLogLikelihood(step: Int, of particles: ParticleBlock, to logs: UnsafeMutableBufferPointer<Double>)
    {
        let x = particles[0]
        for index in x.indices { logs[index] = -x[index] }
        VectorFunctions.exp(UnsafeBufferPointer(logs), into: logs)
        let constant = -0.5 * log(2 * Double.pi)
        let halfSquare = 0.5 * observations[step] * observations[step]
        // Without a return the second term is 0, also where the exponential has overflowed.
        if halfSquare == 0 {
            for index in x.indices { logs[index] = constant - 0.5 * x[index] }
        } else {
            for index in x.indices { logs[index] = constant - 0.5 * x[index] - halfSquare * logs[index] }
        }
    }

    public func logTransition(step: Int, from previous: Particle, to state: Particle) -> Double {
        logNormalDensity(state[0], mean + persistence * (previous[0] - mean), volatility * volatility)
    }
}

/// x₀ ~ N(m, P), x_t = a x_{t-1} + N(0, q), y_t = c x_t + N(0, r): Kalman's model in one dimension, with the proposal and
/// look ahead that are best for it. The yardstick of filters and smoothers.
public struct ScalarLinearGaussianModel: GaussianTransitionModel, AuxiliaryStateSpaceModel {
    /// Mean and variance of x₀.
    public let initialMoments: (mean: Double, variance: Double)
    /// a.
    public let transition: Double
    /// q.
    public let processVariance: Double
    /// c.
    public let emission: Double
    /// r.
    public let observationVariance: Double
    /// y, `[steps]`.
    public let observations: [Double]

    /// - Throws: `InferenceError.improperParameter` unless all are finite and the variances above 0; `.empty`, `.nonFinite`.
    public init(
        initialMean: Double = 0, initialVariance: Double = 1, transition: Double, processVariance: Double,
        emission: Double = 1, observationVariance: Double, observations: [Double]
    ) throws(InferenceError) {
        for (name, value) in [("initialMean", initialMean), ("transition", transition), ("emission", emission)]
        where !value.isFinite {
            throw .improperParameter(name: name, value: "\(value)", expected: "finite")
        }
        for (name, value) in [
            ("initialVariance", initialVariance), ("processVariance", processVariance),
            ("observationVariance", observationVariance),
        ] where !(value > 0 && value < .infinity) {
            throw .improperParameter(name: name, value: "\(value)", expected: "above 0")
        }
        guard !observations.isEmpty else { throw .empty(what: "the observations") }
        if let bad = observations.firstIndex(where: { !$0.isFinite }) {
            throw .nonFinite(what: "an observation", place: "step \(bad)", value: observations[bad])
        }
        initialMoments = (initialMean, initialVariance)
        self.transition = transition
        self.processVariance = processVariance
        self.emission = emission
        self.observationVariance = observationVariance
        self.observations = observations
    }

    public var stepCount: Int { observations.count }
    public func transitionVariance(step: Int) -> Double { processVariance }

    public func writeTransitionMeans(
        step: Int, from previous: ParticleBlock, to means: UnsafeMutableBufferPointer<Double>
    ) {
        let x = previous[0]
        for index in x.indices { means[index] = transition * x[index] }
    }

    public func writeLogLikelihood(step: Int, of particles: ParticleBlock, to logs: UnsafeMutableBufferPointer<Double>)
    {
        let x = particles[0]
        let constant = -0.5 * log(2 * Double.pi * observationVariance)
        for index in x.indices {
            let residual = observations[step] - emission * x[index]
            logs[index] = constant - 0.5 * residual * residual / observationVariance
        }
    }

    public func logTransition(step: Int, from previous: Particle, to state: Particle) -> Double {
        logNormalDensity(state[0], transition * previous[0], processVariance)
    }

    // MARK: The best proposal

    public func proposeInitial(
        _ particles: ParticleBlock, logRatios: UnsafeMutableBufferPointer<Double>, using random: inout Random
    ) {
        let x = particles[0]
        for index in logRatios.indices { logRatios[index] = initialMoments.mean }
        propose(x, variance: initialMoments.variance, observation: observations[0], meansThenRatios: logRatios, &random)
    }

    public func propose(
        step: Int, from previous: ParticleBlock, to particles: ParticleBlock,
        logRatios: UnsafeMutableBufferPointer<Double>, using random: inout Random
    ) {
        writeTransitionMeans(step: step, from: previous, to: logRatios)
        propose(
            particles[0], variance: processVariance, observation: observations[step], meansThenRatios: logRatios,
            &random)
    }

    /// x ~ p(x | mean, y), and in place of the means ln N(x; mean, variance) / q(x).
    private func propose(
        _ x: UnsafeMutableBufferPointer<Double>, variance: Double, observation: Double,
        meansThenRatios: UnsafeMutableBufferPointer<Double>, _ random: inout Random
    ) {
        random.fillNormals(x)
        let posterior = 1 / (1 / variance + emission * emission / observationVariance)
        let deviation = posterior.squareRoot()
        for index in x.indices {
            let mean = meansThenRatios[index]
            let noise = x[index]
            x[index] = posterior * (mean / variance + emission * observation / observationVariance) + deviation * noise
            let distance = x[index] - mean
            meansThenRatios[index] = 0.5 * (noise * noise - distance * distance / variance + log(posterior / variance))
        }
    }

    public func writeLogAuxiliary(step: Int, from previous: ParticleBlock, to logs: UnsafeMutableBufferPointer<Double>)
    {
        let x = previous[0]
        let variance = emission * emission * processVariance + observationVariance
        for index in x.indices {
            logs[index] = logNormalDensity(observations[step], emission * transition * x[index], variance)
        }
    }
}
