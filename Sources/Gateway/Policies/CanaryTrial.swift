import Probability

/// The trial of a version that decides for a share of the requests: is it worse than the active one, or is it certain that
/// it keeps enough of its quality?
///
/// Two bets go on at once, on D = mean quality of the canary − keep × that of the active version: one that D < 0, one that
/// D > 0. Both are fed with numbers whose expectation is D whatever came before:
///
/// - a judged request that chance gave to one of the two, with share p for the canary, a and b being their means so far:
///   `[canary] (q − a) / p + a − keep ([active] (q − b) / (1 − p) + b)`;
/// - a judged explored request, for which it is known what both would have answered: value of the canary's answer − keep ×
///   value of the active one's. Where both give the same answer, hardly anything is left of the noise.
///
/// Either bet is wrong with at most 1 − confidence, however often one looks.
///
/// - Source: I. Waudby-Smith et al., "Anytime-valid off-policy inference for contextual bandits", 2024 (the numbers);
///   ``SequentialBet`` (the bets).
struct CanaryTrial: Sendable, Hashable, Codable {
    /// What came out.
    enum Verdict: String, Sendable, Hashable {
        /// Nothing yet.
        case open
        /// It is worse than it may be.
        case worse
        /// It keeps enough.
        case keeps
    }

    let settings: LearningSettings.Trial
    /// That it is worse.
    private(set) var harm = SequentialBet()
    /// That it keeps enough.
    private(set) var success = SequentialBet()
    private(set) var canary = RunningMean()
    private(set) var active = RunningMean()
    /// How often both gave the same answer to explored requests, and how many there were.
    private(set) var agreed = 0
    private(set) var compared = 0

    init(_ settings: LearningSettings.Trial) { self.settings = settings }

    var verdict: Verdict {
        let level = 1 - settings.confidence
        if harm.rejects(level: level) { return .worse }
        return success.rejects(level: level) && canary.count + compared >= settings.least ? .keeps : .open
    }

    /// A judged request that chance gave to the canary with probability `share`, else to the active version.
    mutating func note(_ quality: Double, isCanary: Bool, share: Double) {
        guard share > 0, share < 1 else { return }
        let quality = min(max(quality, 0), 1)
        let (a, b, keep) = (canary.smoothed, active.smoothed, settings.keep)
        // The four corners of what the number can be.
        let canaryBest = (1 - a) / share + a - keep * b
        let canaryWorst = -a / share + a - keep * b
        let activeWorst = a + keep * (b / (1 - share) - b)
        let activeBest = a - keep * ((1 - b) / (1 - share) + b)
        let value =
            isCanary
            ? (quality - a) / share + a - keep * b : a - keep * ((quality - b) / (1 - share) + b)
        observe(value, from: min(canaryWorst, activeBest), to: max(canaryBest, activeWorst))
        if isCanary { canary.add(quality) } else { active.add(quality) }
    }

    /// A judged explored request, whose answers have the values `canary` and `active`.
    /// - Parameter bound: no value is larger than this, nor smaller than 1 − this.
    mutating func note(canary: Double, active: Double, agree: Bool, bound: Double) {
        compared += 1
        if agree { agreed += 1 }
        observe(canary - settings.keep * active, from: -bound, to: bound)
    }

    private mutating func observe(_ value: Double, from low: Double, to high: Double) {
        // Bounds of zero width would leave nothing to stake.
        harm.observe(value, atMost: max(high, 1e-6))
        success.observe(-value, atMost: max(-low, 1e-6))
    }
}

/// A mean that grows.
struct RunningMean: Sendable, Hashable, Codable {
    private(set) var count = 0
    private(set) var sum = 0.0

    mutating func add(_ value: Double) {
        count += 1
        sum += value
    }

    /// The mean; `NaN` before the first number.
    var mean: Double { count > 0 ? sum / Double(count) : .nan }
    /// The mean with one number of 1/2 before the others.
    var smoothed: Double { (sum + 0.5) / (Double(count) + 1) }
}
