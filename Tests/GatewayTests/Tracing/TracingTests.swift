import Cascades
import Foundation
import NIOCore
import Synchronization
import Testing

@testable import Gateway

@Suite(.timeLimit(.minutes(5))) struct `traces` {
    /// A span as the collector got it.
    struct Received {
        var tree: JSONTree

        var name: String { tree["name"]?.text ?? "" }
        var trace: String { tree["traceId"]?.text ?? "" }
        var id: String { tree["spanId"]?.text ?? "" }
        var parent: String? { tree["parentSpanId"]?.text }
        var kind: Double { tree["kind"]?.number ?? 0 }
        var start: UInt64 { UInt64(tree["startTimeUnixNano"]?.text ?? "") ?? 0 }
        var end: UInt64 { UInt64(tree["endTimeUnixNano"]?.text ?? "") ?? 0 }

        func text(_ name: String) -> String? { value(name)?["stringValue"]?.text }
        func whole(_ name: String) -> Int? { value(name)?["intValue"]?.text.flatMap { Int($0) } }
        func number(_ name: String) -> Double? { value(name)?["doubleValue"]?.number }

        private func value(_ name: String) -> JSONTree? {
            tree["attributes"]?.elements?.first { $0["key"]?.text == name }?["value"]
        }
    }

    /// All spans that `collector` was sent, once there are `count`.
    static func spans(_ collector: ScriptedUpstream, _ count: Int) async throws -> [Received] {
        let deadline = ContinuousClock.now + .seconds(60)
        while true {
            let spans = try collector.requests.flatMap { request in
                #expect(request.path == "/v1/traces" && request.field("content-type") == "application/json")
                let tree = try JSONTree(ByteBuffer(string: request.body))
                let resource = try #require(tree["resourceSpans"]?.elements?.first)
                let names = resource["resource"]?["attributes"]?.elements?.compactMap { $0["key"]?.text } ?? []
                #expect(names.contains("service.name"))
                return resource["scopeSpans"]?.elements?.first?["spans"]?.elements?.map { Received(tree: $0) } ?? []
            }
            if spans.count >= count || ContinuousClock.now > deadline { return spans }
            try await Task.sleep(for: .milliseconds(5))
        }
    }

    private static let script: ScriptedUpstream.Script = { request in
        if request.body.contains("break") { return .json(#"{"error":{"message":"no"}}"#, status: 500) }
        let isLarge = request.body.contains("large-model")
        return request.body.contains(#""stream":true"#)
            ? .stream(["a", "b"], logprobs: isLarge ? nil : [-3, -3])
            : .completion("hm", logprobs: isLarge ? nil : [-3], tokens: (10, 5))
    }

    /// Runs `body` with a gateway whose traces go to a collector, and two stages.
    private func run(
        share: Double = 1, collects: @escaping ScriptedUpstream.Script = { _ in .json("{}") },
        _ body: (RunningGateway, _ collector: ScriptedUpstream, _ stage: ScriptedUpstream) async throws -> Void
    ) async throws {
        try await ScriptedUpstream.run(collects) { collector in
            try await ScriptedUpstream.run(Self.script) { stage in
                var configuration = try RunningGateway.configuration(
                    ["small": stage, "large": stage], policy: RunningGateway.deferring, schema: RunningGateway.schema)
                for index in configuration.stages.indices {
                    configuration.stages[index].guarding.retry.attempts = 1
                }
                var traces = TracingOptions(endpoint: "http://127.0.0.1:\(collector.port)")
                traces.share = share
                traces.interval = 0.02
                traces.headers = ["x-collector-key": "k"]
                configuration.traces = traces
                try await RunningGateway.run(configuration) { gateway in try await body(gateway, collector, stage) }
            }
        }
    }

    static let parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"

    @Test func `go on from the client's to the stages, and to the collector`() async throws {
        try await run { gateway, collector, stage in
            let reply = try await gateway.post(
                "/v1/chat/completions", RunningGateway.chat("cascade"),
                headers: [("traceparent", Self.parent), ("tracestate", "vendor=1")])
            #expect(reply.status == 200)
            let spans = try await Self.spans(collector, 3)
            #expect(spans.count == 3 && collector.requests.allSatisfy { $0.field("x-collector-key") == "k" })
            let server = try #require(spans.first { $0.kind == 2 })
            #expect(server.name == "chat cascade" && server.parent == "b7ad6b7169203331")
            #expect(spans.allSatisfy { $0.trace == "0af7651916cd43dd8448eb211c80319c" && $0.end >= $0.start })
            #expect(server.text("gen_ai.operation.name") == "chat" && server.text("gen_ai.request.model") == "cascade")
            #expect(server.whole("http.response.status_code") == 200)
            #expect(server.whole("gen_ai.usage.input_tokens") == 20 && server.whole("gen_ai.usage.output_tokens") == 10)
            #expect(server.text("cascade.stage") == "large" && server.text("cascade.decision") == "answered")
            #expect(server.text("cascade.request.id") == reply("x-cascade-request-id"))
            #expect(server.number("cascade.cost.dollars") == 40)
            for (request, name) in zip(stage.requests, ["small", "large"]) {
                let span = try #require(spans.first { $0.text("cascade.stage") == name && $0.kind == 3 })
                #expect(span.name == "chat \(name)-model" && span.parent == server.id)
                #expect(span.text("gen_ai.request.model") == "\(name)-model")
                #expect(span.text("gen_ai.provider.name") == "openai")
                #expect(span.text("server.address") == "127.0.0.1" && span.whole("server.port") == stage.port)
                #expect(span.whole("gen_ai.usage.input_tokens") == 10 && span.number("cascade.cost.dollars") == 20)
                #expect(span.start >= server.start && span.end <= server.end)
                // The stage hangs its own spans below the one of its call.
                #expect(request.field("traceparent") == "00-\(server.trace)-\(span.id)-01")
                #expect(request.field("tracestate") == "vendor=1")
            }
        }
    }

    @Test func `streams, failures and refusals have their spans, too`() async throws {
        try await run { gateway, collector, stage in
            let stream = try await gateway.post(
                "/v1/chat/completions", RunningGateway.chat("large", more: ",\"stream\":true"))
            #expect(stream.events.last == "[DONE]")
            let broken = try await gateway.post("/v1/chat/completions", RunningGateway.chat("small", "break"))
            #expect(broken.status == 502)
            #expect(try await gateway.post("/v1/chat/completions", RunningGateway.chat("none")).status == 404)
            let spans = try await Self.spans(collector, 5)
            #expect(spans.count == 5 && Set(spans.map(\.trace)).count == 3, "each is a trace of its own")
            let passed = try #require(spans.first { $0.kind == 3 && $0.text("cascade.stage") == "large" })
            #expect(passed.whole("gen_ai.usage.output_tokens") == 5 && passed.tree["status"] == nil)
            let failed = try #require(spans.first { $0.kind == 3 && $0.text("cascade.stage") == "small" })
            #expect(failed.tree["status"]?["code"]?.number == 2)
            #expect(failed.text("error.type") == "status 500")
            let server = try #require(spans.first { $0.id == failed.parent })
            #expect(server.whole("http.response.status_code") == 502 && server.text("error.type") == "502")
            #expect(server.parent == nil)
            let refused = try #require(spans.first { $0.whole("http.response.status_code") == 404 })
            #expect(refused.name == "chat" && refused.text("error.type") == nil)
        }
    }

    @Test func `a trace that its sender does not record is passed on and not sent`() async throws {
        try await run { gateway, collector, stage in
            let parent = Self.parent.dropLast(2) + "00"
            _ = try await gateway.post(
                "/v1/chat/completions", RunningGateway.chat("large"), headers: [("traceparent", String(parent))])
            let told = try #require(stage.requests.last?.field("traceparent"))
            #expect(told.hasPrefix("00-0af7651916cd43dd8448eb211c80319c-") && told.hasSuffix("-00"))
            #expect(told != parent)
            // A later one that is recorded arrives, and nothing of the one before with it or earlier.
            _ = try await gateway.post("/v1/chat/completions", RunningGateway.chat("large"))
            let spans = try await Self.spans(collector, 2)
            #expect(spans.count == 2 && spans.allSatisfy { $0.trace != "0af7651916cd43dd8448eb211c80319c" })
        }
    }

    @Test func `a share of new traces is recorded, whole ones`() async throws {
        try await run(share: 0.5) { gateway, collector, stage in
            for _ in 0..<60 { _ = try await gateway.post("/v1/chat/completions", RunningGateway.chat("large")) }
            let sampled = stage.requests.count { $0.field("traceparent")?.hasSuffix("-01") == true }
            // With 60 fair coins, fewer than 12 or more than 48 heads come up less than once in a million times.
            #expect((12...48).contains(sampled))
            let spans = try await Self.spans(collector, 2 * sampled)
            #expect(spans.count == 2 * sampled)
            #expect(Dictionary(grouping: spans, by: \.trace).values.allSatisfy { $0.count == 2 })
        }
    }

    @Test func `a collector that is busy is tried again, and one that refuses is not`() async throws {
        let count = Counter()
        try await run(collects: { _ in
            count.next() == 1 ? .json("{}", status: 503, headers: ["retry-after: 0"]) : .json("{}")
        }) { gateway, collector, _ in
            _ = try await gateway.post("/v1/chat/completions", RunningGateway.chat("large"))
            _ = try await Self.spans(collector, 4)
            #expect(collector.requests.count == 2 && collector.requests[0].body == collector.requests[1].body)
            #expect(try await exported(gateway) { $0.sent == 2 } == SpanExporter.Counts(sent: 2, dropped: 0))
        }
        try await run(collects: { _ in .json("{}", status: 400) }) { gateway, collector, _ in
            let reply = try await gateway.post("/v1/chat/completions", RunningGateway.chat("large"))
            #expect(reply.status == 200)
            #expect(try await exported(gateway) { $0.dropped == 2 } == SpanExporter.Counts(sent: 0, dropped: 2))
            #expect(collector.requests.count == 1)
            // The loss is told.
            let metrics = try PrometheusParser(try await gateway.get("/metrics").body)
            #expect(metrics.value("cascade_spans_total", ["outcome": "dropped"]) == 2)
        }
    }

    @Test func `what waits when the gateway stops is sent`() async throws {
        try await ScriptedUpstream.run({ _ in .json("{}") }) { collector in
            try await ScriptedUpstream.run(Self.script) { stage in
                var configuration = try RunningGateway.configuration(["small": stage])
                configuration.traces = TracingOptions(endpoint: "http://127.0.0.1:\(collector.port)/")
                configuration.traces?.interval = 3600
                try await RunningGateway.run(configuration) { gateway in
                    _ = try await gateway.post("/v1/chat/completions", RunningGateway.chat("small"))
                    #expect(collector.requests.isEmpty)
                }
                #expect(try await Self.spans(collector, 2).count == 2)
            }
        }
    }

    /// What became of spans, once `isEnough` or after a while.
    private func exported(
        _ gateway: RunningGateway, _ isEnough: (SpanExporter.Counts) -> Bool
    ) async throws -> SpanExporter.Counts {
        let tracer = try #require(gateway.server.core.tracer as? OTLPTracer)
        let deadline = ContinuousClock.now + .seconds(60)
        while !isEnough(tracer.exporter.counts), ContinuousClock.now < deadline {
            try await Task.sleep(for: .milliseconds(5))
        }
        return tracer.exporter.counts
    }

    private final class Counter: Sendable {
        private let count = Mutex(0)

        func next() -> Int {
            count.withLock { count in
                count += 1
                return count
            }
        }
    }
}
