internal import Foundation
internal import NumericalMethods

/// A number computed from data, with how far off it may be.
public struct Estimate: Sendable, Hashable, Codable {
    /// The estimate.
    public var value: Double
    /// Its standard error; infinite where one item says nothing of the spread.
    public var standardError: Double
    /// Number of independent items behind it.
    public var count: Int

    /// An estimate that takes these parts.
    public init(value: Double, standardError: Double, count: Int) {
        self.value = value
        self.standardError = standardError
        self.count = count
    }

    /// The mean of `values` and its standard error, s / √n.
    ///
    /// - Throws: ``StatisticsError`` where there are none or one is not finite.
    public init(meanOf values: [Double]) throws(StatisticsError) {
        try Check.count(values.count, atLeast: 1, "values")
        try Check.finite(values, "value")
        let n = Double(values.count)
        let mean = values.reduce(0, +) / n
        let squares = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
        self.init(
            value: mean, standardError: values.count > 1 ? (squares / (n - 1) / n).squareRoot() : .infinity,
            count: values.count)
    }

    /// The interval of the normal approximation.
    public func normalInterval(confidence: Double = 0.95) throws(StatisticsError) -> Interval {
        try Check.open(confidence, "confidence")
        let reach = normalQuantile(0.5 + 0.5 * confidence) * standardError
        return Interval(lower: value - reach, upper: value + reach, confidence: confidence)
    }
}
