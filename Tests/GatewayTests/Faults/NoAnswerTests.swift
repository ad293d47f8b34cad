import Foundation
import NIOCore
import Synchronization
import Testing

@testable import Gateway

/// What comes with the status of a success and is no answer.
@Suite(.timeLimit(.minutes(2))) struct `successes that are no answers` {
    /// Requests of each interface for `model`, and what a good answer to them is.
    private static func requests(_ model: String) -> [(path: String, body: String, good: String)] {
        let chat = Completion.whole("good", tokens: (3, 2))
        return [
            ("/v1/chat/completions", RunningGateway.chat(model), chat),
            ("/v1/messages", RunningGateway.chat(model, more: #","max_tokens":9"#), chat),
            ("/v1/responses", #"{"model":"\#(model)","input":"Hi"}"#, chat),
            (
                "/v1/completions", #"{"model":"\#(model)","prompt":"Hi"}"#,
                #"{"choices":[{"index":0,"text":"good","finish_reason":"stop"}]}"#
            ),
            ("/v1/embeddings", #"{"model":"\#(model)","input":"Hi"}"#, #"{"data":[{"embedding":[1]}],"note":"good"}"#),
            (
                "/v1/rank", #"{"model":"\#(model)","query":"a","documents":["b"]}"#,
                #"{"results":[{"index":0}],"note":"good"}"#
            ),
            (
                "/v1/classify", #"{"model":"\#(model)","input":"a","labels":["b","c"]}"#,
                #"{"data":[{"label":"b"}],"note":"good"}"#
            ),
        ]
    }

    private static let bad = [
        "{}", #"{"error":{"message":"out of order"}}"#, #"{"error":"out of order"}"#, "[]", "null", "7",
        #"{"choices":[]}"#,
        #"{"choices":null}"#, #"{"choices":[{"index":0,"finish_reason":"stop"}]}"#, #"{"choices":[{"message":null}]}"#,
        #"{"type":"error","error":{"type":"overloaded_error","message":"out of order"}}"#, #"{"data":{}}"#,
        #"{"object":"error","message":"out of order"}"#,
    ]

    /// A gateway with two stages, of which `small` says `bad`, and `large` what is good.
    private func run(
        _ script: @escaping ScriptedUpstream.Script,
        configure: (inout GatewayConfiguration) -> Void = { _ in },
        _ body: (RunningGateway, ScriptedUpstream) async throws -> Void
    ) async throws {
        try await ScriptedUpstream.run(script) { upstream in
            var configuration = try RunningGateway.configuration(["small": upstream, "large": upstream])
            for index in configuration.stages.indices {
                configuration.stages[index].guarding.retry.attempts = 1
                configuration.stages[index].guarding.breaker.consecutive = 1_000_000
                configuration.stages[index].guarding.breaker.calls = 1_000_000
            }
            var both = GatewayConfiguration.Model("both", stages: ["small", "large"])
            both.caching = CacheChoices()
            configuration.models.append(both)
            for index in configuration.models.indices { configuration.models[index].caching = CacheChoices() }
            configure(&configuration)
            try await RunningGateway.run(configuration) { gateway in try await body(gateway, upstream) }
        }
    }

    @Test func `are stood in for on every interface, and never kept`() async throws {
        let told = Mutex((bad: "", good: ""))
        try await run { request in
            let (bad, good) = told.withLock { $0 }
            return .json(request.body.contains("small-model") ? bad : good)
        } _: { gateway, upstream in
            for bad in Self.bad {
                for ((path, body, good), (_, alone, _)) in zip(Self.requests("both"), Self.requests("small")) {
                    // What one interface answers with is nothing at another.
                    told.withLock { $0 = (bad, good) }
                    let reply = try await gateway.post(path, body)
                    #expect(reply.status == 200 && reply.body.contains("good"), "\(path) \(bad): \(reply.body)")
                    #expect(reply("x-cascade-decision") == "failed-over" && reply("x-cascade-stage") == "large")
                    let before = upstream.requests.count
                    for _ in 0..<2 {
                        let reply = try await gateway.post(path, alone)
                        #expect(reply.status == 502 && reply("x-cascade-cache") == nil, "\(path) \(bad): \(reply.body)")
                    }
                    #expect(upstream.requests.count == before + 2, "it was asked again each time")
                }
            }
        }
    }

    @Test func `are asked for again, and the breaker hears of them`() async throws {
        let count = Mutex(0)
        try await run { _ in
            let number = count.withLock { count in
                count += 1
                return count
            }
            return number == 1 ? .json("{}") : number == 2 ? .completion("good") : .json(#"{"error":{"message":"no"}}"#)
        } configure: { configuration in
            for index in configuration.stages.indices {
                configuration.stages[index].guarding.retry.attempts = 2
                configuration.stages[index].guarding.retry.pause = 0.01
                configuration.stages[index].guarding.breaker.consecutive = 4
            }
            for index in configuration.models.indices { configuration.models[index].caching = nil }
        } _: { gateway, upstream in
            let reply = try await gateway.post("/v1/chat/completions", RunningGateway.chat("small"))
            #expect(reply.status == 200 && reply("x-cascade-decision") == "answered" && upstream.requests.count == 2)
            for _ in 0..<2 {
                #expect(try await gateway.post("/v1/chat/completions", RunningGateway.chat("small")).status == 502)
            }
            let stage = try #require(gateway.server.core.models.byName["small"]?.stages[0].guardian)
            guard case .open = stage.status.breaker else {
                Issue.record("\(stage.status.breaker)")
                return
            }
        }
    }

    @Test(arguments: [
        ([#"{"error":{"message":"no"}}"#], true), ([": wait\n\n", #"{"error":{"message":"no"}}"#], false),
        (["{}"], true),
        ([#"{"choices":[]}"#], true), ([], true), ([#"{"choices":[],"prompt_filter_results":[]}"#], false),
    ])
    func `in streams are stood in for before anything is passed on`(events: [String], isWhole: Bool) async throws {
        try await run { request in
            guard request.body.contains("small-model") else { return .stream(["go", "od"]) }
            var steps: [ScriptedUpstream.Step] = [.send(Completion.streamHead)]
            steps += events.map { .send(Completion.chunk($0.hasPrefix(":") ? $0 : "data: \($0)\n\n")) }
            return steps + (isWhole ? [.send(Completion.chunk("data: [DONE]\n\n") + "0\r\n\r\n")] : [.close])
        } _: { gateway, _ in
            for (path, body) in [
                ("/v1/chat/completions", RunningGateway.chat("both", more: #","stream":true"#)),
                ("/v1/messages", RunningGateway.chat("both", more: #","max_tokens":9,"stream":true"#)),
                ("/v1/responses", #"{"model":"both","input":"Hi","stream":true}"#),
            ] {
                let reply = try await gateway.post(path, body)
                #expect(reply.status == 200 && reply("x-cascade-decision") == "failed-over", "\(path): \(reply.body)")
                #expect(reply.body.contains("go") && !reply.body.contains(#""error":{"#), "\(path): \(reply.body)")
            }
        }
    }

    @Test func `calls of tools that the client's interface can't say are stood in for`() async throws {
        let broken =
            #"{"choices":[{"index":0,"message":{"tool_calls":[{"id":"c","function":{"name":"f","arguments":"{no"}}]},"finish_reason":"tool_calls"}]}"#
        try await run { request in
            request.body.contains("small-model") ? .json(broken) : .completion("good")
        } _: { gateway, _ in
            let reply = try await gateway.post(
                "/v1/messages", RunningGateway.chat("both", more: #","max_tokens":9"#))
            #expect(reply.status == 200 && reply.body.contains("good"), "\(reply.body)")
            #expect(reply("x-cascade-decision") == "failed-over")
        }
    }

    @Test func `an error's own code counts where it is a status`() async throws {
        try await run { _ in
            .json(#"{"error":{"message":"too long for the model","code":400}}"#)
        } _: {
            gateway, _ in
            let reply = try await gateway.post("/v1/chat/completions", RunningGateway.chat("small"))
            #expect(reply.status == 400 && reply.body.contains("too long for the model"))
            #expect(StageError.told(ByteBuffer(string: #"{"error":{"code":"x"}}"#)).kind == "status 502")
            #expect(StageError.told(ByteBuffer(string: #"{"error":{"code":200}}"#)).kind == "status 502")
        }
    }
}
