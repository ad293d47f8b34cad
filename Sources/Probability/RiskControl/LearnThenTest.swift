internal import NumericalMethods

/// Chooses, among settings, those whose risk is below a limit with a stated confidence, whatever the law of the losses.
///
/// Each setting is a hypothesis "its risk is above the limit"; those that are rejected are valid, all of them at once with
/// the stated confidence. Any of them may then be picked by any other measure on the same data.
///
///     let test = LearnThenTest(risk: 0.1, confidence: 0.9)
///     let valid = try test.validSettings(losses: lossesBySetting)   // safest first
///
/// - Source: A. Angelopoulos, S. Bates, E. Candès, M. Jordan, L. Lei, "Learn then test", 2021, theorem 1.
public struct LearnThenTest: Sendable, Hashable, Codable {
    /// The limit α of the mean loss.
    public var risk: Double
    /// The probability that every setting called valid is.
    public var confidence: Double
    /// The p-value.
    public var bound: RiskBound
    /// How the settings are tested together.
    public var testing: MultipleTesting

    /// The parts of the test; the default walks along the settings in order, with the Hoeffding–Bentkus p-value.
    public init(
        risk: Double, confidence: Double = 0.9, bound: RiskBound = .hoeffdingBentkus,
        testing: MultipleTesting = .fixedSequence()
    ) {
        self.risk = risk
        self.confidence = confidence
        self.bound = bound
        self.testing = testing
    }

    /// The p-value of each setting, `[settings]`.
    ///
    /// - Parameter losses: `[settings][items]`, each in [0, 1].
    /// - Throws: ``StatisticsError``.
    public func pValues(losses: [[Double]]) throws(StatisticsError) -> [Double] {
        try Parallel.map(count: losses.count) { (i) throws(StatisticsError) in
            try bound.pValue(losses: losses[i], risk: risk, confidence: confidence)
        }
    }

    /// The indices of the valid settings, rising; empty where the data can vouch for none.
    ///
    /// - Parameter losses: `[settings][items]`, each in [0, 1], settings in an order fixed beforehand: for the fixed
    ///   sequence, the safest first.
    /// - Throws: ``StatisticsError``.
    public func validSettings(losses: [[Double]]) throws(StatisticsError) -> [Int] {
        try testing.rejected(pValues: pValues(losses: losses), level: 1 - confidence)
    }
}
