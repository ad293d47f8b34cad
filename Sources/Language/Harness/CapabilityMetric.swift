/// How answers to a capability task are scored, by the names that BIG-bench gives them.
public enum CapabilityMetric: String, Sendable, Hashable, Codable, CaseIterable {
    /// The mean score of the likeliest choice; where several are equally likely, their mean.
    case multipleChoiceGrade = "multiple_choice_grade"
    /// The mean over questions of the mean over choices of the squared difference between the probability of a choice and
    /// its share of the question's scores. The probabilities are normalised over the choices.
    case brierScore = "calibration_multiple_choice_brier_score"
    /// The expected calibration error of the choices' probabilities, in ten bins of equal width.
    case calibrationError = "expected_calibration_error"
    /// The share of texts that are one of the targets.
    case exactMatch = "exact_str_match"
    /// The same, whatever the case.
    case caseInsensitiveMatch = "case_insensitive_str_match"
    /// The mean log-probability of the target in nats; the largest of several.
    case logLikelihood = "log_likelihood"
    /// BLEU of all texts together, 0 to 100.
    case bleu
    /// The mean F-measure of shared words, 0 to 100.
    case rouge1
    /// The mean F-measure of shared pairs of words, 0 to 100.
    case rouge2
    /// The mean F-measure of the longest common subsequences of lines, 0 to 100.
    case rougeLines = "rougeLsum"

    /// Whether it needs what the model says of every choice.
    public var looksAtChoices: Bool { self == .multipleChoiceGrade || looksAtProbabilities }
    /// Whether it needs a text that the model writes.
    public var looksAtText: Bool { !looksAtChoices && self != .logLikelihood }
    /// Whether it asks how well the probabilities of the choices are calibrated.
    public var looksAtProbabilities: Bool { self == .brierScore || self == .calibrationError }
    /// The best score; nil where there is none.
    public var best: Double? {
        switch self {
        case .multipleChoiceGrade, .exactMatch, .caseInsensitiveMatch: 1
        case .brierScore, .calibrationError: 0
        case .bleu, .rouge1, .rouge2, .rougeLines: 100
        case .logLikelihood: nil
        }
    }

    /// What a name in a task file means; `rouge` stands for three.
    static func named(_ name: String) -> [CapabilityMetric] {
        if name == "rouge" { return [.rouge1, .rouge2, .rougeLines] }
        if name == "multiple_choice_brier_score" { return [.brierScore] }
        return CapabilityMetric(rawValue: name).map { [$0] } ?? []
    }
}
