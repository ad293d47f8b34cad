/// A probability distribution with a density (or mass function) that can be computed.
public protocol Distribution<Value>: Sendable {
    /// What it is a distribution of.
    associatedtype Value
    /// What a mean is: a number, or one per coordinate.
    associatedtype Moment

    /// A draw.
    func sample(using random: inout Random) -> Value

    /// The natural logarithm of the density (of the mass, where discrete) at a value; −infinity outside the support.
    func logDensity(_ value: Value) -> Double

    /// The mean. Infinite where the integral diverges; NaN only where the doc of the distribution says it does not exist.
    var mean: Moment { get }

    /// The variance, of each coordinate where there are several. Infinite or NaN as for ``mean``.
    var variance: Moment { get }
}

/// A distribution on the real line with a density.
public protocol ContinuousDistribution: Distribution where Value == Double, Moment == Double {
    /// P(X ≤ x).
    func cumulative(_ x: Double) -> Double

    /// The smallest x with P(X ≤ x) ≥ `probability`, which must lie in [0, 1]; the ends of the support for 0 and 1.
    func quantile(_ probability: Double) -> Double
}

/// A distribution on integers.
public protocol DiscreteDistribution: Distribution where Value == Int, Moment == Double {
    /// The smallest and the largest integer that can come up; `Int.max` where there is no largest.
    var support: ClosedRange<Int> { get }

    /// P(X ≤ k).
    func cumulative(_ k: Int) -> Double

    /// The smallest k in the support with P(X ≤ k) ≥ `probability`, which must lie in [0, 1].
    func quantile(_ probability: Double) -> Int
}

extension ContinuousDistribution {
    /// The standard deviation.
    public var standardDeviation: Double { variance.squareRoot() }
}

extension DiscreteDistribution {
    /// The standard deviation.
    public var standardDeviation: Double { variance.squareRoot() }

    /// By doubling and bisection over the cumulative.
    public func quantile(_ probability: Double) -> Int {
        requireProbability(probability)
        if probability == 1 { return support.upperBound }
        var low = support.lowerBound
        if cumulative(low) >= probability { return low }
        var step = 1
        while low < support.upperBound - step, cumulative(low + step) < probability {
            low += step
            step = step > Int.max / 4 ? step : step * 2
        }
        var high = low < support.upperBound - step ? low + step : support.upperBound
        while high - low > 1 {
            let middle = low + (high - low) / 2
            if cumulative(middle) < probability { low = middle } else { high = middle }
        }
        return high
    }
}

func requireProbability(_ probability: Double) {
    precondition(probability >= 0 && probability <= 1, "a quantile needs a probability in [0, 1], not \(probability)")
}
