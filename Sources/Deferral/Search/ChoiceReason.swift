import Cascades

/// Why a search chose what it chose: which families it tried, which of them met the goal on items that they had not
/// learned from, which was the best at it, and by how much.
public struct ChoiceReason: Sendable {
    /// What the differences are counted in.
    public enum Measure: String, Sendable, Codable {
        /// The share of the simple policy's cost that is saved at equal quality.
        case costShare
        /// Quality at equal cost.
        case quality
        /// Quality less the price that was asked for times cost.
        case qualityLessCost
    }

    /// The families tried beside the simple policy, in the order tried.
    public let tried: [String]
    /// Those of them that met the goal out of fold.
    public let reached: [String]
    /// The best by cross-validation; nil where none could learn.
    public let best: String?
    /// The next best.
    public let runnerUp: String?
    /// What differences are counted in.
    public let measure: Measure
    /// How much better the best family is than the simple policy; above 0 all through: beyond noise.
    public let gain: MeanInterval?
    /// How much better it is than the runner-up.
    public let lead: MeanInterval?
    /// All of it in words.
    public let sentence: String

    init(
        goal: Goal, choice: FamilyChoice, simple: PolicySearch.Candidate, candidates: [PolicySearch.Candidate],
        reference: String
    ) {
        tried = candidates.map(\.learner.family)
        reached = candidates.filter(\.mixture.isReached).map(\.learner.family)
        best = choice.best.map { candidates[$0].learner.family }
        runnerUp = choice.runnerUp.map { candidates[$0].learner.family }
        let unit = choice.price * simple.mixture.expected.cost
        var scale = 1.0
        switch goal {
        case .keep where unit > 0 && unit.isFinite: (measure, scale) = (.costShare, 1 / unit)
        case .price: measure = .qualityLessCost
        default: measure = .quality
        }
        gain = choice.gain.map { MeanInterval($0, scaledBy: scale) }
        lead = choice.lead.map { MeanInterval($0, scaledBy: scale) }
        let isMixture = simple.mixture.weights.count { $0 > 0 } > 1
        sentence = Self.sentence(
            goal: goal, hasGain: choice.index != nil, tried: tried, reached: reached, best: best, runnerUp: runnerUp,
            measure: measure, gain: gain, lead: lead, reference: reference, isMixture: isMixture)
    }
}

extension ChoiceReason {
    private static func sentence(
        goal: Goal, hasGain: Bool, tried: [String], reached: [String], best: String?, runnerUp: String?,
        measure: Measure, gain: MeanInterval?, lead: MeanInterval?, reference: String, isMixture: Bool
    ) -> String {
        guard let best, let gain else { return "no gain: no other family could learn from this log" }
        var parts: [String] = []
        let families = tried.count == 1 ? "1 family was" : "\(tried.count) families were"
        let names = tried.count > 4 ? "" : " (\(tried.joined(separator: ", ")))"
        let does: String
        switch goal {
        case .keep(let share): does = "keep \(percent(share)) of the quality of \(reference)"
        case .budget: does = "stay within the budget"
        case .price: does = ""
        }
        let start = "\(families) tried by cross-validation\(names)"
        if does.isEmpty {
            parts.append(start)
        } else if reached.isEmpty {
            parts.append("\(start); none can \(does) on items that it has not seen, and \(best) does best for its cost")
        } else {
            let few = reached.count < tried.count && reached.count < 4 ? " (\(reached.joined(separator: ", ")))" : ""
            let who =
                tried.count == 1
                ? "it can" : reached.count == tried.count ? "all can" : "\(reached.count) of them can\(few)"
            parts.append("\(start); \(who) \(does) on items that they have not seen")
        }
        let simple = "the simple policy (\(isMixture ? "two single stages mixed at random" : "one single stage"))"
        if isNothing(gain) {
            parts.append("None does better than \(simple), which stays")
            return "no gain: " + parts.joined(separator: ". ")
        }
        let noise = hasGain ? "beyond noise" : "which may be noise, so the simple policy stays"
        parts.append(
            "\(best) \(words(gain, measure, goal, than: simple)): \(range(gain, measure)) at "
                + "\(percent(gain.confidence)) confidence, \(noise)")
        if let runnerUp, let lead, !isNothing(lead) {
            let judged = lead.lower > 0 ? "beyond noise" : "the two can't be told apart"
            parts.append(
                "Next comes \(runnerUp): \(best) \(words(lead, measure, goal, than: "it")), "
                    + "\(range(lead, measure)), \(judged)")
        }
        return (hasGain ? "" : "no gain: ") + parts.joined(separator: ". ")
    }

    /// Whether two policies do the same on every item.
    private static func isNothing(_ difference: MeanInterval) -> Bool {
        difference.estimate == 0 && difference.lower == 0 && difference.upper == 0
    }

    /// A difference in words.
    private static func words(_ difference: MeanInterval, _ measure: Measure, _ goal: Goal, than other: String)
        -> String
    {
        let value = difference.estimate
        switch measure {
        case .costShare:
            if abs(value) < 5e-4 { return "at equal quality costs as much as \(other)" }
            return "at equal quality costs \(percent(abs(value))) \(value > 0 ? "less" : "more") than \(other)"
        case .quality:
            if value == 0 { return "at equal cost is as good as \(other)" }
            return "at equal cost has \(Number.short(abs(value))) \(value > 0 ? "more" : "less") quality than \(other)"
        case .qualityLessCost:
            var price = ""
            if case .price(let asked) = goal { price = Number.short(asked) }
            return
                "has \(Number.short(abs(value))) \(value >= 0 ? "more" : "less") quality less \(price) times cost than \(other)"
        }
    }

    private static func range(_ difference: MeanInterval, _ measure: Measure) -> String {
        func text(_ value: Double) -> String { measure == .costShare ? percent(value) : Number.short(value) }
        return "between \(text(difference.lower)) and \(text(difference.upper))"
    }

    /// A share in per cent, to one decimal where there is something behind the point.
    private static func percent(_ share: Double) -> String {
        "\(Number.short((share * 1000).rounded() / 10))%"
    }
}

extension MeanInterval {
    /// The same interval in another unit, `factor` > 0.
    init(_ interval: MeanInterval, scaledBy factor: Double) {
        self.init(
            estimate: interval.estimate * factor, lower: interval.lower * factor, upper: interval.upper * factor,
            confidence: interval.confidence)
    }
}
