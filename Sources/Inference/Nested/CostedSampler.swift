public import Probability

/// One draw of an estimator and what it cost.
public struct CostedDraw: Sendable, Equatable {
    /// The value, whose mean is wanted.
    public var value: Double
    /// What it cost, in the sampler's unit: draws of the innermost kind, steps of a scheme.
    public var cost: Double

    /// A draw.
    @inlinable
    public init(value: Double, cost: Double) {
        self.value = value
        self.cost = cost
    }
}

/// An estimator that can be drawn again and again, independently, at a random cost.
public protocol CostedSampler: Sendable {
    /// One draw.
    func draw(using random: inout Random) -> CostedDraw
}

/// Count, mean, spread and cost of draws, which add up in any grouping.
public struct DrawSums: Sendable, Equatable {
    /// How many draws.
    public private(set) var count = 0
    /// Their mean.
    public private(set) var mean = 0.0
    /// The sum of squared distances from the mean.
    public private(set) var squares = 0.0
    /// What they cost together.
    public private(set) var cost = 0.0

    /// Nothing drawn yet.
    public init() {}

    /// Adds a draw.
    public mutating func add(_ draw: CostedDraw) {
        count += 1
        let distance = draw.value - mean
        mean += distance / Double(count)
        squares += distance * (draw.value - mean)
        cost += draw.cost
    }

    /// Adds the draws behind `other`.
    public mutating func add(_ other: DrawSums) {
        guard other.count > 0 else { return }
        let (n, m) = (Double(count), Double(other.count))
        let distance = other.mean - mean
        mean += distance * m / (n + m)
        squares += other.squares + distance * distance * n * m / (n + m)
        cost += other.cost
        count += other.count
    }

    /// The unbiased variance of one draw; infinite for fewer than two.
    public var variance: Double { count > 1 ? squares / Double(count - 1) : .infinity }

    /// The mean with its standard error; infinite for fewer than two draws.
    public var estimate: Estimate {
        Estimate(
            value: mean, standardError: count > 1 ? (variance / Double(count)).squareRoot() : .infinity, count: count)
    }
}
