internal import Foundation
internal import NumericalMethods
public import Probability

/// How a warm-up tunes step size and metric.
///
/// A first stretch finds the typical set with the step size alone; windows that double in length follow, each ending
/// with a new metric from its own draws and a fresh search for the step size; a last stretch settles the step size.
///
/// - Source: the three stretches and their lengths (75, 25, 50 of 1,000 steps) are those of Stan's reference manual,
///   "HMC algorithm parameters"; so is the shrinkage of the (co)variance to 10⁻³ by 5 draws.
public struct HamiltonianTuning: Sendable, Equatable {
    /// What the metric is made of.
    public enum MetricKind: String, Sendable, CaseIterable, Codable {
        /// The metric stays as it is.
        case fixed
        /// Standard deviations.
        case diagonal
        /// The whole covariance: dimension² / 2 more multiplications twice a step.
        case dense
    }

    /// The metric's kind.
    public var metric: MetricKind
    /// The mean acceptance aimed at.
    public var targetAcceptance: Double
    /// Steps before the first window and after the last one, and the length of the first window.
    public var firstSteps: Int
    public var lastSteps: Int
    public var firstWindow: Int

    /// A plan; the lengths shrink in proportion where the warm-up is too short for them.
    public init(
        metric: MetricKind = .diagonal, targetAcceptance: Double = 0.8, firstSteps: Int = 75, lastSteps: Int = 50,
        firstWindow: Int = 25
    ) {
        self.metric = metric
        self.targetAcceptance = targetAcceptance
        self.firstSteps = firstSteps
        self.lastSteps = lastSteps
        self.firstWindow = firstWindow
    }

    /// The steps after which a window ends, ascending, for a warm-up of `steps`.
    func windowEnds(steps: Int) -> [Int] {
        guard steps >= 20 else { return [] }
        var (first, last, window) = (firstSteps, lastSteps, firstWindow)
        if first + last + window > steps {
            first = steps * 15 / 100
            last = steps / 10
            window = steps - first - last
        }
        var ends: [Int] = []
        var start = first
        let stop = steps - last
        while start < stop {
            // A window that would leave too little for the next one takes the rest.
            let end = start + 3 * window > stop ? stop : start + window
            ends.append(end)
            start = end
            window *= 2
        }
        return ends
    }
}

/// What a windowed warm-up has learned so far.
public struct WindowedAdaptation: Sendable {
    var averaging: DualAveraging
    var moments: RunningMoments
    var ends: [Int]
    var steps = 0
    let firstWindowStart: Int
    let total: Int
}

/// A kernel that simulates Hamiltonian or Langevin dynamics: it has a step size and a metric, tuned in the same way.
public protocol HamiltonianKernel<Target>: TargetedKernel
where Target: DifferentiableLogDensity, State == ChainState, Adaptation == WindowedAdaptation {
    /// The step size, in units of the metric.
    var stepSize: Double { get set }
    /// The metric.
    var metric: EuclideanMetric { get set }
    /// How the warm-up tunes the two.
    var tuning: HamiltonianTuning { get set }
}

extension HamiltonianKernel {
    /// The number of coordinates.
    public var dimension: Int { target.dimension }

    func checkConfiguration() throws(InferenceError) {
        try KernelCheck.positive(stepSize, "stepSize")
        try KernelCheck.open(tuning.targetAcceptance, "targetAcceptance")
        try KernelCheck.count(tuning.firstSteps, "firstSteps", atLeast: 0)
        try KernelCheck.count(tuning.lastSteps, "lastSteps", atLeast: 0)
        try KernelCheck.count(tuning.firstWindow, "firstWindow")
        try metric.check(dimension: target.dimension)
    }

