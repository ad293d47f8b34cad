internal import Foundation
public import Probability

/// A log-density that is a sum over data, of which a few items at a time can be asked.
public protocol MinibatchLogDensity: DifferentiableLogDensity {
    /// The number of items.
    var itemCount: Int { get }

    /// Adds the gradient of `priorScale · log prior + itemScale · Σ log-likelihood of items` to `gradient`.
    ///
    /// - Parameters:
    ///   - items: indices of items, which may repeat.
    ///   - gradient: `[dimension]`, to be added to.
    func addGradient(
        ofItems items: Span<Int>, itemScale: Double, priorScale: Double, at position: Span<Double>,
        to gradient: inout MutableSpan<Double>)
}

/// Stochastic gradient Langevin dynamics: θ ← θ + ½ ε ĝ(θ) + √ε ξ, with a gradient ĝ estimated from a minibatch and
/// nothing accepted or rejected.
///
/// With a constant step size the chain's distribution is off by O(ε), also from the gradient's noise; with steps that
/// decrease as a (b + t)^−γ weighted averages converge to the target's, more slowly than a plain chain's.
///
/// - Source: M. Welling and Y. W. Teh, "Bayesian learning via stochastic gradient Langevin dynamics", 2011.
public struct StochasticGradientLangevin<Target: MinibatchLogDensity>: ChainKernel {
    /// The step sizes ε.
    public enum Schedule: Sendable, Equatable {
        /// The same always.
        case constant(Double)
        /// a (b + t)^−γ at step t = 0, 1, ..., with γ in (0.5, 1].
        case decreasing(a: Double, b: Double, gamma: Double)

        /// ε at step `step`, from 0.
        public func size(_ step: Int) -> Double {
            switch self {
            case .constant(let size): size
            case .decreasing(let a, let b, let gamma): a * pow(b + Double(step), -gamma)
            }
        }
    }

    /// The density.
    public var target: Target
    /// Items of a minibatch, drawn with replacement.
    public var batch: Int
    /// The step sizes.
    public var schedule: Schedule

    /// A sampler of `target`.
    public init(target: Target, batch: Int, schedule: Schedule) {
        self.target = target
        self.batch = batch
        self.schedule = schedule
    }

    /// Where the chain is.
    public struct State: ChainPosition {
        /// The position.
        public internal(set) var position: [Double]
        /// The size of the last step: the weight of this position in an average. 0 at the start.
        public internal(set) var stepSize: Double
        /// NaN: the density is never asked.
        public var logDensity: Double { .nan }
        var steps = 0
        var gradient: [Double]
        var items: [Int]

        /// Writes the position to `target`.
        public func copyPosition(to target: UnsafeMutablePointer<Double>) {
            position.withUnsafeBufferPointer { target.update(from: $0.baseAddress!, count: position.count) }
        }
    }

    /// The number of coordinates.
    public var dimension: Int { target.dimension }

    /// The state at `position`.
    public func start(at position: [Double], using random: inout Random) throws(InferenceError) -> State {
        try KernelCheck.count(target.itemCount, "itemCount")
        try KernelCheck.count(batch, "batch")
        switch schedule {
        case .constant(let size): try KernelCheck.positive(size, "the step size")
        case .decreasing(let a, let b, let gamma):
            try KernelCheck.positive(a, "a")
            try KernelCheck.positive(b, "b")
            guard gamma > 0.5, gamma <= 1 else {
                throw .improperParameter(name: "gamma", value: "\(gamma)", expected: "above 0.5, at most 1")
            }
        }
        _ = try ChainState(withGradientOf: target, at: position, scratch: 0)
        return State(
            position: position, stepSize: 0, gradient: [Double](repeating: 0, count: dimension),
            items: [Int](repeating: 0, count: batch))
    }

    /// One step. A step to a point that is not finite is not taken, and reported as divergent.
    public func step(_ state: inout State, using random: inout Random) -> StepInfo {
        let size = schedule.size(state.steps)
        state.steps += 1
        state.stepSize = size
        for i in state.items.indices { state.items[i] = random.integer(below: target.itemCount) }
        for i in state.gradient.indices { state.gradient[i] = 0 }
        var gradient: [Double] = []
        swap(&gradient, &state.gradient)
        var span = gradient.mutableSpan
        target.addGradient(
            ofItems: state.items.span, itemScale: Double(target.itemCount) / Double(batch), priorScale: 1,
            at: state.position.span, to: &span)
        let noise = size.squareRoot()
        var isFinite = true
        for i in gradient.indices {
            gradient[i] = state.position[i] + 0.5 * size * gradient[i] + noise * random.normal()
            isFinite = isFinite && gradient[i].isFinite
        }
        if isFinite { swap(&state.position, &gradient) }
        swap(&gradient, &state.gradient)
        return StepInfo(acceptance: isFinite ? 1 : 0, energy: 0, isDivergent: !isFinite, evaluations: 1)
    }
}
