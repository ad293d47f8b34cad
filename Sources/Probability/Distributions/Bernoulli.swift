internal import Foundation

/// The Bernoulli distribution: 1 with probability `probability`, else 0.
public struct Bernoulli: DiscreteDistribution, Equatable {
    /// P(X = 1).
    public let probability: Double

    /// - Throws: ``DistributionError`` unless the probability lies in [0, 1].
    public init(probability: Double) throws(DistributionError) {
        try requireUnit(probability, "probability", of: "Bernoulli")
        self.probability = probability
    }

    /// 0 and 1.
    public var support: ClosedRange<Int> { 0...1 }

    /// A draw.
    public func sample(using random: inout Random) -> Int { random.uniform() < probability ? 1 : 0 }

    /// The logarithm of the mass.
    public func logDensity(_ k: Int) -> Double {
        k == 1 ? log(probability) : k == 0 ? log1p(-probability) : -.infinity
    }

    /// The mean.
    public var mean: Double { probability }

    /// The variance.
    public var variance: Double { probability * (1 - probability) }

    /// P(X ≤ k).
    public func cumulative(_ k: Int) -> Double { k < 0 ? 0 : k < 1 ? 1 - probability : 1 }
}
