internal import Foundation
public import Probability

/// The frame itself: an Euler scheme with noise of a chosen kind and a constant error of the drift.
public struct EulerChain<Field: Diffusion>: ItoChain {
    /// Laws of mean 0 and variance 1.
    public enum Noise: Sendable, CaseIterable {
        /// The standard normal law.
        case gaussian
        /// ±1 with equal probability.
        case signs
        /// Uniform.
        case uniform
        /// An exponential less its mean: skewed.
        case skewed

        @inlinable @inline(__always)
        func draw(using random: inout Random) -> Double {
            switch self {
            case .gaussian: random.normal()
            case .signs: random.next() >> 63 == 0 ? 1 : -1
            case .uniform: (random.uniform() - 0.5) * 3.464_101_615_137_754_6
            case .skewed: random.exponential() - 1
            }
        }
    }

    public let limit: Field
    /// The law of each of the independent noises.
    public let noise: Noise
    public let orders: ItoOrders
    /// The error of every component of the drift at step 1; at step η it is η^α times this.
    public let driftError: Double

    /// An Euler chain for `limit`.
    /// - Throws: `InferenceError.improperParameter`.
    public init(
        _ limit: Field, noise: Noise = .gaussian, noiseOrder: Double = 0, driftError: Double = 0,
        driftErrorOrder: Double = .infinity
    ) throws {
        guard noiseOrder >= 0, noiseOrder <= 1 else {
            throw InferenceError.improperParameter(
                name: "the order of the noise", value: "\(noiseOrder)", expected: "a number in [0, 1]")
        }
        guard driftErrorOrder > 0, driftError.isFinite else {
            throw InferenceError.improperParameter(
                name: "the error of the drift", value: "\(driftError), order \(driftErrorOrder)",
                expected: "a finite number and an order above 0")
        }
        self.limit = limit
        self.noise = noise
        self.driftError = driftError
        orders = ItoOrders(driftError: driftErrorOrder, noise: noiseOrder, isGaussian: noise == .gaussian)
    }

    @inlinable public var workspaceCount: Int { limit.dimension * (1 + limit.noiseDimension) }

    @inlinable
    public func step(
        _ state: UnsafeMutablePointer<Double>, stepSize: Double, work: UnsafeMutablePointer<Double>,
        using random: inout Random
    ) {
        let (d, m) = (limit.dimension, limit.noiseDimension)
        let (drift, sigma) = (work, work + d)
        limit.drift(0, state, drift)
        limit.dispersion(0, state, sigma)
        let error = driftError == 0 ? 0 : driftError * power(stepSize, orders.driftError)
        let scale = orders.noise == 0 ? stepSize.squareRoot() : power(stepSize, 0.5 * (1 + orders.noise))
        for i in 0..<d { state[i] += stepSize * (drift[i] + error) }
        for j in 0..<m {
            let e = scale * noise.draw(using: &random)
            for i in 0..<d { state[i] += sigma[i * m + j] * e }
        }
    }
}

/// x^y, for code that other modules specialise.
@usableFromInline
func power(_ x: Double, _ y: Double) -> Double { pow(x, y) }
