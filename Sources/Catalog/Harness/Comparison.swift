/// A mean over repetitions, or of the difference of two methods over the same ones, with its standard error.
struct Comparison: Sendable {
    /// The mean.
    var mean: Double
    /// The standard error of the mean.
    var standardError: Double

    /// The mean of `values`, or of `values` less `others`.
    init(_ values: [Double], over others: [Double]? = nil) {
        let values = others.map { zip(values, $0).map { $0 - $1 } } ?? values
        precondition(values.count > 1, "a standard error needs two repetitions")
        let count = Double(values.count)
        let mean = values.reduce(0, +) / count
        let squares = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
        self.mean = mean
        standardError = (squares / (count - 1) / count).squareRoot()
    }

    /// A mean and its standard error, computed elsewhere.
    init(mean: Double, standardError: Double) {
        self.mean = mean
        self.standardError = standardError
    }

    /// Two standard errors below the mean.
    var low: Double { mean - 2 * standardError }
    /// Two standard errors above it.
    var high: Double { mean + 2 * standardError }
}
