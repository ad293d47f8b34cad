import Cascades
import Tracing

/// What happened to one request: all that a log, a bill or an explanation needs.
struct RequestRecord: Sendable {
    /// How a request ended.
    enum Decision: String, Sendable {
        /// The policy's answer.
        case answered
        /// An answer that was given before.
        case cached
        /// Another stage's answer, for one failed.
        case failedOver = "failed-over"
        /// Another stage went on with a stream whose stage died.
        case continued
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
        /// What of the cost went to calls whose answers were not heard to the end.
        var lost = Cost.zero
        /// Seconds since the request came.
        var start: Double
        var duration = 0.0
        /// Why it gave no answer.
        var failure: String?
        /// The same in a word or two, without a text of the request or the stage.
        var failureKind: String?
        /// What the stage said of it that is the operator's alone, for the log: no secrets are in it.
        var failureAside: String?
        /// What it said, where a recorder reads texts.
        var output: String?
        /// Whether its tokens were counted by the gateway, for it did not tell.
        var isEstimated = false
        /// The span of its call, until the record ends it.
        var span: (any Tracing.Span)?
    }

    var id: String
    /// Seconds since 1970.
    var time: Double
    /// The name of the key that asked.
    var key: String?
    var api: WireAPI
    /// The virtual model.
    var model: String
    /// What the policy is called.
    var policy: String?
    /// Its version in the store.
    var policyVersion: Int?
    /// The rule that decided; nil where the model has none.
    var rule: PolicyRule?
    /// The names of the virtual model's stages and of the numbers that are recorded.
    var schema: LogSchema
    /// What the policy did.
    var moves: [Move] = []
    /// The probability with which each stage was asked, `[stages]`; where there are none, they follow from the rule.
    var propensities: [Double] = []
    /// The last thing that the user said, where a recorder keeps texts.
    var input: String?
    /// The policy's chance.
    var coin = 0.0
    /// Whether all stages were asked so that something can be learned, and one answered by chance.
    var isExplored = false
    var context: [Double] = []
    var group: String?
    var choices: [Choice] = []
    /// The stage whose answer was given.
    var answeredBy: String?
    var decision = Decision.failed
    var status = 0
    /// Of all stages that were asked, for the answer or aside.
    var cost = Cost.zero
    /// What a cache asked stages to find an answer that means the same.
    var aside = Cost.zero
    /// What the answer took when it was first given, in dollars, where it is given again.
    var repeatedMoney = 0.0
    /// Seconds from the request to its last byte, and to the first one.
    var seconds = 0.0
    var firstByteSeconds = 0.0
    var streamed = false
    /// Whether the policy asked more than one stage: no stand-in for one that failed, and not so that something is learned.
    var isDeferred: Bool {
        if isExplored { return false }
        let asked = moves.reduce(into: StageSet()) { asked, move in
            if case .ask(let stages) = move { asked = asked.union(stages) }
        }
        return max(asked.count, moves.isEmpty ? choices.count { $0.failure == nil } : 0) > 1
    }
    /// What was reserved of the key's budget, to be settled with the record.
    var reservation: (any Reservation)?
}
