public import Probability

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
        MetropolisTrajectory.trajectory(target, &state, metric, stepSize: stepSize, steps: 1, using: &random)
    }
}
