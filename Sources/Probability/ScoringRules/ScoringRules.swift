internal import Foundation
internal import NumericalMethods

/// Losses of probabilistic predictions that are least, on average, for the true probabilities. Lower is better in all.
///
/// - Source: T. Gneiting and A. Raftery, "Strictly proper scoring rules, prediction, and estimation", 2007.
public enum ScoringRules {
    /// Brier's (probability − target)².
    public static func brier(probability: Double, target: Double) -> Double {
        (probability - target) * (probability - target)
    }

    /// −t log p − (1 − t) log(1 − p), in nats; infinite for what was called impossible and happened.
    public static func logarithmic(probability: Double, target: Double) -> Double {
        (target > 0 ? -target * log(probability) : 0) + (target < 1 ? -(1 - target) * log1p(-probability) : 0)
    }

    /// 1 − (t p + (1 − t)(1 − p)) / √(p² + (1 − p)²).
    public static func spherical(probability: Double, target: Double) -> Double {
        let q = 1 - probability
        return 1 - (target * probability + (1 - target) * q) / (probability * probability + q * q).squareRoot()
    }

    /// Σ (p_c − [c = outcome])², from 0 to 2. For two classes it is twice the Brier score of one.
    public static func brier(probabilities: [Double], outcome: Int) -> Double {
        precondition(probabilities.indices.contains(outcome), "outcome \(outcome) of \(probabilities.count) classes")
        return probabilities.reduce(0) { $0 + $1 * $1 } - 2 * probabilities[outcome] + 1
    }

    /// −log p of the outcome, in nats.
    public static func logarithmic(probabilities: [Double], outcome: Int) -> Double {
        precondition(probabilities.indices.contains(outcome), "outcome \(outcome) of \(probabilities.count) classes")
        return -log(probabilities[outcome])
    }

    /// 1 − p of the outcome over the norm of the probabilities.
    public static func spherical(probabilities: [Double], outcome: Int) -> Double {
        precondition(probabilities.indices.contains(outcome), "outcome \(outcome) of \(probabilities.count) classes")
        return 1 - probabilities[outcome] / probabilities.reduce(0) { $0 + $1 * $1 }.squareRoot()
    }

    /// The loss of a quantile: level (y − q) above it, (1 − level)(q − y) below.
    ///
    /// - Source: R. Koenker and G. Bassett, "Regression quantiles", 1978.
    public static func pinball(quantile: Double, level: Double, outcome: Double) -> Double {
        outcome >= quantile ? level * (outcome - quantile) : (1 - level) * (quantile - outcome)
    }

    /// The continuous ranked probability score of a normal prediction, ∫ (F(x) − [x ≥ y])² dx in closed form.
    ///
    /// - Source: Gneiting and Raftery, 2007, equation 21 (with the sign turned).
    public static func continuousRanked(normal: Normal, outcome: Double) -> Double {
        let z = (outcome - normal.mean) / normal.standardDeviation
        return normal.standardDeviation
            * (z * (2 * normalCDF(z) - 1) + 2 * normalDensity(z) - 1 / Double.pi.squareRoot())
    }

    /// The continuous ranked probability score of a prediction given as a sample: mean |x − y| − ½ mean |x − x′|, in
    /// O(n log n).
    ///
    /// - Parameter isFair: divides the second mean by n (n − 1) in place of n², so that its mean is the score of the law
    ///   that the sample came from (C. Ferro, 2014); it needs two draws.
    /// - Throws: ``StatisticsError`` for too few draws or one that is not finite.
    public static func continuousRanked(
        sample: [Double], outcome: Double, isFair: Bool = false
    ) throws(StatisticsError) -> Double {
        try Check.count(sample.count, atLeast: isFair ? 2 : 1, "draws")
        try Check.finite(sample, "draw")
        try Check.finite([outcome], "outcome")
        let n = Double(sample.count)
        var distance = 0.0
        var spread = 0.0
        // Over sorted draws, Σ over pairs of |x − x′| is Σ (2 i − n + 1) x_i.
        for (i, x) in sample.sorted().enumerated() {
            distance += abs(x - outcome)
            spread += (2 * Double(i) - n + 1) * x
        }
        return distance / n - spread / (isFair ? n * (n - 1) : n * n)
    }

    /// The mean of a rule over items.
    ///
    /// - Throws: ``StatisticsError`` for no items, lengths that differ or values outside [0, 1].
    public static func mean(
        _ rule: (Double, Double) -> Double, probabilities: [Double], targets: [Double]
    ) throws(StatisticsError) -> Double {
        try Check.pairs(probabilities, targets, nil, scores: "probability")
        try Check.values(probabilities, in: 0...1, "probability")
        var sum = 0.0
        for i in targets.indices { sum += rule(probabilities[i], targets[i]) }
        return sum / Double(targets.count)
    }

    /// The mean of ``brier(probability:target:)``.
    public static func meanBrier(probabilities: [Double], targets: [Double]) throws(StatisticsError) -> Double {
        try mean(brier(probability:target:), probabilities: probabilities, targets: targets)
    }

    /// The mean of ``logarithmic(probability:target:)``, also called log loss; infinite where one is.
    public static func meanLogarithmic(probabilities: [Double], targets: [Double]) throws(StatisticsError) -> Double {
        try mean(logarithmic(probability:target:), probabilities: probabilities, targets: targets)
    }
}
