internal import Foundation

/// The geometric distribution: failures before the first success, P(X = k) = (1 - p)ᵏ p for k = 0, 1, 2, …
public struct Geometric: DiscreteDistribution, Equatable {
    /// The probability p of a success.
    public let probability: Double

    /// - Throws: ``DistributionError`` unless the probability lies in (0, 1].
    public init(probability: Double) throws(DistributionError) {
        guard probability > 0, probability <= 1 else {
            throw .parameter(
                distribution: "Geometric", name: "probability", value: probability, requirement: "above 0 and at most 1"
            )
        }
        self.probability = probability
    }

    /// From 0 on.
    public var support: ClosedRange<Int> { 0...(probability == 1 ? 0 : Int.max) }

    /// A draw: the whole part of an exponential.
    public func sample(using random: inout Random) -> Int {
        guard probability < 1 else { return 0 }
        let value = random.exponential() / -log1p(-probability)
        return value < 0x1p62 ? Int(value) : 1 << 62
    }

    /// The logarithm of the mass.
    public func logDensity(_ k: Int) -> Double {
        guard k >= 0 else { return -.infinity }
        return log(probability) + (k == 0 ? 0 : Double(k) * log1p(-probability))
    }

    /// The mean.
    public var mean: Double { (1 - probability) / probability }

    /// The variance.
    public var variance: Double { (1 - probability) / probability / probability }

    /// P(X ≤ k).
    public func cumulative(_ k: Int) -> Double {
        k < 0 ? 0 : probability == 1 ? 1 : -expm1((Double(k) + 1) * log1p(-probability))
    }
}
