/// How drafts are made and selected.
public struct SpeculationSettings: Sendable, Hashable, Codable {
    /// How many tokens are drafted in a row.
    public enum Length: Sendable, Hashable, Codable {
        /// Always as many.
        case fixed(Int)
        /// What is fastest by the times and the acceptance seen, up to a most; none where speculation does not pay.
        case automatic(maximum: Int)
    }

    /// How one of several drafts is selected.
    public var rule = SelectionRule.optimal
    /// How many texts are drafted side by side; where several models draft they take turns, so at least one for each.
    public var drafts = 1
    /// How long they are.
    public var length = Length.automatic(maximum: 8)
    /// Whether the first tokens of the drafts are drawn without replacement; not every rule can take that.
    public var isWithoutReplacement = false
    /// How the draft model's tokens are drawn; nil for the way the target's are. Anything keeps the target's law.
    public var sampling: SamplingParameters?

    /// One draft, as long as pays.
    public init() {}

    /// The most tokens that are drafted in a row.
    var maximumLength: Int {
        switch length {
        case .fixed(let length): length
        case .automatic(let maximum): maximum
        }
    }

    /// Checks what can be said before the first token: ranges, and whether the rule can take such drafts.
    /// - Parameters:
    ///   - models: how many models draft.
    ///   - vocabularyCount: how many tokens they have.
    /// - Throws: ``LanguageError/improperParameter(name:value:expected:)``, or
    ///   ``LanguageError/unsupported(model:what:remedy:)`` with the rules that can take these drafts.
    public func check(models: Int, vocabularyCount: Int) throws(LanguageError) {
        try check()
        guard models >= 1 else {
            throw .improperParameter(name: "models that draft", value: "\(models)", expected: "at least 1")
        }
        guard drafts >= models else {
            throw .improperParameter(
                name: "drafts", value: "\(drafts)", expected: "at least \(models), one for each model that drafts")
        }
        try rule.check(
            count: drafts, models: models, isWithoutReplacement: isWithoutReplacement, vocabularyCount: vocabularyCount)
    }

    /// - Throws: ``LanguageError/improperParameter(name:value:expected:)``.
    public func check() throws(LanguageError) {
        guard (1...31).contains(drafts) else {
            throw .improperParameter(name: "drafts", value: "\(drafts)", expected: "1 to 31")
        }
        guard (1...64).contains(maximumLength) else {
            throw .improperParameter(name: "length", value: "\(maximumLength)", expected: "1 to 64")
        }
        try sampling?.check()
    }
}
