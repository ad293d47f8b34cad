/// How a request was served, beside what was decided and asked: what a page shows of it.
public struct Serving: Sendable, Hashable {
    /// A stage that was asked and gave no answer.
    public struct Failure: Sendable, Hashable, Codable {
        /// The stage, by its index in the trace's schema.
        public var stage: Int
        /// What kind of failure it was, in a word or two: no text of a request or an answer is in it.
        public var kind: String
        /// When it was asked, in seconds since the request came.
        public var start: Double
        /// After how many seconds it failed.
        public var duration: Double

        /// A failure of `stage`.
        public init(stage: Int, kind: String, start: Double, duration: Double) {
            self.stage = stage
            self.kind = kind
            self.start = start
            self.duration = duration
        }
    }

    /// The interface that it came by: `/chat/completions`.
    public var interface: String
    /// What the policy is called.
    public var policy: String?
    /// What became of it: `answered`, `failed-over`, `released`, `abstained`, `failed`, `cancelled`.
    public var decision: String
    /// The HTTP status of the reply.
    public var httpStatus: Int
    /// Seconds from the request to the last byte of its answer.
    public var elapsed: Double
    /// Seconds from the request to the first byte of its answer.
    public var firstByte: Double
    /// Whether the answer was passed on as it was written.
    public var isStreamed: Bool
    /// The choices of the trace, by position, whose tokens the stage did not count: theirs are an estimate.
    public var estimated: [Int]
    /// The stages that gave no answer.
    public var failures: [Failure]
    /// What the answer took when it was first given, in US dollars, where it was given again out of a cache; else 0.
    public var repeatedMoney: Double
    /// Whether the policy asked more than one stage: no stand-in for one that failed, and not so that something is learned. nil
    /// where that was not noted; then it is whether more than one answered.
    public var isDeferred: Bool?

    /// A serving; nothing failed, nothing is estimated.
    public init(
        interface: String, policy: String? = nil, decision: String, httpStatus: Int, elapsed: Double,
        firstByte: Double, isStreamed: Bool = false, estimated: [Int] = [], failures: [Failure] = [],
        repeatedMoney: Double = 0, isDeferred: Bool? = nil
    ) {
        self.interface = interface
        self.policy = policy
        self.decision = decision
        self.httpStatus = httpStatus
        self.elapsed = elapsed
        self.firstByte = firstByte
        self.isStreamed = isStreamed
        self.estimated = estimated
        self.failures = failures
        self.repeatedMoney = repeatedMoney
        self.isDeferred = isDeferred
    }
}
