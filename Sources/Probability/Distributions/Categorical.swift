internal import Foundation

/// A distribution on `0..<count` with any probabilities.
public struct Categorical: DiscreteDistribution {
    /// The probability of each value, `[count]`, summing to 1.
    public let probabilities: [Double]
    private let cumulatives: [Double]
    private let table: AliasTable

    /// Normalises `weights`, `[count]`.
    ///
    /// - Throws: ``WeightError`` where there are none, one is NaN, negative or infinite, or all are zero.
    public init(weights: [Double]) throws(WeightError) {
        table = try AliasTable(weights: weights)
        let largest = weights.max() ?? 1
        let scaled = weights.map { $0 / largest }
        let total = scaled.reduce(0, +)
        probabilities = scaled.map { $0 / total }
        var sum = 0.0
        var cumulatives: [Double] = []
        for p in probabilities {
            sum += p
            cumulatives.append(min(sum, 1))
        }
        // Whatever follows the last possible value has all the mass below it, rounding or not.
        let last = probabilities.lastIndex { $0 > 0 } ?? 0
        for i in last..<cumulatives.count { cumulatives[i] = 1 }
        self.cumulatives = cumulatives
    }

    /// All values, impossible ones included.
    public var support: ClosedRange<Int> { 0...(probabilities.count - 1) }

    /// A draw, in constant time.
    public func sample(using random: inout Random) -> Int { table.sample(using: &random) }

    /// The logarithm of the mass.
    public func logDensity(_ k: Int) -> Double {
        probabilities.indices.contains(k) ? log(probabilities[k]) : -.infinity
    }

    /// The mean of the value as a number.
    public var mean: Double { probabilities.enumerated().reduce(0) { $0 + Double($1.offset) * $1.element } }

    /// The variance of the value as a number.
    public var variance: Double {
        let m = mean
        return probabilities.enumerated().reduce(0) {
            $0 + (Double($1.offset) - m) * (Double($1.offset) - m) * $1.element
        }
    }

    /// P(X ≤ k).
    public func cumulative(_ k: Int) -> Double { k < 0 ? 0 : k >= cumulatives.count ? 1 : cumulatives[k] }
}
