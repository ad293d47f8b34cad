internal import Foundation
internal import NumericalMethods
public import Probability

/// Hamiltonian Monte Carlo with trajectories of a set length.
///
/// A trajectory takes round(length / ε) leapfrog steps, at least one; each trajectory's ε is drawn within `jitter` of the
/// step size, so that no mode of the target comes back to where it was every time.
///
/// - Source: S. Duane et al., "Hybrid Monte Carlo", 1987; R. Neal, "MCMC using Hamiltonian dynamics", 2011.
public struct HamiltonianMonteCarlo<Target: DifferentiableLogDensity>: HamiltonianKernel {
    /// The density.
    public var target: Target
    /// The step size ε, in units of the metric.
    public var stepSize: Double
    /// The metric.
    public var metric: EuclideanMetric
    /// How the warm-up tunes the two.
    public var tuning: HamiltonianTuning
    /// The trajectory's length in units of the metric; π / 2 decorrelates a normal distribution.
    public var trajectoryLength: Double
    /// ε varies by this share to either side, below 1.
    public var jitter: Double
    /// The most leapfrog steps of a trajectory.
    public var maximumSteps: Int

    /// A sampler of `target`.
    public init(
        target: Target, stepSize: Double = 0.1, trajectoryLength: Double = .pi / 2, jitter: Double = 0.2,
        maximumSteps: Int = 1000, metric: EuclideanMetric? = nil, tuning: HamiltonianTuning = HamiltonianTuning()
    ) {
        self.target = target
        self.stepSize = stepSize
        self.trajectoryLength = trajectoryLength
        self.jitter = jitter
        self.maximumSteps = maximumSteps
        self.metric = metric ?? .unit(dimension: max(target.dimension, 0))
        self.tuning = tuning
    }

    /// The state at `position`.
    public func start(at position: [Double], using random: inout Random) throws(InferenceError) -> ChainState {
        try checkConfiguration()
        try KernelCheck.positive(trajectoryLength, "trajectoryLength")
        try KernelCheck.count(maximumSteps, "maximumSteps")
        guard jitter >= 0, jitter < 1 else {
            throw .improperParameter(name: "jitter", value: "\(jitter)", expected: "from 0 to below 1")
        }
        return try ChainState(withGradientOf: target, at: position, scratch: 3)
    }

    /// One transition.
    public func step(_ state: inout ChainState, using random: inout Random) -> StepInfo {
        let h = stepSize * (1 + jitter * (2 * random.uniform() - 1))
        let steps = max(1, min(maximumSteps, Int((trajectoryLength / h).rounded())))
        return Metropolis.trajectory(target, &state, metric, stepSize: h, steps: steps, using: &random)
    }
}

/// The Metropolis-adjusted Langevin algorithm: one leapfrog step from a fresh momentum, accepted or not.
///
/// The proposal is x + ½ ε² L Lᵀ ∇log π(x) + ε L ξ with ξ standard normal.
///
/// - Source: G. Roberts and R. Tweedie, 1996; the acceptance of 0.574 aimed at is from G. Roberts and J. Rosenthal, 1998.
public struct LangevinMonteCarlo<Target: DifferentiableLogDensity>: HamiltonianKernel {
    /// The density.
    public var target: Target
    /// The step size ε, in units of the metric.
    public var stepSize: Double
    /// The metric.
    public var metric: EuclideanMetric
    /// How the warm-up tunes the two.
    public var tuning: HamiltonianTuning

    /// A sampler of `target`.
    public init(
        target: Target, stepSize: Double = 0.5, metric: EuclideanMetric? = nil,
        tuning: HamiltonianTuning = HamiltonianTuning(targetAcceptance: 0.574)
    ) {
        self.target = target
        self.stepSize = stepSize
        self.metric = metric ?? .unit(dimension: max(target.dimension, 0))
        self.tuning = tuning
    }

    /// The state at `position`.
    public func start(at position: [Double], using random: inout Random) throws(InferenceError) -> ChainState {
        try checkConfiguration()
        return try ChainState(withGradientOf: target, at: position, scratch: 3)
    }

    /// One transition.
    public func step(_ state: inout ChainState, using random: inout Random) -> StepInfo {
        Metropolis.trajectory(target, &state, metric, stepSize: stepSize, steps: 1, using: &random)
    }
}

/// The transition that both kernels share.
enum Metropolis {
    static func trajectory(
        _ target: some DifferentiableLogDensity, _ state: inout ChainState, _ metric: EuclideanMetric,
        stepSize h: Double, steps: Int, using random: inout Random
    ) -> StepInfo {
        let d = state.dimension
        var info = StepInfo(acceptance: 0, energy: 0, evaluations: 0)
        var logDensity = state.logDensity
        metric.withMap { map in
            state.storage.withUnsafeMutableBufferPointer { memory in
                let here = memory.baseAddress!
                let (q, g, p) = (here + 2 * d, here + 3 * d, here + 4 * d)
                random.fillNormal(UnsafeMutableBufferPointer(start: p, count: d))
                q.update(from: here, count: 2 * d)
                var kinetic = 0.0
                for i in 0..<d { kinetic += 0.5 * p[i] * p[i] }
                let start = kinetic - logDensity
                info.energy = start
                let value = leap(target, map, q, g, p, h, steps, &kinetic, &info.evaluations)
                let gain = start - (kinetic - value)
                // A NaN or an infinite gain makes a step that can't be trusted.
                guard gain >= -1000, gain < .infinity else {
                    info.isDivergent = true
                    return
                }
                info.acceptance = min(1, exp(gain))
                if random.uniform() < info.acceptance {
                    here.update(from: q, count: 2 * d)
                    logDensity = value
                    info.energy = kinetic - value
                }
            }
        }
        state.logDensity = logDensity
        return info
    }

    /// `steps` leapfrog steps in place; returns the log-density at the end and sets the kinetic energy there.
    static func leap(
        _ target: some DifferentiableLogDensity, _ map: MetricMap, _ q: UnsafeMutablePointer<Double>,
        _ g: UnsafeMutablePointer<Double>, _ p: UnsafeMutablePointer<Double>, _ h: Double, _ steps: Int,
        _ kinetic: inout Double, _ evaluations: inout Int
    ) -> Double {
        var value = 0.0
        map.kick(p, g, 0.5 * h)
        for step in 0..<steps {
            map.drift(q, p, h)
            value = target.evaluate(q, g, map.dimension)
            evaluations += 1
            // A trajectory that left the finite numbers won't come back.
            if !value.isFinite { return value }
            kinetic = map.kick(p, g, step + 1 < steps ? h : 0.5 * h)
        }
        return value
    }
}
