public import Cascades

/// What happened to one request: who asked what, what each stage gave, what was decided and what it took.
public struct RequestRecord: Sendable, Equatable {
    /// The request's name, unique in the store.
    public var id: String
    /// When it came, in seconds since 1970.
    public var time: Double
    /// The key that asked, or nil where none was needed.
    public var key: String?
    /// The virtual model that was asked for.
    public var model: String
    /// The version of that model's policy, or nil where it has none.
    public var policyVersion: Int?
    /// Every move of the policy and every choice of the stages. Outputs are nil where no text is kept.
    public var trace: Trace<String>
    /// The probability with which the policy asked each stage, `[stages]`; `NaN` where it is not known, or no numbers.
    public var propensities: [Double]
    /// The stage whose output was given, by its index in the trace's schema.
    public var answered: Int?
    /// How it ended.
    public var status: Status
    /// What the whole request took.
    public var cost: Cost
    /// The text that the stages saw, where texts are kept.
    public var input: String?
    /// The SHA-256 of each choice's output in hexadecimal, `[choices]`: tells equal answers without keeping them.
    /// A writer fills them in.
    public var digests: [String?]
    /// How a gateway served it; nil where none did.
    public var serving: Serving?

    /// How a request ended.
    public enum Status: Sendable, Hashable {
        /// With an answer.
        case answered
        /// With the decision to give none.
        case abstained
        /// With an error of this name.
        case failed(String)
    }

    /// A record; what is left out is not known.
    public init(
        id: String, time: Double, key: String? = nil, model: String, policyVersion: Int? = nil, trace: Trace<String>,
        propensities: [Double] = [], answered: Int? = nil, status: Status = .answered, cost: Cost = .zero,
        input: String? = nil, serving: Serving? = nil
    ) {
        self.id = id
        self.time = time
        self.key = key
        self.model = model
        self.policyVersion = policyVersion
        self.trace = trace
        self.propensities = propensities
        self.answered = answered
        self.status = status
        self.cost = cost
        self.input = input
        digests = []
        self.serving = serving
    }

    public static func == (left: RequestRecord, right: RequestRecord) -> Bool {
        left.id == right.id && left.time == right.time && left.key == right.key && left.model == right.model
            && left.policyVersion == right.policyVersion && left.trace == right.trace
            && left.propensities.elementsEqual(right.propensities) { $0 == $1 || $0.isNaN && $1.isNaN }
            && left.answered == right.answered && left.status == right.status && left.cost == right.cost
            && left.input == right.input && left.digests == right.digests
            && left.serving == right.serving
    }

    /// About how many bytes the record takes in memory: what a buffer is bounded by.
    var size: Int {
        var size = 400 + (input?.utf8.count ?? 0) + 8 * (propensities.count + trace.context.count)
        for choice in trace.choices { size += 200 + 8 * choice.evidence.count + (choice.output?.utf8.count ?? 0) }
        return size
    }
}

extension RequestRecord.Status: CustomStringConvertible {
    /// `answered`, `abstained`, or `failed: ` and the error's name.
    public var description: String {
        switch self {
        case .answered: "answered"
        case .abstained: "abstained"
        case .failed(let name): "failed: \(name)"
        }
    }

    init(_ text: String) {
        switch text {
        case "answered": self = .answered
        case "abstained": self = .abstained
        default: self = .failed(text.hasPrefix("failed: ") ? String(text.dropFirst("failed: ".count)) : text)
        }
    }
}
