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
            /// Requests for which more than one stage was asked.
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

    func count(_ record: RequestRecord) {
        let series = Counts.Series(
            model: record.model, stage: record.answeredBy ?? "", decision: record.decision, status: record.status)
        state.withLock { counts in
            counts.requests[series, default: 0] += 1
            counts.models[record.model, default: Counts.Model()].note(record)
            for choice in record.choices { counts.calls[choice.name, default: Counts.Calls()].note(choice) }
        }
    }

    /// All of it in Prometheus' text format, with the state of `stages` now.
    func prometheus(_ stages: [GatewayStage]) -> PrometheusText {
        let counts = counts
        var text = PrometheusText()
        text.begin(
            "cascade_requests_total", "counter",
            "Requests by published model, stage that answered, decision and status.")
        for (series, count) in counts.requests.sorted(by: { "\($0.key)" < "\($1.key)" }) {
            text.add(
                "cascade_requests_total",
                [
                    ("model", series.model), ("stage", series.stage), ("decision", series.decision.rawValue),
                    ("status", "\(series.status)"),
                ], Double(count))
        }
        text.begin("cascade_refused_total", "counter", "Requests refused at the door, by status.")
        for (status, count) in counts.refused.sorted(by: { $0.key < $1.key }) {
            text.add("cascade_refused_total", [("status", "\(status)")], Double(count))
        }
        let models = counts.models.sorted { $0.key < $1.key }
        text.begin("cascade_request_seconds", "histogram", "From a request's head to its answer's end.")
        for (name, model) in models { text.add("cascade_request_seconds", [("model", name)], model.seconds) }
        text.begin("cascade_first_byte_seconds", "histogram", "From a request's head to its answer's first byte.")
        for (name, model) in models {
            text.add("cascade_first_byte_seconds", [("model", name)], model.firstByteSeconds)
        }
        text.begin("cascade_cost_dollars_total", "counter", "Dollars spent, by published model.")
        for (name, model) in models { text.add("cascade_cost_dollars_total", [("model", name)], model.money) }
        text.begin("cascade_deferred_total", "counter", "Requests for which more than one stage was asked.")
        for (name, model) in models { text.add("cascade_deferred_total", [("model", name)], Double(model.deferred)) }
        let calls = counts.calls.sorted { $0.key < $1.key }
        text.begin("cascade_stage_calls_total", "counter", "Calls of stages, by whether they gave an answer.")
        for (name, call) in calls {
            text.add(
                "cascade_stage_calls_total", [("stage", name), ("outcome", "answered")],
                Double(call.count - call.failed))
            text.add("cascade_stage_calls_total", [("stage", name), ("outcome", "failed")], Double(call.failed))
        }
        text.begin("cascade_stage_seconds", "histogram", "How long stages took.")
        for (name, call) in calls { text.add("cascade_stage_seconds", [("stage", name)], call.seconds) }
        text.begin("cascade_stage_tokens_total", "counter", "Tokens read and written by stages.")
        for (name, call) in calls {
            text.add("cascade_stage_tokens_total", [("stage", name), ("direction", "in")], call.tokensIn)
            text.add("cascade_stage_tokens_total", [("stage", name), ("direction", "out")], call.tokensOut)
        }
        text.begin("cascade_stage_cost_dollars_total", "counter", "Dollars spent, by stage.")
        for (name, call) in calls { text.add("cascade_stage_cost_dollars_total", [("stage", name)], call.money) }
        state(of: stages, &text)
        return text
    }

    private func state(of stages: [GatewayStage], _ text: inout PrometheusText) {
        let guarded = stages.compactMap { stage in stage.guardian.map { (stage.name, $0.status) } }
        text.begin("cascade_breaker_state", "gauge", "0 closed, 1 half-open, 2 open.")
        for (name, status) in guarded {
            let state: Double =
                switch status.breaker {
                case .closed: 0
                case .halfOpen: 1
                case .open: 2
                }
            text.add("cascade_breaker_state", [("stage", name)], state)
        }
        text.begin("cascade_stage_running", "gauge", "Calls that run now.")
        for (name, status) in guarded { text.add("cascade_stage_running", [("stage", name)], Double(status.running)) }
        text.begin("cascade_stage_waiting", "gauge", "Calls that wait for their turn.")
        for (name, status) in guarded { text.add("cascade_stage_waiting", [("stage", name)], Double(status.waiting)) }
        text.begin("cascade_stage_retries_total", "counter", "Calls made again after a fault.")
        for (name, status) in guarded {
            text.add("cascade_stage_retries_total", [("stage", name)], Double(status.retries))
        }
        text.begin("cascade_stage_hedges_total", "counter", "Second calls made because the first was slow.")
        for (name, status) in guarded {
            text.add("cascade_stage_hedges_total", [("stage", name)], Double(status.hedges))
        }
    }
}

extension GatewayMetrics.Counts.Model {
    fileprivate mutating func note(_ record: RequestRecord) {
        seconds.observe(record.seconds)
        firstByteSeconds.observe(record.firstByteSeconds)
        money += record.cost.money
        if record.choices.count > 1 { deferred += 1 }
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
