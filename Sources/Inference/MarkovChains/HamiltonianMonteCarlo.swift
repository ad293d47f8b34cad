internal import Foundation
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
        return MetropolisTrajectory.trajectory(target, &state, metric, stepSize: h, steps: steps, using: &random)
    }
}
