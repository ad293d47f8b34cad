public import Probability

/// Stochastic gradient descent: X − η times the mean gradient of `batch` terms drawn with replacement.
///
/// An Ito chain with γ = 1: b = −∇f, σ σᵀ the covariance of the gradient, noise that depends on the state and is not
/// Gaussian.
public struct StochasticDescentChain<Sum: FiniteSum>: ItoChain {
    /// f.
    public let sum: Sum
    /// Terms a step.
    public let batch: Int

    /// Descent on `sum`.
    /// - Throws: `InferenceError.improperParameter` for a batch below 1.
    public init(_ sum: Sum, batch: Int = 1) throws {
        guard batch > 0 else {
            throw InferenceError.improperParameter(name: "the batch", value: "\(batch)", expected: "1 or more")
        }
        self.sum = sum
        self.batch = batch
    }

    public var orders: ItoOrders { ItoOrders(noise: 1, isGaussian: false) }
    public var limit: GradientDiffusion<Sum> { GradientDiffusion(sum: sum, scale: nil, batch: batch) }
    @inlinable public var workspaceCount: Int { sum.dimension }

    @inlinable
    public func step(
        _ state: UnsafeMutablePointer<Double>, stepSize: Double, work: UnsafeMutablePointer<Double>,
        using random: inout Random
    ) {
        for i in 0..<sum.dimension { work[i] = 0 }
        let share = -stepSize / Double(batch)
        for _ in 0..<batch { sum.addGradient(random.integer(below: sum.terms), state, scale: share, work) }
        for i in 0..<sum.dimension { state[i] += work[i] }
    }
}

/// Stochastic gradient Langevin dynamics: descent with √(2 η T) times a standard normal vector added.
///
/// An Ito chain with γ = 0: b = −∇f, σ = √(2T) I. The noise of the gradient is of higher order: with batches its
/// covariance is the error Δ of the dispersion; with the full gradient there is none and the noise is Gaussian.
public struct LangevinChain<Sum: FiniteSum>: ItoChain {
    /// f.
    public let sum: Sum
    /// Terms a step, drawn with replacement; nil for all.
    public let batch: Int?
    /// T.
    public let temperature: Double

    /// Langevin dynamics on `sum`.
    /// - Throws: `InferenceError.improperParameter`.
    public init(_ sum: Sum, batch: Int? = 1, temperature: Double = 1) throws {
        guard batch.map({ $0 > 0 }) ?? true else {
            throw InferenceError.improperParameter(name: "the batch", value: "\(batch!)", expected: "1 or more")
        }
        guard temperature > 0, temperature.isFinite else {
            throw InferenceError.improperParameter(
                name: "the temperature", value: "\(temperature)", expected: "above 0")
        }
        self.sum = sum
        self.batch = batch
        self.temperature = temperature
    }

    public var orders: ItoOrders { ItoOrders(noise: 0, isGaussian: batch == nil) }
    public var limit: GradientDiffusion<Sum> {
        GradientDiffusion(sum: sum, scale: (2 * temperature).squareRoot(), batch: 1)
    }
    @inlinable public var workspaceCount: Int { sum.dimension }

    @inlinable
    public func step(
        _ state: UnsafeMutablePointer<Double>, stepSize: Double, work: UnsafeMutablePointer<Double>,
        using random: inout Random
    ) {
        for i in 0..<sum.dimension { work[i] = 0 }
        if let batch {
            let share = -stepSize / Double(batch)
            for _ in 0..<batch { sum.addGradient(random.integer(below: sum.terms), state, scale: share, work) }
        } else {
            let share = -stepSize / Double(sum.terms)
            for term in 0..<sum.terms { sum.addGradient(term, state, scale: share, work) }
        }
        let scale = (2 * stepSize * temperature).squareRoot()
        for i in 0..<sum.dimension { state[i] += work[i] + scale * random.normal() }
    }
}
