/// Chooses a setting so that the expected loss of the next item is at most a limit, where losses fall along the settings.
///
/// With n items, mean losses R̂(λ) that do not rise along λ and no loss above B, the choice is the first λ with
/// n R̂(λ) / (n + 1) + B / (n + 1) ≤ α. The promise is on average over the calibration data too, not with a confidence:
/// ``LearnThenTest`` gives that.
///
/// - Source: A. Angelopoulos, S. Bates, A. Fisch, L. Lei, T. Schuster, "Conformal risk control", 2022, theorem 1.
public enum ConformalRiskControl {
    /// The first setting that keeps the promise; nil where none does.
    ///
    /// - Parameters:
    ///   - meanLosses: `[settings]`, non-increasing, each the mean over the same exchangeable items.
    ///   - count: number of items n.
    ///   - risk: the limit α.
    ///   - largestLoss: B.
    /// - Throws: ``StatisticsError``, also where the losses rise somewhere.
    public static func firstSetting(
        meanLosses: [Double], count: Int, risk: Double, largestLoss: Double = 1
    ) throws(StatisticsError) -> Int? {
        try Check.count(meanLosses.count, atLeast: 1, "settings")
        try Check.count(count, atLeast: 1, "items")
        try Check.finite([risk, largestLoss], "risk or largest loss")
        for (i, loss) in meanLosses.enumerated() {
            guard loss <= largestLoss, loss > -.infinity else {
                throw .value(
                    what: "mean loss", index: i, value: loss, requirement: "at most the largest loss, \(largestLoss)")
            }
            // Rounding of a mean may lift it by a hair.
            if i > 0, loss > meanLosses[i - 1] + 1e-12 * max(1, abs(loss)) {
                throw .value(
                    what: "mean loss", index: i, value: loss,
                    requirement: "at most that of the setting before, \(meanLosses[i - 1]): losses may not rise")
            }
        }
        let n = Double(count)
        return meanLosses.firstIndex { (n * $0 + largestLoss) / (n + 1) <= risk }
    }
}
