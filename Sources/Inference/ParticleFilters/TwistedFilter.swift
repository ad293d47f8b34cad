internal import Foundation
internal import NumericalMethods
public import Probability

/// A function ψ(x) = exp(-½ a x² + b x + c), which a Gaussian kernel can be multiplied by and stay Gaussian.
public struct QuadraticTwist: Sendable, Hashable, Codable {
    /// a: precision that it adds; must leave the transition's own precision positive.
    public var precision: Double
    /// b.
    public var linear: Double
    /// c, in nats.
    public var constant: Double

    /// exp(-½ `precision` x² + `linear` x + `constant`); by default 1.
    public init(precision: Double = 0, linear: Double = 0, constant: Double = 0) {
        self.precision = precision
        self.linear = linear
        self.constant = constant
    }

    /// ln ψ(x), in nats.
    @inline(__always)
    func log(_ x: Double) -> Double { (-0.5 * precision * x + linear) * x + constant }

    /// ln ∫ N(x; mean, variance) ψ(x) dx, in nats.
    @inline(__always)
    func logIntegral(mean: Double, variance: Double) -> Double {
        let total = 1 / variance + precision
        let pull = mean / variance + linear
        return constant - 0.5 * Foundation.log(total * variance) + 0.5 * (pull * pull / total - mean * mean / variance)
    }
}

/// A twisted filter: particles move by kernels proportional to p(x | previous) ψ_t(x), and weights make up for it with what
/// the next twist promises, g(y_t | x) E[ψ_{t+1} | x] / ψ_t(x). The law of paths and the evidence stay the model's own.
///
/// With ψ_t(x) = p(y_t, ..., y_T | x) every weight is the same and the evidence is exact; ``learned(from:particleCount:rounds:using:)``
/// approaches it by least squares, backwards in time, on the clouds of a filter.
///
/// - Source: P. Guarniero, A. Johansen, A. Lee, "The iterated auxiliary particle filter", 2017; J. Heng, A. Bishop,
///   G. Deligiannidis, A. Doucet, "Controlled sequential Monte Carlo", 2020.
public struct TwistedFilter<Model: GaussianTransitionModel>: FeynmanKacModel {
    /// The hidden chain and its data.
    public let model: Model
    /// ψ_t, `[steps]`.
    public let twists: [QuadraticTwist]

    /// - Throws: `InferenceError.wrongShape`; `.improperParameter` for a twist that leaves no proper Gaussian.
    public init(_ model: Model, twists: [QuadraticTwist]) throws(InferenceError) {
        guard twists.count == model.stepCount else {
            throw .wrongShape(what: "the list of twists", found: "\(twists.count)", expected: "\(model.stepCount)")
        }
        for (step, twist) in twists.enumerated() {
            let variance = step == 0 ? model.initialMoments.variance : model.transitionVariance(step: step)
            guard twist.precision > -1 / variance, twist.precision.isFinite, twist.linear.isFinite,
                twist.constant.isFinite
            else {
                throw .improperParameter(
                    name: "twist of step \(step)", value: "\(twist)",
                    expected: "finite, with precision above \(-1 / variance)")
            }
        }
        self.model = model
        self.twists = twists
    }

    public var dimension: Int { 1 }
    public var stepCount: Int { model.stepCount }

    public func begin(
        _ particles: ParticleBlock, logPotentials: UnsafeMutableBufferPointer<Double>, using random: inout Random
    ) {
        let (mean, variance) = model.initialMoments
        withUnsafeTemporaryAllocation(of: Double.self, capacity: particles.count) { means in
            for index in means.indices { means[index] = mean }
            draw(particles[0], means: means, variance: variance, twist: twists[0], using: &random)
        }
        weigh(particles, step: 0, to: logPotentials)
        let promise = twists[0].logIntegral(mean: mean, variance: variance)
        for index in logPotentials.indices { logPotentials[index] += promise }
    }

    public func advance(
        step: Int, from previous: ParticleBlock, to particles: ParticleBlock,
        logPotentials: UnsafeMutableBufferPointer<Double>, using random: inout Random
    ) {
        model.writeTransitionMeans(step: step, from: previous, to: logPotentials)
        draw(
            particles[0], means: logPotentials, variance: model.transitionVariance(step: step), twist: twists[step],
            using: &random)
        weigh(particles, step: step, to: logPotentials)
    }

    private func draw(
        _ x: UnsafeMutableBufferPointer<Double>, means: UnsafeMutableBufferPointer<Double>, variance: Double,
        twist: QuadraticTwist, using random: inout Random
    ) {
        random.fillNormals(x)
        let narrowed = 1 / (1 / variance + twist.precision)
        let deviation = narrowed.squareRoot()
        for index in x.indices {
            x[index] = narrowed * (means[index] / variance + twist.linear) + deviation * x[index]
        }
    }

