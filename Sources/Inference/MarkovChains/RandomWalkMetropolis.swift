internal import Foundation
internal import NumericalMethods
public import Probability

/// Random-walk Metropolis with a normal proposal whose covariance and scale a warm-up learns.
///
/// The proposal is x + s L ξ. In the warm-up s follows a Robbins–Monro recursion towards the target acceptance, and L is
/// refreshed from the covariance of the warm-up's later positions; afterwards both stay.
///
/// - Source: H. Haario, E. Saksman and J. Tamminen, "An adaptive Metropolis algorithm", 2001; the scale's recursion as in
///   C. Andrieu and J. Thoms, "A tutorial on adaptive MCMC", 2008; 0.234 from G. Roberts, A. Gelman and W. Gilks, 1997.
public struct RandomWalkMetropolis<Target: LogDensityFunction>: TargetedKernel {
    /// The density.
    public var target: Target
    /// The scale s.
    public var scale: Double
    /// The proposal's shape L.
    public var shape: EuclideanMetric
    /// The acceptance aimed at.
    public var targetAcceptance: Double
    /// Whether the warm-up learns the covariance too; otherwise the scale only.
    public var learnsCovariance: Bool

    /// A sampler of `target`.
    ///
    /// - Parameters:
    ///   - scale: 2.38 / √dimension where nil.
    ///   - shape: unit where nil.
    ///   - targetAcceptance: 0.44 in one dimension and 0.234 in more where nil.
    public init(
        target: Target, scale: Double? = nil, shape: EuclideanMetric? = nil, targetAcceptance: Double? = nil,
        learnsCovariance: Bool = true
    ) {
        self.target = target
        self.scale = scale ?? 2.38 / Double(max(target.dimension, 1)).squareRoot()
        self.shape = shape ?? .unit(dimension: max(target.dimension, 0))
        self.targetAcceptance = targetAcceptance ?? (target.dimension == 1 ? 0.44 : 0.234)
        self.learnsCovariance = learnsCovariance
    }

    /// What the warm-up has learned.
    public struct Adaptation: Sendable {
        var moments: RunningMoments
        var steps = 0
        var nextRefresh = 100
    }

    /// The number of coordinates.
    public var dimension: Int { target.dimension }

    /// The state at `position`.
    public func start(at position: [Double], using random: inout Random) throws(InferenceError) -> ChainState {
        try KernelCheck.positive(scale, "scale")
        try KernelCheck.open(targetAcceptance, "targetAcceptance")
        try shape.check(dimension: target.dimension)
        return try ChainState(of: target, at: position, scratch: 2)
    }

    /// One transition.
    public func step(_ state: inout ChainState, using random: inout Random) -> StepInfo {
        let d = state.dimension
        var logDensity = state.logDensity
        let acceptance = shape.withMap { map in
            state.storage.withUnsafeMutableBufferPointer { memory in
                let here = memory.baseAddress!
                let (proposal, noise) = (here + 2 * d, here + 3 * d)
                random.fillNormal(UnsafeMutableBufferPointer(start: noise, count: d))
                proposal.update(from: here, count: d)
                map.drift(proposal, noise, scale)
                let value = target.evaluate(proposal, d)
                // A NaN is an impossible point.
                let acceptance = value.isNaN ? 0 : min(1, exp(value - logDensity))
                if random.uniform() < acceptance {
                    here.update(from: proposal, count: d)
                    logDensity = value
                }
                return acceptance
            }
        }
        state.logDensity = logDensity
        return StepInfo(acceptance: acceptance, energy: -logDensity, evaluations: 1)
    }

    /// Begins a warm-up.
    public mutating func startAdaptation(
        _ state: ChainState, steps: Int, using random: inout Random
    ) -> Adaptation {
        Adaptation(moments: RunningMoments(dimension: dimension, isDense: true))
    }

    /// Learns from a step.
    public mutating func adapt(
        _ adaptation: inout Adaptation, _ state: ChainState, _ info: StepInfo, using random: inout Random
    ) {
        adaptation.steps += 1
        let gain = min(0.5, 5 * pow(Double(adaptation.steps), -0.6))
        scale *= exp(gain * (info.acceptance - targetAcceptance))
        guard learnsCovariance else { return }
        adaptation.moments.add(state.storage[..<state.dimension])
        guard adaptation.steps == adaptation.nextRefresh else { return }
        // Each window forgets the positions before it, so that the way in from the start does not stay.
        adaptation.nextRefresh = adaptation.steps * 3 / 2
        refresh(adaptation.moments)
        adaptation.moments = RunningMoments(dimension: dimension, isDense: true)
    }

    /// The kernel stays as the last step left it.
    public mutating func finish(_ adaptation: Adaptation) {}

    private mutating func refresh(_ moments: RunningMoments) {
        // Fewer positions than this make a shape worse than the one at hand.
        guard moments.count >= 10 * dimension else { return }
        var covariance = moments.covariance
        let mean = covariance.diagonal.reduce(0, +) / Double(dimension)
        guard mean > 0, mean.isFinite else { return }
        for i in 0..<dimension { covariance[i, i] += 1e-6 * mean }
        guard let factor = try? Cholesky(covariance) else { return }
        shape = .dense(factor.lower)
    }
}
