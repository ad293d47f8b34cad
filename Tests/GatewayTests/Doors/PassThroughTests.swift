import Foundation
import NIOCore
import Testing

@testable import Gateway

@Suite(.timeLimit(.minutes(5))) struct `requests that pass through` {
    @Test func `a request reaches its stage whole, with another model's name`() async throws {
        let tools =
            #","tools":[{"type":"function","function":{"name":"f","parameters":{"type":"object","properties":{"a":{"enum":[1.0,1e0,10]}}}}}],"x_unknown":{"deep":[[[null]]]},"temperature":0.70"#
        try await ScriptedUpstream.run { _ in
            .completion("hello")
        } _: { upstream in
            try await RunningGateway.run(RunningGateway.configuration(["small": upstream])) { gateway in
                let body = RunningGateway.chat("small", more: tools)
                let reply = try await gateway.post(
                    "/v1/chat/completions", body, headers: [("traceparent", "00-ab-cd-01"), ("x-secret", "no")])
                #expect(reply.status == 200)
                #expect(reply.body == Completion.whole("hello", tokens: (10, 5)))
                #expect(reply("content-type") == "application/json")
                #expect(reply("x-cascade-stage") == "small" && reply("x-cascade-decision") == "answered")
                // Ten tokens in at a dollar, five out at two.
                #expect(reply("x-cascade-cost") == "20")
                #expect(reply("x-cascade-request-id")?.hasPrefix("req_") == true)
                let sent = try #require(upstream.requests.first)
                #expect(sent.body == body.replacing("\"small\"", with: "\"small-model\""))
                #expect(sent.path == "/v1/chat/completions")
                #expect(sent.field("traceparent") == "00-ab-cd-01" && sent.field("x-secret") == nil)
            }
        }
    }

    @Test func `the other interfaces pass through as well`() async throws {
        let answers = [
            "/v1/embeddings": #"{"object":"list","data":[],"usage":{"prompt_tokens":4,"total_tokens":4}}"#,
            "/v1/completions": #"{"choices":[{"text":"b"}],"usage":{"prompt_tokens":4,"total_tokens":4}}"#,
        ]
        try await ScriptedUpstream.run { request in
            .json(answers[request.path] ?? "")
        } _: { upstream in
            try await RunningGateway.run(RunningGateway.configuration(["small": upstream])) { gateway in
                for path in ["/v1/embeddings", "/v1/completions"] {
                    let answer = try #require(answers[path])
                    let reply = try await gateway.post(path, #"{"model":"small","input":"a"}"#)
                    #expect(reply.body == answer && reply("x-cascade-cost") == "4")
                }
                #expect(upstream.requests.map(\.path) == ["/v1/embeddings", "/v1/completions"])
                let models = try await gateway.get("/v1/models")
                #expect(models.body.contains(#""id":"small","object":"model""#))
                #expect(try await gateway.get("/v1/models/small").status == 200)
                let anthropic = [("anthropic-version", "2023-06-01")]
                let page = try await gateway.get("/v1/models", headers: anthropic)
                #expect(page.body.hasPrefix(#"{"data":[{"type":"model","id":"small","display_name":"small","#))
                #expect(page.body.hasSuffix(#""has_more":false,"first_id":"small","last_id":"small"}"#))
                let missing = try await gateway.get("/v1/models/none", headers: anthropic)
                #expect(missing.status == 404 && missing.body.hasPrefix(#"{"type":"error""#))
                #expect(try await gateway.get("/v1/models/none").status == 404)
                #expect(try await gateway.get("/health/ready").status == 200)
                let metrics = try await gateway.get("/metrics").body
                #expect(metrics.contains(#"cascade_stage_calls_total{stage="small",outcome="answered"} 2"#))
                #expect(metrics.contains(#"cascade_request_seconds_count{model="small"} 2"#))
                #expect(metrics.contains(#"cascade_breaker_state{stage="small"} 0"#))
                #expect(try await gateway.get("/nothing").status == 404)
            }
        }
    }

    @Test func `a stream passes through event by event`() async throws {
        try await ScriptedUpstream.run { _ in
            .stream(["a", "b", "c"])
        } _: { upstream in
            try await RunningGateway.run(RunningGateway.configuration(["small": upstream])) { gateway in
                let reply = try await gateway.post(
                    "/v1/chat/completions", RunningGateway.chat("small", more: #","stream":true"#))
                #expect(reply("content-type") == "text/event-stream")
                // What only the gateway asked for is not passed on.
                #expect(reply.events == ["a", "b", "c"].map { Completion.piece($0) } + ["[DONE]"])
                #expect(upstream.requests[0].body.contains("include_usage"))
                let counts = gateway.server.core.metrics.counts
                #expect(counts.calls["small"]?.money == 20)
                let asked = try await gateway.post(
                    "/v1/chat/completions",
                    RunningGateway.chat("small", more: #","stream":true,"stream_options":{"include_usage":true}"#))
                #expect(asked.events.contains(Completion.usage((10, 5))))
            }
        }
    }

    @Test func `what a stage refuses is passed on, what it breaks is said`() async throws {
        let refusal = #"{"error":{"message":"context too long","code":"context_length_exceeded"}}"#
        try await ScriptedUpstream.run { request in
            if request.body.contains("refuse") { return .json(refusal, status: 400) }
            if request.body.contains("limit") {
                return .json("{}", status: 429, headers: ["retry-after: 7"])
            }
            return .json("not json")
        } _: { upstream in
            try await RunningGateway.run(RunningGateway.configuration(["small": upstream])) { gateway in
                let refused = try await gateway.post("/v1/chat/completions", RunningGateway.chat("small", "refuse"))
                #expect(refused.status == 400 && refused.body == refusal)
                let limited = try await gateway.post("/v1/chat/completions", RunningGateway.chat("small", "limit"))
                #expect(limited.status == 429 && limited("retry-after") == "7")
                let broken = try await gateway.post("/v1/chat/completions", RunningGateway.chat("small", "other"))
                #expect(broken.status == 502 && broken.body.contains("can't be read"))
            }
        }
    }

    @Test func `requests that can't be served are told why`() async throws {
        try await ScriptedUpstream.run { _ in
            .completion("hello")
        } _: { upstream in
            try await RunningGateway.run(RunningGateway.configuration(["small": upstream])) { gateway in
                let unknown = try await gateway.post("/v1/chat/completions", RunningGateway.chat("nobody"))
                #expect(unknown.status == 404 && unknown.body.contains("model_not_found"))
                #expect(unknown.body.contains("small"))
                let broken = try await gateway.post("/v1/chat/completions", "{\"model\":")
                #expect(broken.status == 400 && broken.body.contains("invalid_json"))
                let deep = String(repeating: "[", count: 100_000)
                #expect(
                    try await gateway.post("/v1/chat/completions", "{\"model\":\"small\",\"a\":\(deep)").status == 400)
                #expect(try await gateway.get("/v1/chat/completions").status == 405)
                #expect(upstream.requests.isEmpty)
            }
        }
    }

    @Test func `the decision comes in the body when asked for`() async throws {
        try await ScriptedUpstream.run { request in
            request.body.contains("\"stream\":true") ? .stream(["a"]) : .completion("hello")
        } _: { upstream in
            try await RunningGateway.run(RunningGateway.configuration(["small": upstream])) { gateway in
                let headers = [("x-cascade-explain", "body")]
                let whole = try await gateway.post(
                    "/v1/chat/completions", RunningGateway.chat("small"), headers: headers)
                let object = try JSONSerialization.jsonObject(with: Data(whole.body.utf8)) as? [String: Any]
                let decision = object?["cascade"] as? [String: Any]
                #expect(decision?["stage"] as? String == "small")
                #expect((decision?["cost"] as? [String: Any])?["money"] as? Double == 20)
                let stream = try await gateway.post(
                    "/v1/chat/completions", RunningGateway.chat("small", more: #","stream":true"#), headers: headers)
                #expect(stream.events.last == "[DONE]" && stream.events.count == 3)
                #expect(stream.events[1].contains(#""cascade":{"request_id":"req_"#))
                #expect(stream.events[1].contains(#""money":20"#))
            }
        }
    }
}