    /// Begins a warm-up: finds a step size of the right order.
    public mutating func startAdaptation(
        _ state: ChainState, steps: Int, using random: inout Random
    ) -> WindowedAdaptation {
        if steps > 0 { stepSize = reasonableStepSize(state, using: &random) }
        let ends = tuning.metric == .fixed ? [] : tuning.windowEnds(steps: steps)
        return WindowedAdaptation(
            averaging: DualAveraging(target: tuning.targetAcceptance, stepSize: stepSize),
            moments: RunningMoments(dimension: dimension, isDense: tuning.metric == .dense), ends: ends,
            firstWindowStart: ends.isEmpty
                ? steps
                : tuning.firstSteps + tuning.lastSteps + tuning.firstWindow > steps
                    ? steps * 15 / 100 : tuning.firstSteps,
            total: steps)
    }

    /// Learns from a step; at the end of a window the metric changes.
    public mutating func adapt(
        _ adaptation: inout WindowedAdaptation, _ state: ChainState, _ info: StepInfo, using random: inout Random
    ) {
        adaptation.averaging.update(info.acceptance)
        stepSize = adaptation.averaging.stepSize
        adaptation.steps += 1
        guard let end = adaptation.ends.first, adaptation.steps > adaptation.firstWindowStart else { return }
        adaptation.moments.add(state.storage[..<state.dimension])
        guard adaptation.steps == end else { return }
        adaptation.ends.removeFirst()
        if let learned = Self.metric(adaptation.moments) { metric = learned }
        adaptation.moments = RunningMoments(dimension: dimension, isDense: tuning.metric == .dense)
        stepSize = reasonableStepSize(state, using: &random)
        adaptation.averaging.restart(stepSize)
    }

    /// Keeps the averaged step size.
    public mutating func finish(_ adaptation: WindowedAdaptation) {
        if adaptation.steps > 0 { stepSize = adaptation.averaging.averagedStepSize }
    }

    /// The metric from a window's moments, shrunk towards small round ones; nil where they don't make one.
    private static func metric(_ moments: RunningMoments) -> EuclideanMetric? {
        guard moments.count >= 2 else { return nil }
        let n = Double(moments.count)
        let (keep, floor) = (n / (n + 5), 1e-3 * 5 / (n + 5))
        if !moments.isDense {
            let scales = moments.variances.map { (keep * $0 + floor).squareRoot() }
            return scales.allSatisfy(\.isFinite) ? .diagonal(scales) : nil
        }
        var covariance = moments.covariance * keep
        for i in 0..<covariance.rows { covariance[i, i] += floor }
        return (try? Cholesky(covariance)).map { .dense($0.lower) }
    }

    /// Doubles or halves the step size until one leapfrog step's acceptance crosses 0.8.
    ///
    /// - Source: the heuristic of M. Hoffman and A. Gelman, 2014, algorithm 4, with Stan's threshold.
    func reasonableStepSize(_ state: ChainState, using random: inout Random) -> Double {
        let d = state.dimension
        var momentum = [Double](repeating: 0, count: d)
        var point = Array(state.storage[..<(2 * d)]) + momentum
        var h = min(max(stepSize, 1e-10), 1e7)
        var direction = 0
        return metric.withMap { map in
            for _ in 0..<60 {
                momentum.withUnsafeMutableBufferPointer { random.fillNormal($0) }
                let start = 0.5 * momentum.reduce(0) { $0 + $1 * $1 } - state.logDensity
                for i in 0..<(2 * d) { point[i] = state.storage[i] }
                let end = point.withUnsafeMutableBufferPointer { point in
                    momentum.withUnsafeMutableBufferPointer { momentum in
                        let (q, g, p) = (point.baseAddress!, point.baseAddress! + d, momentum.baseAddress!)
                        map.kick(p, g, 0.5 * h)
                        map.drift(q, p, h)
                        let value = target.evaluate(q, g, d)
                        return map.kick(p, g, 0.5 * h) - value
                    }
                }
                let gain = start - end
                let wanted = gain > log(0.8) ? 1 : -1
                if direction == 0 { direction = wanted }
                if wanted != direction || h < 1e-12 || h > 1e8 { break }
                h *= direction > 0 ? 2 : 0.5
            }
            return h
        }
    }
}
