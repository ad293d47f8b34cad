internal import Foundation
internal import NumericalMethods

/// Tests and bounds for a mean loss that hold at any sample size, for independent losses in [0, 1].
///
/// Each gives a p-value for "the risk is above α" (small: the risk is at most α with that much doubt) and an upper
/// confidence bound, the smallest α whose p-value stays at or below 1 − confidence.
///
///     let p = try RiskBound.hoeffdingBentkus.pValue(losses: losses, risk: 0.1)
///     let bound = try RiskBound.betting.upperBound(losses: losses, confidence: 0.95)
public enum RiskBound: String, CaseIterable, Codable, Sendable {
    /// exp(−n h(min(R̂, α), α)), with h(a, b) = a log(a / b) + (1 − a) log((1 − a) / (1 − b)) (W. Hoeffding, 1963).
    case hoeffding
    /// e P(Bin(n, α) ≤ ⌈n R̂⌉) (V. Bentkus, 2004).
    case bentkus
    /// The smaller of the two: S. Bates et al., "Distribution-free, risk-controlling prediction sets", 2021, section 3.1.
    case hoeffdingBentkus
    /// P(Bin(n, α) ≤ n R̂), exact, for losses that are 0 or 1 only; its bound is Clopper and Pearson's.
    case binomial
    /// A. Maurer and M. Pontil, "Empirical Bernstein bounds and sample variance penalization", 2009, theorem 4: sharp where
    /// the losses vary little.
    case empiricalBernstein
    /// Capital of a bet against the risk: I. Waudby-Smith and A. Ramdas, "Estimating means of bounded random variables by
    /// betting", 2024, as in Bates et al., 2021, section 3.1.3. Uses the losses in their order, which must not depend on them.
    case betting

    /// The p-value of the hypothesis that the mean loss is above `risk`: under it, P(p ≤ u) ≤ u.
    ///
    /// - Parameters:
    ///   - losses: `[items]`, independent, in [0, 1].
    ///   - risk: α, in (0, 1).
    ///   - confidence: for ``betting`` alone, the confidence for which its stakes are sized; fix it before seeing the losses.
    /// - Throws: ``StatisticsError``.
    public func pValue(losses: [Double], risk: Double, confidence: Double = 0.95) throws(StatisticsError) -> Double {
        try check(losses)
        try Check.open(risk, "risk")
        try Check.open(confidence, "confidence")
        switch self {
        case .betting:
            let stakes = Betting(losses: losses, error: 1 - confidence)
            return min(1, exp(-stakes.logCapital(against: risk)))
        case .empiricalBernstein:
            let (mean, variance) = Self.moments(losses)
            guard losses.count > 1, mean < risk else { return 1 }
            let n = Double(losses.count)
            // risk − mean = √(2 V L / n) + 7 L / (3 (n − 1)) with L = log(2 / p), solved for √L, in the form without
            // cancellation.
            let linear = (2 * variance / n).squareRoot()
            let square = 7 / (3 * (n - 1))
            let gap = risk - mean
            let root = 2 * gap / (linear + (linear * linear + 4 * square * gap).squareRoot())
            return min(1, 2 * exp(-root * root))
        case .hoeffding, .bentkus, .hoeffdingBentkus, .binomial:
            return try pValue(meanLoss: Self.mean(losses), count: losses.count, risk: risk)
        }
    }

    /// The upper confidence bound of the mean loss: P(mean ≤ bound) ≥ confidence.
    ///
    /// - Parameter losses: `[items]`, independent, in [0, 1].
    /// - Throws: ``StatisticsError``.
    public func upperBound(losses: [Double], confidence: Double = 0.95) throws(StatisticsError) -> Double {
        try check(losses)
        try Check.open(confidence, "confidence")
        switch self {
        case .betting:
            let stakes = Betting(losses: losses, error: 1 - confidence)
            let needed = -log1p(-confidence)
            return Self.smallest(from: 0) { stakes.logCapital(against: $0) >= needed }
        case .empiricalBernstein:
            let (mean, variance) = Self.moments(losses)
            guard losses.count > 1 else { return 1 }
            let n = Double(losses.count)
            let l = log(2 / (1 - confidence))
            return min(1, mean + (2 * variance * l / n).squareRoot() + 7 * l / (3 * (n - 1)))
        case .hoeffding, .bentkus, .hoeffdingBentkus, .binomial:
            return try upperBound(meanLoss: Self.mean(losses), count: losses.count, confidence: confidence)
        }
    }

