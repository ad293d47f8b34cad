import Cascades
import Foundation
import Storage

extension GatewayMetrics {
    /// What else is shown than what was counted: the state of things now.
    struct Now {
        var stages: [GatewayStage] = []
        /// Of the last five minutes: the share of requests that asked more than one stage; nil where there were none.
        var deferralRate: Double?
        /// When the process began, in seconds since 1970.
        var started = 0.0
        /// What is held of requests' bodies, in bytes, and how many requests found no room.
        var heldBytes = 0
        var shed = 0
        /// Answers that were given again, by model.
        var caches: [String: AnswerCaching.Status] = [:]
        /// What became of records; nil where there is no store.
        var records: RecordWriter.Counts?
        /// What became of spans, where traces are kept.
        var spans: SpanExporter.Counts?
    }

    /// All of it in Prometheus' text format.
    func prometheus(_ now: Now) -> PrometheusText {
        let counts = counts
        var text = PrometheusText()
        text.begin("process_start_time_seconds", "gauge", "When the gateway began, in seconds since 1970.")
        text.add("process_start_time_seconds", [], now.started)
        requests(counts, &text)
        models(counts, now, &text)
        calls(counts, &text)
        Self.state(of: now.stages, &text)
        text.begin("cascade_held_bytes", "gauge", "Bytes of requests' bodies that are held now.")
        text.add("cascade_held_bytes", [], Double(now.heldBytes))
        text.begin("cascade_shed_total", "counter", "Requests that found no room for their bodies.")
        text.add("cascade_shed_total", [], Double(now.shed))
        caches(now.caches, &text)
        if let records = now.records {
            text.begin("cascade_records_waiting", "gauge", "Records that wait for the store.")
            text.add("cascade_records_waiting", [], Double(records.waiting))
            text.begin("cascade_records_total", "counter", "Records, by what became of them.")
            text.add("cascade_records_total", [("outcome", "written")], Double(records.written))
            text.add("cascade_records_total", [("outcome", "lost")], Double(records.lost))
        }
        if let spans = now.spans {
            text.begin("cascade_spans_total", "counter", "Spans of traces, by what became of them.")
            text.add("cascade_spans_total", [("outcome", "sent")], Double(spans.sent))
            text.add("cascade_spans_total", [("outcome", "dropped")], Double(spans.dropped))
        }
        return text
    }

    private func caches(_ caches: [String: AnswerCaching.Status], _ text: inout PrometheusText) {
        if caches.isEmpty { return }
        let name = "cascade_cache_total"
        text.begin(name, "counter", "Requests that a cache was asked for, by what it found.")
        for (model, status) in caches.sorted(by: { $0.key < $1.key }) {
            text.add(name, [("model", model), ("found", "exact")], Double(status.counts.exactHits))
            text.add(name, [("model", model), ("found", "semantic")], Double(status.counts.semanticHits))
            text.add(name, [("model", model), ("found", "nothing")], Double(status.counts.misses))
        }
    }

    private func requests(_ counts: Counts, _ text: inout PrometheusText) {
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
    }

    private func models(_ counts: Counts, _ now: Now, _ text: inout PrometheusText) {
        let models = counts.models.sorted { $0.key < $1.key }
        func each(_ name: String, _ kind: String, _ help: String, _ value: (Counts.Model) -> Double) {
            text.begin(name, kind, help)
            for (model, counts) in models { text.add(name, [("model", model)], value(counts)) }
        }
        text.begin("cascade_request_seconds", "histogram", "From a request's head to its answer's end.")
        for (name, model) in models { text.add("cascade_request_seconds", [("model", name)], model.seconds) }
        text.begin("cascade_first_byte_seconds", "histogram", "From a request's head to its answer's first byte.")
        for (name, model) in models {
            text.add("cascade_first_byte_seconds", [("model", name)], model.firstByteSeconds)
        }
        each("cascade_cost_dollars_total", "counter", "Dollars spent, by published model.", \.money)
        each(
            "cascade_reference_cost_dollars_total", "counter",
            "Dollars that the reference stage would have taken for the same answers.", \.reference)
        // A request that asked two stages may cost more than the reference: what is saved can fall.
        each("cascade_saved_dollars", "gauge", "What the reference stage would have taken, less what was spent.") {
            $0.reference - $0.money
        }
        each("cascade_deferred_total", "counter", "Requests for which the policy asked more than one stage.") {
            Double($0.deferred)
        }
        text.begin(
            "cascade_deferral_ratio", "gauge",
            "The share of the last five minutes' requests for which more than one stage was asked.")
        if let rate = now.deferralRate { text.add("cascade_deferral_ratio", [], rate) }
    }

    private func calls(_ counts: Counts, _ text: inout PrometheusText) {
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
    }

    private static func state(of stages: [GatewayStage], _ text: inout PrometheusText) {
        let guarded = stages.compactMap { stage in stage.guardian.map { (stage.name, $0.status) } }
        func each(_ name: String, _ kind: String, _ help: String, _ value: (StageGuard.Status) -> Double?) {
            text.begin(name, kind, help)
            for (stage, status) in guarded {
                if let value = value(status) { text.add(name, [("stage", stage)], value) }
            }
        }
        each("cascade_breaker_state", "gauge", "0 closed, 1 half-open, 2 open.") { status in
            switch status.breaker {
            case .closed: 0
            case .halfOpen: 1
            case .open: 2
            }
        }
        each("cascade_stage_running", "gauge", "Calls that run now.") { Double($0.running) }
        each("cascade_stage_waiting", "gauge", "Calls that wait for their turn.") { Double($0.waiting) }
        each("cascade_stage_retries_total", "counter", "Calls made again after a fault.") { Double($0.retries) }
        each("cascade_stage_hedges_total", "counter", "Second calls made because the first was slow.") {
            Double($0.hedges)
        }
        each("cascade_stage_slow_seconds", "gauge", "The latency beyond which a second call is made.") { $0.slow }
    }
}
