public import Cascades

/// A check of a log before policies are learned from it, after the advice of Desprez, Miele and Gimenez (2023, "Nine tips
/// for ecologists using machine learning", paper 180).
public protocol LogCheck: Sendable {
    /// A short name, unique in ``LogChecks/all``.
    var id: String { get }
    /// What is looked at, in a few words.
    var title: String { get }
    /// The tip that it carries out.
    var tip: MachineLearningTip { get }
    /// Looks at `log`.
    ///
    /// What is certain comes without ``Finding/pValue``. What rests on a statistical test comes with its p-value whether
    /// or not it is small: ``LogChecks/run(_:context:)`` corrects for the number of all tests and keeps what remains.
    func run(_ log: OutcomeLog, context: CheckContext) -> [Finding]
}

/// The nine tips of Desprez et al. (2023), by the headings of the paper's sections.
public enum MachineLearningTip: Int, Sendable, CaseIterable, Codable {
    /// Tip 1: predictions on unseen data are the aim.
    case mindset = 1
    /// Tip 2: training, validation and test sets must be made with care.
    case dataSets
    /// Tip 3: data of bad quality, noisy labels among them, make bad models.
    case dataQuality
    /// Tip 4: the right amount of data.
    case amount
    /// Tip 5: what is known of the test set must not leak into training.
    case leakage
    /// Tip 6: rare classes need care.
    case imbalance
    /// Tip 7: the metric must fit the question.
    case metrics
    /// Tip 8: shortcuts that hold in this data set only.
    case shortcuts
    /// Tip 9: look into the black box.
    case transparency
}

/// What the checks are to assume.
public struct CheckContext: Sendable, Hashable, Codable {
    /// The probability with which any statistical finding at all may be raised on a log without defects.
    public var errorRate: Double
    /// The difference in mean quality that matters to the user.
    public var tolerance: Double
    /// Events (items of the rarer outcome) wanted for each number a model may use
    /// (Peduzzi et al. 1996, "A simulation study of the number of events per variable").
    public var eventsPerNumber: Double
    /// The share of (right, wrong) pairs that a number may put in order before it is suspected of knowing the outcome.
    public var leakingAUC: Double

    /// The usual assumptions.
    public init(
        errorRate: Double = 0.05, tolerance: Double = 0.02, eventsPerNumber: Double = 10, leakingAUC: Double = 0.95
    ) {
        self.errorRate = errorRate
        self.tolerance = tolerance
        self.eventsPerNumber = eventsPerNumber
        self.leakingAUC = leakingAUC
    }
}

/// What a check found.
public struct Finding: Sendable, Hashable, Codable {
    /// How bad it is.
    public enum Severity: String, Sendable, Codable, Comparable, CaseIterable {
        /// Nothing was found.
        case ok
        /// Worth knowing.
        case note
        /// May mislead what is learned.
        case warning
        /// Will mislead what is learned.
        case error

        public static func < (left: Severity, right: Severity) -> Bool {
            allCases.firstIndex(of: left)! < allCases.firstIndex(of: right)!
        }
    }

    /// The id of the check.
    public var check: String
    /// How bad it is.
    public var severity: Severity
    /// The columns concerned, by their CSV names.
    public var columns: [String]
    /// A sentence with the numbers.
    public var evidence: String
    /// What to do.
    public var remedy: String
    /// The p-value of the test it rests on, before correction; nil for what is certain.
    public var pValue: Double?

    /// A finding of `check`.
    public init(
        check: String, severity: Severity, columns: [String] = [], evidence: String, remedy: String,
        pValue: Double? = nil
    ) {
        self.check = check
        self.severity = severity
        self.columns = columns
        self.evidence = evidence
        self.remedy = remedy
        self.pValue = pValue
    }
}