    /// ``pValue(losses:risk:confidence:)`` from the mean loss alone, for the bounds that need no more.
    ///
    /// - Throws: ``StatisticsError``, also for ``empiricalBernstein`` and ``betting``, which need the losses.
    public func pValue(meanLoss: Double, count: Int, risk: Double) throws(StatisticsError) -> Double {
        try check(meanLoss, count)
        try Check.open(risk, "risk")
        return meanPValue(meanLoss, count, risk)
    }

    /// ``upperBound(losses:confidence:)`` from the mean loss alone, for the bounds that need no more.
    ///
    /// - Throws: ``StatisticsError``, also for ``empiricalBernstein`` and ``betting``, which need the losses.
    public func upperBound(meanLoss: Double, count: Int, confidence: Double = 0.95) throws(StatisticsError) -> Double {
        try check(meanLoss, count)
        try Check.open(confidence, "confidence")
        let error = 1 - confidence
        if self == .binomial {
            let k = (meanLoss * Double(count)).rounded()
            // From the upper tail, to keep the digits of bounds near 1.
            return k == Double(count) ? 1 : 1 - inverseRegularizedBeta(error, Double(count) - k, k + 1)
        }
        return Self.smallest(from: meanLoss) { meanPValue(meanLoss, count, $0) <= error }
    }

    // MARK: Inside

    private func meanPValue(_ mean: Double, _ count: Int, _ risk: Double) -> Double {
        let n = Double(count)
        // The tolerance keeps a sum of losses that is whole but for rounding from being counted one up.
        let rounded = (n * mean - 1e-9 * max(1, n * mean)).rounded(.up)
        switch self {
        case .hoeffding: return mean >= risk ? 1 : exp(-n * Self.relativeEntropy(mean, risk))
        case .bentkus: return min(1, M_E * Self.binomialTail(rounded, n, risk))
        case .hoeffdingBentkus:
            return min(
                RiskBound.hoeffding.meanPValue(mean, count, risk), RiskBound.bentkus.meanPValue(mean, count, risk))
        case .binomial: return Self.binomialTail((n * mean).rounded(), n, risk)
        case .empiricalBernstein, .betting: return 1
        }
    }

    private func check(_ losses: [Double]) throws(StatisticsError) {
        try Check.count(losses.count, atLeast: 1, "losses")
        try Check.values(losses, in: 0...1, "loss")
        if self == .binomial {
            for (i, loss) in losses.enumerated() where loss != 0 && loss != 1 {
                throw .value(what: "loss", index: i, value: loss, requirement: "0 or 1 for the binomial bound")
            }
        }
    }

    private func check(_ mean: Double, _ count: Int) throws(StatisticsError) {
        try Check.count(count, atLeast: 1, "losses")
        try Check.values([mean], in: 0...1, "mean loss")
        switch self {
        case .empiricalBernstein, .betting:
            throw .undefined(what: "the \(rawValue) bound", reason: "it needs every loss, not their mean alone")
        case .binomial:
            let k = mean * Double(count)
            guard abs(k - k.rounded()) <= 1e-6 else {
                throw .value(
                    what: "mean loss", index: nil, value: mean,
                    requirement: "a whole number of losses of 1 among \(count)")
            }
        case .hoeffding, .bentkus, .hoeffdingBentkus: break
        }
    }

    private static func mean(_ losses: [Double]) -> Double { min(1, losses.reduce(0, +) / Double(losses.count)) }

    /// Mean and variance with divisor n − 1.
    private static func moments(_ losses: [Double]) -> (mean: Double, variance: Double) {
        let m = mean(losses)
        let squares = losses.reduce(0) { $0 + ($1 - m) * ($1 - m) }
        return (m, losses.count > 1 ? squares / Double(losses.count - 1) : 0)
    }

    /// h(a, b), the relative entropy of two coins.
    static func relativeEntropy(_ a: Double, _ b: Double) -> Double {
        (a > 0 ? a * log(a / b) : 0) + (a < 1 ? (1 - a) * (log1p(-a) - log1p(-b)) : 0)
    }

    /// P(Bin(n, p) ≤ k).
    static func binomialTail(_ k: Double, _ n: Double, _ p: Double) -> Double {
        k >= n ? 1 : regularizedBeta(1 - p, n - k, k + 1)
    }

    /// The smallest risk at and above which a monotone condition holds, from its safe side, to 1e-12; 1 where it never does.
    private static func smallest(from start: Double, where holds: (Double) -> Bool) -> Double {
        var low = start
        var high = 1.0
        while high - low > 1e-12 {
            let middle = 0.5 * (low + high)
            if middle <= low || middle >= high { break }
            if holds(middle) { high = middle } else { low = middle }
        }
        return high
    }
}
