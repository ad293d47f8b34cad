internal import Foundation
public import Cascades
internal import NumericalMethods

/// The likelihood of reaching a point by a gamma increment: g(y) = the Gamma(shape, rate) density at point − y.
///
/// The family in which gamma processes of constant rate are conditioned on where they end. It is not closed under
/// products, so gamma rules make chains, not branchings.
public struct GammaIncrementFunction: GuidingFunction, Equatable {
    /// The shape of the increment that is left.
    public let shape: Double
    /// Its rate.
    public let rate: Double
    /// Where it ends.
    public let point: Double

    /// The likelihood of an increment from the state to `point`.
    /// - Throws: `InferenceError.improperParameter`.
    public init(shape: Double, rate: Double, point: Double) throws {
        for (name, value) in [("the shape", shape), ("the rate", rate)] {
            guard value > 0, value.isFinite else {
                throw InferenceError.improperParameter(name: name, value: "\(value)", expected: "above 0")
            }
        }
        guard point.isFinite else {
            throw InferenceError.improperParameter(name: "the point", value: "\(point)", expected: "a finite number")
        }
        self.shape = shape
        self.rate = rate
        self.point = point
    }

    public func logValue(at state: Double) -> Double {
        let gap = point - state
        guard gap > 0 else { return -.infinity }
        return shape * log(rate) - logGamma(shape) + (shape - 1) * log(gap) - rate * gap
    }

    public func fused(with other: GammaIncrementFunction) throws -> GammaIncrementFunction {
        throw InferenceError.unsupported(
            what: "the product of two gamma likelihoods", place: "a branching",
            remedy: "Gamma rules form chains with one observation, at the end.")
    }
}

/// An increment y − x ~ Gamma(shape, rate(x)), as a gamma process of state-dependent rate makes over a short time,
/// guided by a constant rate: that of the function at the end.
///
/// Under guidance y = x + Z (v − x), Z ~ Beta(shape, A) tilted by exp(−ξ z), with v the point, A the shape that is left
/// after the step and ξ = (rate(x) − rate)(v − x). The weight is (rate(x) / rate)^shape E exp(−ξ Z₀), Z₀ untilted, a
/// confluent hypergeometric function. For a constant rate it is 1, and the guided path the beta bridge.
///
/// - Source: the gamma process example of van der Meulen and Schauer, 2020, arXiv 2010.03509.
public struct GammaGuide: GuidedKernel {
    /// The shape of the increment.
    public let shape: Double
    /// The rate given where the increment starts; above 0.
    public let rate: @Sendable (Double) -> Double

    /// An increment of `shape` and a rate that depends on the state.
    /// - Throws: `InferenceError.improperParameter`.
    public init(shape: Double, rate: @escaping @Sendable (Double) -> Double) throws {
        guard shape > 0, shape.isFinite else {
            throw InferenceError.improperParameter(name: "the shape", value: "\(shape)", expected: "above 0")
        }
        self.shape = shape
        self.rate = rate
    }

    public var innovationCount: Int { 2 }

    public func pullBack(_ after: GammaIncrementFunction) throws -> PulledBack<
        GammaIncrementFunction, GammaIncrementFunction
    > {
        PulledBack(
            try GammaIncrementFunction(shape: after.shape + shape, rate: after.rate, point: after.point), after)
    }

    public func push(_ input: Double, _ message: GammaIncrementFunction, _ innovations: inout InnovationReader)
        -> Weighted<Double>
    {
        let (first, second) = (innovations.uniform(), innovations.uniform())
        let gap = message.point - input
        let rate = rate(input)
        guard gap > 0, rate > 0 else { return Weighted(input, logWeight: rate > 0 ? -.infinity : .nan) }
        let tilt = (rate - message.rate) * gap
        let base = shape * log(rate / message.rate)
        guard abs(tilt) <= TiltedBeta.limit else {
            // Too steep for the series: nearly a gamma law at one end of the way, and weighed for the rest.
            let size = abs(tilt)
            let (near, far) = tilt > 0 ? (shape, message.shape) : (message.shape, shape)
            let share = inverseRegularizedGammaP(near, first) / size
            guard share < 1 else { return Weighted(input, logWeight: -.infinity) }
            let logWeight =
                base + max(-tilt, 0) + logGamma(near) - logBeta(near, far) - near * log(size)
                + (far - 1) * log1p(-share)
            return Weighted(input + (tilt > 0 ? share : 1 - share) * gap, logWeight: logWeight)
        }
        let law = TiltedBeta(alpha: shape, beta: message.shape, tilt: tilt)
        return Weighted(input + law.value(first, second) * gap, logWeight: base + law.logMean)
    }
}

/// Beta(alpha, beta) tilted by exp(−tilt · z): a mixture of beta laws with one parameter raised by 0, 1, 2, …
struct TiltedBeta {
    /// The tilt up to which e^tilt is a number.
    static let limit = 600.0

    let alpha: Double, beta: Double, tilt: Double
    /// Σ over the mixture's weights, the first of which is 1.
    let total: Double

    init(alpha: Double, beta: Double, tilt: Double) {
        self.alpha = alpha
        self.beta = beta
        self.tilt = tilt
        total = Self.sum(alpha, beta, tilt, until: .infinity).total
    }

    /// ln E exp(−tilt · Z) over the untilted law; Kummer's function by its series with positive terms.
    var logMean: Double { log(total) - max(tilt, 0) }

    /// A draw from two uniform numbers.
    func value(_ first: Double, _ second: Double) -> Double {
        let (term, _) = Self.sum(alpha, beta, tilt, until: first * total)
        return tilt >= 0
            ? inverseRegularizedBeta(second, alpha, beta + Double(term))
            : inverseRegularizedBeta(second, alpha + Double(term), beta)
    }

    /// Adds |tilt|ᵏ / k! · (raised)ₖ / (alpha + beta)ₖ until the sum passes `limit` or no longer grows.
    private static func sum(_ alpha: Double, _ beta: Double, _ tilt: Double, until limit: Double) -> (
        term: Int, total: Double
    ) {
        let (size, raised) = (abs(tilt), tilt >= 0 ? beta : alpha)
        var (k, term, sum) = (0, 1.0, 1.0)
        while sum <= limit {
            let index = Double(k)
            term *= size / (index + 1) * (raised + index) / (alpha + beta + index)
            // Past the largest term, once terms no longer count.
            if term < 1e-17 * sum, index > size { break }
            k += 1
            sum += term
        }
        return (k, sum)
    }
}
