internal import Foundation
internal import NumericalMethods
public import Probability

/// An additive function of a path, s₀(x₀) + Σ s_t(x_{t-1}, x_t), whose smoothed mean is wanted: a sufficient statistic, a
/// score, a sum of states.
public protocol AdditiveFunctional: Sendable {
    /// Numbers that it yields.
    var dimension: Int { get }
    /// Adds s_step to `sums`, `[dimension]`; `previous` is nil at step 0.
    func add(step: Int, from previous: Particle?, to state: Particle, sums: UnsafeMutablePointer<Double>)
}

/// Smoothed means of additive functionals while the filter runs forward, by particle-based, rapid incremental smoothing:
/// every particle carries an estimate of the functional over the paths that lead to it, renewed at each step from a few
/// backward draws. No history is kept, and the estimate doesn't wear out as paths merge.
///
/// ```swift
/// var smoother = try PaRIS(model, functional, filter: filter)
/// var state = try smoother.start(using: &random)
/// for _ in 1..<model.stepCount { try smoother.step(&state, using: &random) }
/// print(state.estimate)
/// ```
///
/// - Source: J. Olsson, J. Westerborn, "Efficient particle-based online smoothing in general hidden Markov models: the
///   PaRIS algorithm", 2017; two draws are enough for stability.
public struct PaRIS<Filter: FeynmanKacModel, Model: TransitionDensityModel, Functional: AdditiveFunctional>: Sendable {
    /// Moves and weighs the particles.
    public let filter: ParticleFilter<Filter>
    /// Its hidden chain.
    public let model: Model
    /// What is averaged.
    public let functional: Functional
    /// Backward draws for each particle, at least 2.
    public let drawCount: Int
    /// How they are made.
    public let draw: BackwardSampler<Model>.Draw

    /// - Parameter draw: rejection is the fastest where the model bounds its transition density.
    /// - Throws: `InferenceError.improperParameter`, `.unsupported`, as ``BackwardSampler``.
    public init(
        filter: ParticleFilter<Filter>, model: Model, functional: Functional, drawCount: Int = 2,
        draw: BackwardSampler<Model>.Draw = .rejection
    ) throws(InferenceError) {
        guard drawCount >= 2 else {
            throw .improperParameter(name: "drawCount", value: "\(drawCount)", expected: "at least 2")
        }
        guard functional.dimension >= 1 else { throw .empty(what: "the functional") }
        guard filter.model.dimension == model.dimension, filter.model.stepCount == model.stepCount else {
            throw .wrongShape(
                what: "the filter's model",
                found: "\(filter.model.stepCount) steps of \(filter.model.dimension) numbers",
                expected: "\(model.stepCount) steps of \(model.dimension) numbers")
        }
        _ = try BackwardSampler(model, draw: draw)
        self.filter = filter
        self.model = model
        self.functional = functional
        self.drawCount = drawCount
        self.draw = draw
    }

    /// The cloud with its particles' statistics.
    public struct State: Sendable {
        /// The filter's cloud.
        public internal(set) var cloud: ParticleCloud
        /// Each particle's estimate, `[particles, functional.dimension]`.
        public internal(set) var statistics: [Double]

        /// The smoothed mean of the functional over the steps so far, `[functional.dimension]`.
        public var estimate: [Double] {
            let dimension = statistics.count / cloud.count
            var sums = [Double](repeating: 0, count: dimension)
            for (particle, weight) in cloud.weights.enumerated() where weight > 0 {
                for index in 0..<dimension { sums[index] += weight * statistics[particle * dimension + index] }
            }
            return sums
        }
    }

    /// After step 0.
    public func start(using random: inout Random) throws(InferenceError) -> State {
        let cloud = try filter.start(using: &random)
        let dimension = functional.dimension
        var statistics = [Double](repeating: 0, count: cloud.count * dimension)
        cloud.particles.withUnsafeBufferPointer { particles in
            statistics.withUnsafeMutableBufferPointer { sums in
                for index in 0..<cloud.count {
                    functional.add(
                        step: 0, from: nil, to: Particle(base: particles.baseAddress! + index, stride: cloud.count),
                        sums: sums.baseAddress! + index * dimension)
                }
            }
        }
        return State(cloud: cloud, statistics: statistics)
    }

    /// Takes cloud and statistics through the next step. Throws as the filter and ``BackwardSampler`` do.
    public func step(_ state: inout State, using random: inout Random) throws(InferenceError) {
        let old = ParticleHistory.Step(
            particles: state.cloud.particles, weights: state.cloud.weights, logWeights: state.cloud.logWeights,
            ancestors: nil)
        let count = state.cloud.count
        let before = try BackwardWeights(old, count: count, place: "step \(state.cloud.step)")
        try filter.step(&state.cloud, using: &random)
        let root = random.fork()
        let cloud = state.cloud
        let statistics = state.statistics
        let dimension = functional.dimension
        let parts = try Parallel.map(count: (count + 255) / 256) { block throws(InferenceError) in
            var stream = root.split(UInt64(block))
            let range = block * 256..<min(count, block * 256 + 256)
            var sums = [Double](repeating: 0, count: range.count * dimension)
            for (place, index) in range.enumerated() {
                let ancestor = cloud.ancestors.map { Int($0[index]) } ?? index
                let offset = place * dimension
                try withState(of: cloud, index) { target throws(InferenceError) in
                    for _ in 0..<drawCount {
                        let source = try before.draw(
                            draw, model, step: cloud.step, to: target, ancestor: ancestor, using: &stream)
                        for index in 0..<dimension { sums[offset + index] += statistics[source * dimension + index] }
                        try before.withParticle(source) { previous throws(InferenceError) in
                            sums.withUnsafeMutableBufferPointer {
                                functional.add(
                                    step: cloud.step, from: previous, to: target, sums: $0.baseAddress! + offset)
                            }
                        }
                    }
                }
            }
            return sums.map { $0 / Double(drawCount) }
        }
        state.statistics = Array(parts.joined())
        if let bad = state.statistics.firstIndex(where: { !$0.isFinite }) {
            throw .nonFinite(
                what: "the functional", place: "step \(cloud.step), particle \(bad / dimension)",
                value: state.statistics[bad])
        }
    }

    private func withState(
        of cloud: ParticleCloud, _ index: Int, _ body: (Particle) throws(InferenceError) -> Void
    ) throws(InferenceError) {
        try cloud.particles.withUnsafeBufferPointer { buffer throws(InferenceError) in
            try body(Particle(base: buffer.baseAddress! + index, stride: cloud.count))
        }
    }

    /// All steps. Throws as ``step(_:using:)``.
    public func run(using random: inout Random) throws(InferenceError) -> State {
        var state = try start(using: &random)
        for _ in 1..<max(1, model.stepCount) { try step(&state, using: &random) }
        return state
    }
}
