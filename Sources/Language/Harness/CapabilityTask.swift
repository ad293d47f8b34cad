/// A task for language models in BIG-bench's JSON format: questions with targets, with choices, or with both.
///
///     {
///       "name": "opposites", "description": "Say the opposite of a word.", "keywords": ["zero-shot"],
///       "metrics": ["multiple_choice_grade", "exact_str_match"], "preferred_score": "exact_str_match",
///       "examples": [{"input": "hot", "target": "cold", "target_scores": {"cold": 1, "warm": 0}}]
///     }
///
/// - Source: paper 127 (BIG-bench), section 2.1, and the format's documentation in its repository.
public struct CapabilityTask: Sendable, Hashable {
    /// A question of a task.
    public struct Example: Sendable, Hashable {
        /// What is asked.
        public var input: String
        /// Texts that are right: the best choices where none are given.
        public var targets: [String]
        /// The choices; empty where the answer is written freely.
        public var choices: [String]
        /// The score of each choice, `[choices]`.
        public var scores: [Double]

        /// A question.
        public init(input: String, targets: [String] = [], choices: [String] = [], scores: [Double] = []) {
            self.input = input
            self.choices = choices
            self.scores = scores
            let best = scores.max()
            self.targets =
                targets.isEmpty ? choices.indices.filter { scores[$0] == best }.map { choices[$0] } : targets
        }

        /// The share of each choice in the question's scores, `[choices]`.
        public var shares: [Double] {
            let total = scores.reduce(0, +)
            return scores.map { $0 / total }
        }

        /// The mean squared difference between `probabilities` and the shares, `[choices]`.
        func brierScore(_ probabilities: [Double]) -> Double {
            zip(probabilities, shares).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) } / Double(choices.count)
        }
    }

    /// Its name; a subtask's has its task's before a colon.
    public var name: String
    /// What it is about.
    public var summary = ""
    /// Its keywords.
    public var keywords: [String] = []
    /// How answers are scored.
    public var metrics: [CapabilityMetric] = []
    /// Metrics that the file names and that are not known here.
    public var unknownMetrics: [String] = []
    /// The metric that stands for the task in sums over tasks.
    public var preferred = CapabilityMetric.exactMatch
    /// What every prompt begins with.
    public var prefix = ""
    /// What comes before a question.
    public var inputPrefix = "\nQ: "
    /// What comes before an answer.
    public var outputPrefix = "\nA: "
    /// What comes before each choice.
    public var choicePrefix = "\n  choice: "
    /// What parts answered examples from each other and from the question.
    public var separator = "\n"
    /// Whether the choices stand in the question.
    public var showsChoices = true
    /// Where an answer ends.
    public var stop: String?
    /// What of an answer counts: the first match; nil for the text up to where it ends.
    public var outputPattern: String?
    /// The questions.
    public var examples: [Example] = []

    /// A task without questions.
    public init(name: String) { self.name = name }

    /// Whether the model is asked to write answers, whether it is asked for the probabilities of the choices, and whether
    /// for those of the targets.
    var needsText: Bool { metrics.contains { $0.looksAtText } }
    var needsChoices: Bool { metrics.contains { $0.looksAtChoices } }
    var needsTargets: Bool { metrics.contains(.logLikelihood) }

    /// The score of one who knows nothing, and of one who is always right, by `metric`: the mean score of the choices and
    /// the mean best one; the Brier score of choices taken to be equally likely, and 0. Nil where the metric has no ends.
    public func range(of metric: CapabilityMetric) -> (low: Double, high: Double)? {
        guard let best = metric.best else { return nil }
        let count = Double(examples.count)
        switch metric {
        case .multipleChoiceGrade:
            let low = examples.reduce(0) { $0 + $1.scores.reduce(0, +) / Double($1.scores.count) } / count
            return (low, examples.reduce(0) { $0 + ($1.scores.max() ?? 0) } / count)
        case .brierScore:
            let low = examples.reduce(0) { sum, example in
                let even = [Double](repeating: 1 / Double(example.choices.count), count: example.choices.count)
                return sum + example.brierScore(even)
            }
            return (low / count, best)
        case .calibrationError: return (1, best)
        default: return (0, best)
        }
    }
}
