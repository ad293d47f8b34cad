internal import Foundation
internal import NumericalMethods
public import Probability

/// Draws whole paths from the smoothing law, given the clouds of a filter, from the last step backwards: the place at each
/// step is drawn by weight times transition density to the state already drawn.
///
/// The exact draw looks at every particle, O(N) for each step of each path. A rejection draw proposes by weight and needs
/// a bound of the transition density; where it has failed `particleCount` times, the exact draw takes over, which leaves
/// the law as it is. A Markov draw takes a number of Metropolis steps from the particle's own ancestor; cheap, never
/// stuck, exact in the limit of many particles.
///
/// - Source: S. Godsill, A. Doucet, M. West, "Monte Carlo smoothing for nonlinear time series", 2004; rejection: R. Douc,
///   A. Garivier, E. Moulines, J. Olsson, 2011; Metropolis: P. Bunch, S. Godsill, 2013, started at the ancestor as in
///   H.-D. Dau, N. Chopin, "On backward smoothing algorithms", 2023.
public struct BackwardSampler<Model: TransitionDensityModel>: Sendable {
    /// How a place at a step is drawn.
    public enum Draw: Sendable, Hashable {
        /// By all particles' weights.
        case exact
        /// By proposals until one is accepted.
        case rejection
        /// By this many Metropolis steps from the ancestor.
        case metropolis(steps: Int)
    }

    /// The hidden chain that was filtered.
    public let model: Model
    /// How a place is drawn.
    public let draw: Draw

    /// - Throws: `InferenceError.improperParameter`; `.unsupported` for rejection without a bound.
    public init(_ model: Model, draw: Draw = .exact) throws(InferenceError) {
        if case .metropolis(let steps) = draw, steps < 1 {
            throw .improperParameter(name: "steps", value: "\(steps)", expected: "at least 1")
        }
        if draw == .rejection {
            for step in 1..<max(1, model.stepCount) where model.logTransitionBound(step: step) == nil {
                throw .unsupported(
                    what: "a backward draw by rejection", place: "step \(step)",
                    remedy: "Give the model a bound of its transition density, or draw by .metropolis or .exact.")
            }
        }
        self.model = model
        self.draw = draw
    }

    /// `count` paths, independent given the clouds.
    ///
    /// - Parameter history: of a filter of the same model whose particles were moved by it: bootstrap, guided or auxiliary.
    /// - Throws: `InferenceError.wrongShape` where it isn't; `.nonFinite`, `.zeroTotalWeight` with their step where the
    ///   transition density is NaN, or zero from every particle.
    public func paths(
        _ count: Int, from history: ParticleHistory, using random: inout Random
    ) throws(InferenceError) -> SmoothedPaths {
        guard history.steps.count == model.stepCount, history.dimension == model.dimension else {
            throw .wrongShape(
                what: "the history", found: "\(history.steps.count) steps of \(history.dimension) numbers",
                expected: "\(model.stepCount) steps of \(model.dimension) numbers")
        }
        guard count >= 1 else { throw .improperParameter(name: "count", value: "\(count)", expected: "at least 1") }
        let last = history.steps.count - 1
        let ends = try ResamplingScheme.systematic.ancestors(
            count: count, weights: history.steps[last].weights, using: &random)
        let root = random.fork()
        let steps = try history.steps.indices.map { step throws(InferenceError) in
            try BackwardWeights(history.steps[step], count: history.particleCount, place: "step \(step)")
        }
        let places = try Parallel.map(count: count, minimumChunk: 8) { path throws(InferenceError) in
            var stream = root.split(UInt64(path))
            return try line(endingIn: Int(ends[path]), steps, using: &stream)
        }
        return SmoothedPaths(history: history, places: places)
    }

    private func line(
        endingIn end: Int, _ steps: [BackwardWeights], using random: inout Random
    ) throws(InferenceError) -> [Int32] {
        var line = [Int32](repeating: Int32(end), count: steps.count)
        var place = end
        for step in stride(from: steps.count - 1, through: 1, by: -1) {
            let ancestor = steps[step].ancestor(of: place)
            place = try steps[step].withParticle(place) { state throws(InferenceError) in
                try steps[step - 1].draw(draw, model, step: step, to: state, ancestor: ancestor, using: &random)
            }
            line[step - 1] = Int32(place)
        }
        return line
    }
}

/// Paths drawn from a smoothing law, all of equal weight.
public struct SmoothedPaths: Sendable {
    /// The clouds that the paths run through.
    public let history: ParticleHistory
    /// The particle of each path at each step, `[paths][steps]`.
    public let places: [[Int32]]

    /// Number of paths.
    public var count: Int { places.count }

    /// Number `dimension` of the state of path `path` at `step`.
    public func value(path: Int, step: Int, dimension: Int = 0) -> Double {
        history.value(step: step, particle: Int(places[path][step]), dimension: dimension)
    }

    /// The mean over paths of one dimension at each step, `[steps]`.
    public func means(dimension: Int = 0) -> [Double] {
        history.steps.indices.map { step in
            var sum = 0.0
            for path in 0..<count { sum += value(path: path, step: step, dimension: dimension) }
            return sum / Double(count)
        }
    }
}
