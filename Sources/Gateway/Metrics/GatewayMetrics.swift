import Cascades
import Synchronization

/// What was counted since the gateway began.
final class GatewayMetrics: Sendable {
    /// The counts.
    struct Counts: Sendable {
        /// Requests by virtual model, stage that answered, decision and status.
        var requests: [Series: Series.Value] = [:]
        /// Requests refused at the door, by status.
        var refused: [Int: Int] = [:]
        /// Calls of stages, and of these the failed ones.
        var calls: [String: Calls] = [:]

        struct Series: Hashable, Sendable {
            var model: String
            var stage: String
            var decision: RequestRecord.Decision
            var status: Int

            struct Value: Sendable {
                var count = 0
                var money = 0.0
                var seconds = 0.0
            }
        }

        struct Calls: Sendable {
            var count = 0
            var failed = 0
            var money = 0.0
            var tokensIn = 0.0
            var tokensOut = 0.0
            var seconds = 0.0
        }
    }

    private let state = Mutex(Counts())

    var counts: Counts { state.withLock { $0 } }

    func refused(_ status: Int) { state.withLock { $0.refused[status, default: 0] += 1 } }

    func count(_ record: RequestRecord) {
        let series = Counts.Series(
            model: record.model, stage: record.answeredBy ?? "", decision: record.decision, status: record.status)
        state.withLock { counts in
            counts.requests[series, default: Counts.Series.Value()].count += 1
            counts.requests[series]?.money += record.cost.money
            counts.requests[series]?.seconds += record.seconds
            for choice in record.choices {
                var calls = counts.calls[choice.name] ?? Counts.Calls()
                calls.count += 1
                if choice.failure != nil { calls.failed += 1 }
                calls.money += choice.cost.money
                calls.tokensIn += choice.cost.tokensIn
                calls.tokensOut += choice.cost.tokensOut
                calls.seconds += choice.duration
                counts.calls[choice.name] = calls
            }
        }
    }
}