    /// ln g / ψ, and the promise of the next twist.
    private func weigh(_ particles: ParticleBlock, step: Int, to logs: UnsafeMutableBufferPointer<Double>) {
        model.writeLogLikelihood(step: step, of: particles, to: logs)
        let x = particles[0]
        for index in x.indices { logs[index] -= twists[step].log(x[index]) }
        guard step + 1 < stepCount else { return }
        withUnsafeTemporaryAllocation(of: Double.self, capacity: x.count) { means in
            model.writeTransitionMeans(step: step + 1, from: particles, to: means)
            let variance = model.transitionVariance(step: step + 1)
            for index in x.indices {
                logs[index] += twists[step + 1].logIntegral(mean: means[index], variance: variance)
            }
        }
    }

    /// Twists fitted to the clouds of a filter, from the last step to the first: ln ψ_t is the quadratic closest to
    /// ln g(y_t | x) E[ψ_{t+1} | x] over the particles. Each further round runs the filter with the twists before.
    ///
    /// - Parameters:
    ///   - particleCount: of each round's filter.
    ///   - rounds: at least 1; 2 or 3 are usual.
    /// - Throws: what the filter throws; `InferenceError.improperParameter`.
    public static func learned(
        from model: Model, particleCount: Int, rounds: Int = 2, using random: inout Random
    ) throws(InferenceError) -> TwistedFilter {
        guard rounds >= 1 else { throw .improperParameter(name: "rounds", value: "\(rounds)", expected: "at least 1") }
        let plain = [QuadraticTwist](repeating: QuadraticTwist(), count: model.stepCount)
        var filter = try TwistedFilter(model, twists: plain)
        for _ in 0..<rounds {
            let history = try ParticleFilter(filter, particleCount: particleCount).history(using: &random)
            filter = try TwistedFilter(model, twists: filter.fitted(to: history))
        }
        return filter
    }

    private func fitted(to history: ParticleHistory) -> [QuadraticTwist] {
        var twists = [QuadraticTwist](repeating: QuadraticTwist(), count: stepCount)
        let count = history.particleCount
        for step in (0..<stepCount).reversed() {
            var x = history.steps[step].particles
            var targets = [Double](repeating: 0, count: count)
            x.withUnsafeMutableBufferPointer { x in
                targets.withUnsafeMutableBufferPointer { targets in
                    let particles = ParticleBlock(
                        base: x.baseAddress!, stride: count, dimension: 1, count: count, start: 0)
                    model.writeLogLikelihood(step: step, of: particles, to: targets)
                    guard step + 1 < stepCount else { return }
                    withUnsafeTemporaryAllocation(of: Double.self, capacity: count) { means in
                        model.writeTransitionMeans(step: step + 1, from: particles, to: means)
                        let variance = model.transitionVariance(step: step + 1)
                        for index in 0..<count {
                            targets[index] += twists[step + 1].logIntegral(mean: means[index], variance: variance)
                        }
                    }
                }
            }
            let variance = step == 0 ? model.initialMoments.variance : model.transitionVariance(step: step)
            twists[step] = Self.quadratic(x, targets, leastPrecision: -0.9 / variance)
        }
        return twists
    }

    /// The least-squares quadratic through the points whose target is finite.
    private static func quadratic(_ x: [Double], _ y: [Double], leastPrecision: Double) -> QuadraticTwist {
        let used = x.indices.filter { y[$0].isFinite }
        let n = Double(used.count)
        guard used.count >= 3 else { return QuadraticTwist() }
        let center = used.reduce(0) { $0 + x[$1] } / n
        let spread = (used.reduce(0) { $0 + (x[$1] - center) * (x[$1] - center) } / n).squareRoot()
        guard spread > 0 else { return QuadraticTwist() }
        // Against 1, z and z² - (skewness) z - 1, which are orthogonal over the sample: three divisions, no system.
        let z = used.map { (x[$0] - center) / spread }
        let skewness = z.reduce(0) { $0 + $1 * $1 * $1 } / n
        var constant = 0.0
        var slope = 0.0
        var curve = 0.0
        var norm = 0.0
        for (place, index) in used.enumerated() {
            let q = z[place] * z[place] - skewness * z[place] - 1
            constant += y[index]
            slope += y[index] * z[place]
            curve += y[index] * q
            norm += q * q
        }
        constant /= n
        slope /= n
        curve = norm > 1e-12 * n ? curve / norm : 0
        // Back from z to x.
        let second = max(-2 * curve / (spread * spread), leastPrecision)
        let inZ = slope - skewness * curve
        let bend = -0.5 * second * spread * spread
        return QuadraticTwist(
            precision: second, linear: inZ / spread - 2 * bend * center / (spread * spread),
            constant: constant - curve - inZ * center / spread + bend * center * center / (spread * spread))
    }
}
