internal import NumericalMethods

/// A range that holds the true value with the stated confidence.
public struct Interval: Sendable, Hashable, Codable {
    /// The lower end.
    public var lower: Double
    /// The upper end.
    public var upper: Double
    /// The share of repetitions in which such an interval holds the true value.
    public var confidence: Double

    /// An interval that takes these parts.
    public init(lower: Double, upper: Double, confidence: Double) {
        self.lower = lower
        self.upper = upper
        self.confidence = confidence
    }

    /// Whether a value lies in it, ends included.
    public func contains(_ value: Double) -> Bool { value >= lower && value <= upper }

    /// Upper less lower end.
    public var width: Double { upper - lower }

    /// Clopper and Pearson's exact two-sided interval for a probability, from `successes` among `trials`.
    ///
    /// - Throws: ``StatisticsError`` unless 0 ≤ successes ≤ trials, trials > 0 and the confidence lies in (0, 1).
    /// - Source: C. Clopper and E. Pearson, "The use of confidence or fiducial limits", 1934.
    public static func clopperPearson(
        successes: Int, trials: Int, confidence: Double = 0.95
    ) throws(StatisticsError) -> Interval {
        try checkCounts(successes, trials, confidence)
        let tail = 0.5 * (1 - confidence)
        let k = Double(successes)
        let n = Double(trials)
        return Interval(
            lower: successes == 0 ? 0 : inverseRegularizedBeta(tail, k, n - k + 1),
            // From the upper tail, to keep the digits of ends near 1.
            upper: successes == trials ? 1 : 1 - inverseRegularizedBeta(tail, n - k, k + 1), confidence: confidence)
    }

    /// Wilson's score interval for a mean of numbers in [0, 1]: exact in no case, close in all.
    ///
    /// For numbers between 0 and 1 it is too wide rather than too narrow, for their variance is at most that of a coin of
    /// the same mean.
    ///
    /// - Throws: ``StatisticsError`` unless the mean lies in [0, 1], the count is positive, the confidence in (0, 1).
    /// - Source: E. Wilson, "Probable inference, the law of succession, and statistical inference", 1927.
    public static func wilson(mean: Double, count: Int, confidence: Double = 0.95) throws(StatisticsError) -> Interval {
        try Check.count(count, atLeast: 1, "items")
        try Check.values([mean], in: 0...1, "mean")
        try Check.open(confidence, "confidence")
        let n = Double(count)
        let z = normalQuantile(0.5 + 0.5 * confidence)
        let centre = (mean + z * z / (2 * n)) / (1 + z * z / n)
        let reach = z / (1 + z * z / n) * (mean * (1 - mean) / n + z * z / (4 * n * n)).squareRoot()
        return Interval(lower: max(0, centre - reach), upper: min(1, centre + reach), confidence: confidence)
    }

    static func checkCounts(_ successes: Int, _ trials: Int, _ confidence: Double) throws(StatisticsError) {
        try Check.count(trials, atLeast: 1, "trials")
        try Check.values([Double(successes)], in: 0...Double(trials), "successes")
        try Check.open(confidence, "confidence")
    }
}
