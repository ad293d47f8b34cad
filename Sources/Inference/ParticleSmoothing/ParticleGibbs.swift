internal import Foundation
internal import NumericalMethods
public import Probability

/// Particle Gibbs with ancestor sampling: a Markov chain over whole paths that leaves the smoothing law as it is, for any
/// number of particles from 2 on.
///
/// A sweep runs a filter in which one particle is held on the present path; at every step that path's past is drawn anew
/// from the cloud, by weight times transition density, so that it mixes well with few particles.
///
/// ```swift
/// let kernel = try ParticleGibbs(model, particleCount: 50)
/// var path = try kernel.start(using: &random)
/// for _ in 0..<1000 { let info = try kernel.step(&path, using: &random) }
/// ```
///
/// - Source: C. Andrieu, A. Doucet, R. Holenstein, 2010; F. Lindsten, M. Jordan, T. Schön, "Particle Gibbs with ancestor
///   sampling", 2014.
public struct ParticleGibbs<Model: TransitionDensityModel>: Sendable {
    /// The hidden chain and its data; its particles move by the transition.
    public let model: Model
    /// Particles, the held one included.
    public let particleCount: Int
    /// Whether the held path's past is drawn anew at every step. Without it this is plain particle Gibbs.
    public let samplesAncestors: Bool

    /// - Throws: `InferenceError.improperParameter`, `.empty`.
    public init(_ model: Model, particleCount: Int, samplesAncestors: Bool = true) throws(InferenceError) {
        guard particleCount >= 2, particleCount <= Int(Int32.max) else {
            throw .improperParameter(
                name: "particleCount", value: "\(particleCount)", expected: "from 2 to \(Int32.max)")
        }
        guard model.stepCount >= 1, model.dimension >= 1 else { throw .empty(what: "the model's sequence of states") }
        self.model = model
        self.particleCount = particleCount
        self.samplesAncestors = samplesAncestors
    }

    /// What a sweep reports.
    public struct Info: Sendable, Hashable {
        /// At how many steps the path changed.
        public var changedSteps: Int
    }

    /// A path drawn from an unconditional filter, `[steps, dimension]`.
    public func start(using random: inout Random) throws(InferenceError) -> [Double] {
        let filter = try ParticleFilter(
            BootstrapFilter(model), particleCount: particleCount, resampling: .multinomial, threshold: 1)
        let history = try filter.history(using: &random)
        let end = try ResamplingScheme.multinomial.ancestors(
            count: 1, weights: history.steps[history.steps.count - 1].weights, using: &random)
        var path: [Double] = []
        for (step, place) in history.line(endingIn: Int(end[0])).enumerated() {
            for dimension in 0..<model.dimension {
                path.append(history.value(step: step, particle: place, dimension: dimension))
            }
        }
        return path
    }

    /// One sweep.
    ///
    /// - Parameter path: `[steps, dimension]`.
    /// - Throws: `InferenceError.wrongShape`, `.nonFinite`, `.zeroTotalWeight` with the step.
    @discardableResult
    public func step(_ path: inout [Double], using random: inout Random) throws(InferenceError) -> Info {
        let steps = model.stepCount
        let dimension = model.dimension
        guard path.count == steps * dimension else {
            throw .wrongShape(what: "the path", found: "\(path.count) numbers", expected: "\(steps) x \(dimension)")
        }
        if let bad = path.firstIndex(where: { !$0.isFinite }) {
            throw .nonFinite(what: "the path", place: "step \(bad / dimension)", value: path[bad])
        }
        let count = particleCount
        var clouds = [[Double]](repeating: [], count: steps)
        var ancestors = [[Int32]](repeating: [], count: steps)
        var logWeights = [Double](repeating: 0, count: count)
        var stream = random.fork()
        for step in 0..<steps {
            var cloud = [Double](repeating: 0, count: count * dimension)
            let held = path[step * dimension..<(step + 1) * dimension]
            if step > 0 {
                let old = ParticleHistory.Step(
                    particles: clouds[step - 1], weights: try shares(logWeights, step - 1), logWeights: logWeights,
                    ancestors: nil)
                var lines = try ResamplingScheme.multinomial.ancestors(
                    count: count - 1, weights: old.weights, using: &stream)
                lines.append(Int32(count - 1))
                if samplesAncestors {
                    let backward = try BackwardWeights(old, count: count, place: "step \(step - 1)")
                    let target = Array(held)
                    let drawn = try target.withUnsafeBufferPointer { target throws(InferenceError) in
                        try backward.draw(
                            .exact, model, step: step, to: Particle(base: target.baseAddress!, stride: 1),
                            ancestor: count - 1, using: &stream)
                    }
                    lines[count - 1] = Int32(drawn)
                }
                ancestors[step] = lines
            }
            move(&cloud, from: step > 0 ? clouds[step - 1] : [], ancestors[step], step: step, using: &stream)
            for (offset, value) in held.enumerated() { cloud[offset * count + count - 1] = value }
            cloud.withUnsafeMutableBufferPointer { buffer in
                logWeights.withUnsafeMutableBufferPointer { logs in
                    model.writeLogLikelihood(step: step, of: block(buffer), to: logs)
                }
            }
            clouds[step] = cloud
        }
        let end = try ResamplingScheme.multinomial.ancestors(
            count: 1, weights: try shares(logWeights, steps - 1), using: &stream)
        var place = Int(end[0])
        var changed = 0
        for step in stride(from: steps - 1, through: 0, by: -1) {
            if place != count - 1 { changed += 1 }
            for offset in 0..<dimension { path[step * dimension + offset] = clouds[step][offset * count + place] }
            if step > 0 { place = Int(ancestors[step][place]) }
        }
        return Info(changedSteps: changed)
    }

    private func shares(_ logWeights: [Double], _ step: Int) throws(InferenceError) -> [Double] {
        if let bad = logWeights.firstIndex(where: { !($0 < .infinity) }) {
            throw .nonFinite(what: "a log-likelihood", place: "step \(step), particle \(bad)", value: logWeights[bad])
        }
        let total = logSumExp(logWeights)
        guard total > -.infinity else { throw .zeroTotalWeight(place: "step \(step)") }
        return logWeights.map { exp($0 - total) }
    }

    private func block(_ buffer: UnsafeMutableBufferPointer<Double>) -> ParticleBlock {
        ParticleBlock(
            base: buffer.baseAddress!, stride: particleCount, dimension: model.dimension, count: particleCount, start: 0
        )
    }

    private func move(
        _ cloud: inout [Double], from old: [Double], _ ancestors: [Int32], step: Int, using random: inout Random
    ) {
        cloud.withUnsafeMutableBufferPointer { buffer in
            if step == 0 {
                model.drawInitial(block(buffer), using: &random)
                return
            }
            var gathered = [Double](repeating: 0, count: old.count)
            for column in 0..<model.dimension {
                let start = column * particleCount
                for index in 0..<particleCount { gathered[start + index] = old[start + Int(ancestors[index])] }
            }
            gathered.withUnsafeMutableBufferPointer { previous in
                model.drawTransition(step: step, from: block(previous), to: block(buffer), using: &random)
            }
        }
    }
}
