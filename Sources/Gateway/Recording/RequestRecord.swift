import Cascades

/// What happened to one request: all that a log, a bill or an explanation needs.
struct RequestRecord: Sendable {
    /// How a request ended.
    enum Decision: String, Sendable {
        /// The policy's answer.
        case answered
        /// Another stage's answer, for one failed.
        case failedOver = "failed-over"
        /// A held answer that took too long or grew too long was given before the policy could read it whole.
        case released
        /// The policy gave no answer.
        case abstained
        /// Nothing could answer.
        case failed
        /// The client went away.
        case cancelled
    }

    /// What one stage gave.
    struct Choice: Sendable {
        /// The stage, by its index among the virtual model's.
        var stage: Int
        var name: String
        /// In the order of the policy's schema; empty where no policy reads it.
        var evidence: [Double] = []
        var cost = Cost.zero
        /// Seconds since the request came.
        var start: Double
        var duration = 0.0
        /// Why it gave no answer.
        var failure: String?
        /// Whether its tokens were counted by the gateway, for it did not tell.
        var isEstimated = false
    }

    var id: String
    /// Seconds since 1970.
    var time: Double
    /// The name of the key that asked.
    var key: String?
    var api: WireAPI
    /// The virtual model.
    var model: String
    /// The policy's version.
    var policy: String?
    /// The policy's chance.
    var coin = 0.0
    var context: [Double] = []
    var group: String?
    var choices: [Choice] = []
    /// The stage whose answer was given.
    var answeredBy: String?
    var decision = Decision.failed
    var status = 0
    var cost = Cost.zero
    /// Seconds from the request to its last byte, and to the first one.
    var seconds = 0.0
    var firstByteSeconds = 0.0
    var streamed = false
    /// What was reserved of the key's budget, to be settled with the record.
    var reservation: (any Reservation)?
}

/// Where records go. `record` returns at once and never fails: what can't be kept is counted.
protocol RequestRecorder: Sendable {
    func record(_ record: RequestRecord)
}

/// Keeps nothing: a gateway without a store counts requests in its metrics only.
struct NoRecorder: RequestRecorder {
    func record(_ record: RequestRecord) {}
}
