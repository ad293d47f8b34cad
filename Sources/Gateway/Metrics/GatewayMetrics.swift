import Cascades
import Synchronization

/// What was counted since the gateway began.
final class GatewayMetrics: Sendable {
    /// The counts.
    struct Counts: Sendable {
        /// Requests by virtual model, stage that answered, decision and status.
        var requests: [Series: Int] = [:]
        /// Requests refused at the door, by status.
        var refused: [Int: Int] = [:]
        /// Of virtual models.
        var models: [String: Model] = [:]
        /// Calls of stages.
        var calls: [String: Calls] = [:]

        struct Series: Hashable, Sendable {
            var model: String
            var stage: String
            var decision: RequestRecord.Decision
            var status: Int
        }

        struct Model: Sendable {
            var seconds = LatencyHistogram()
            var firstByteSeconds = LatencyHistogram()
            var money = 0.0
            /// What the reference stage would have taken for the same answers.
            var reference = 0.0
            /// Requests for which the policy asked more than one stage.
            var deferred = 0
        }

        struct Calls: Sendable {
            var count = 0
            var failed = 0
            var money = 0.0
            var tokensIn = 0.0
            var tokensOut = 0.0
            var seconds = LatencyHistogram()
        }
    }

    private let state = Mutex(Counts())

    var counts: Counts { state.withLock { $0 } }

    func refused(_ status: Int) { state.withLock { $0.refused[status, default: 0] += 1 } }

    /// - Parameter reference: what the model's reference stage would have taken, in dollars.
    func count(_ record: RequestRecord, reference: Double) {
        let series = Counts.Series(
            model: record.model, stage: record.answeredBy ?? "", decision: record.decision, status: record.status)
        state.withLock { counts in
            counts.requests[series, default: 0] += 1
            counts.models[record.model, default: Counts.Model()].note(record, reference: reference)
            for choice in record.choices { counts.calls[choice.name, default: Counts.Calls()].note(choice) }
        }
    }
}

extension GatewayMetrics.Counts.Model {
    fileprivate mutating func note(_ record: RequestRecord, reference: Double) {
        self.reference += reference
        seconds.observe(record.seconds)
        firstByteSeconds.observe(record.firstByteSeconds)
        money += record.cost.money
        if record.isDeferred { deferred += 1 }
    }
}

extension GatewayMetrics.Counts.Calls {
    fileprivate mutating func note(_ choice: RequestRecord.Choice) {
        count += 1
        if choice.failure != nil { failed += 1 }
        money += choice.cost.money
        tokensIn += choice.cost.tokensIn
        tokensOut += choice.cost.tokensOut
        seconds.observe(choice.duration)
    }
}
