import Cascades
import Foundation
import NIOCore
import Testing

@testable import Gateway

@Suite(.timeLimit(.minutes(5))) struct `streams that another stage goes on with` {
    private static let streaming = #","stream":true"#

    private static func dying(_ words: [String]) -> ScriptedUpstream.Script {
        { _ in .stream(words, isWhole: false) + [.wait(.milliseconds(20)), .close] }
    }

    private static func piece(_ id: String, _ delta: String) -> String {
        #"{"id":"\#(id)","object":"chat.completion.chunk","choices":[{"index":0,"delta":\#(delta),"finish_reason":null}]}"#
    }

    private func run(
        first: @escaping ScriptedUpstream.Script, second: @escaping ScriptedUpstream.Script,
        form: Continuation.Form? = .message, goesOn: Bool = true,
        _ body: (RunningGateway, ScriptedUpstream) async throws -> Void
    ) async throws {
        try await ScriptedUpstream.run(first) { first in
            try await ScriptedUpstream.run(second) { second in
                var configuration = try RunningGateway.configuration(["first": first, "second": second])
                for index in configuration.stages.indices { configuration.stages[index].continuation = form }
                configuration.models = [GatewayConfiguration.Model("both", stages: ["first", "second"])]
                configuration.models[0].goesOn = goesOn
                try await RunningGateway.run(configuration) { gateway in try await body(gateway, second) }
            }
        }
    }

    @Test func `what was said becomes the last message, and the rest comes as part of the same answer`() async throws {
        let second: ScriptedUpstream.Script = { _ in
            .events([Self.piece("c9", #"{"role":"assistant","content":""}"#), Self.piece("c9", #"{"content":"c"}"#)])
        }
        try await run(first: Self.dying(["a\\\"", "b"]), second: second) { gateway, upstream in
            let reply = try await gateway.post(
                "/v1/chat/completions", RunningGateway.chat("both", more: Self.streaming))
            #expect(
                reply.events == [
                    Completion.piece("a\\\""), Completion.piece("b"),
                    Self.piece("c1", #"{"role":null,"content":""}"#), Self.piece("c1", #"{"content":"c"}"#), "[DONE]",
                ])
            let asked = try #require(upstream.requests.first?.body)
            let said = #"{"role":"user","content":"Hello"},{"role":"assistant","content":"a\"b"}]"#
            #expect(asked.contains(said), "\(asked)")
            let counts = gateway.server.core.metrics.counts
            #expect(counts.requests.keys.map(\.decision) == [.continued])
            // Both are paid for: two pieces of the one, the other's two.
            #expect(counts.calls["first"]?.tokensOut == 2 && counts.calls["first"]?.failed == 1)
            #expect(counts.calls["second"]?.count == 1 && counts.calls["second"]?.failed == 0)
        }
    }

    @Test(arguments: [
        (Continuation.Form.vllm, #""continue_final_message":true,"add_generation_prompt":false,"#),
        (.prefix, #"{"role":"assistant","content":"a","prefix":true}]"#),
    ])
    func `stages are asked in their own way`(_ form: Continuation.Form, _ expected: String) async throws {
        try await run(first: Self.dying(["a"]), second: { _ in .stream(["b"]) }, form: form) { gateway, upstream in
            let reply = try await gateway.post(
                "/v1/chat/completions", RunningGateway.chat("both", more: Self.streaming))
            #expect(reply.events == [Completion.piece("a"), Completion.piece("b"), "[DONE]"])
            #expect(upstream.requests.first?.body.contains(expected) == true)
        }
    }

    @Test func `a prompt is gone on with at its end`() async throws {
        @Sendable func piece(_ text: String) -> String {
            #"{"id":"p","object":"text_completion","choices":[{"index":0,"text":"\#(text)","finish_reason":null}]}"#
        }
        let first: ScriptedUpstream.Script = { _ in
            .events([piece("two ")], isWhole: false) + [.wait(.milliseconds(20)), .close]
        }
        try await run(first: first, second: { _ in .events([piece("three")]) }, form: nil) { gateway, upstream in
            let reply = try await gateway.post(
                "/v1/completions", #"{"model":"both","prompt":"one ","stream":true}"#)
            #expect(reply.events == [piece("two "), piece("three"), "[DONE]"])
            #expect(upstream.requests.first?.body.contains(#""prompt":"one two ""#) == true)
        }
    }

    @Test func `an answer that said nothing yet is begun anew by a stage that can't go on`() async throws {
        let role = Self.piece("c1", #"{"role":"assistant","content":""}"#)
        let first: ScriptedUpstream.Script = { _ in
            .events([role], isWhole: false) + [.wait(.milliseconds(20)), .close]
        }
        try await run(first: first, second: { _ in .stream(["b"]) }, form: nil) { gateway, upstream in
            let body = RunningGateway.chat("both", more: Self.streaming)
            let reply = try await gateway.post("/v1/chat/completions", body)
            #expect(reply.events == [role, Completion.piece("b"), "[DONE]"])
            #expect(upstream.requests.first?.body.contains("assistant") == false)
        }
    }

    @Test(arguments: [0, 1, 2, 3])
    func `where nobody may or can go on, the client is told once`(_ way: Int) async throws {
        let well: ScriptedUpstream.Script = { _ in .stream(["c"]) }
        let second = way == 3 ? Self.dying(["c"]) : well
        try await run(
            first: Self.dying(["a"]), second: second, form: way == 1 ? nil : .message, goesOn: way != 0
        ) { gateway, upstream in
            let more = way == 2 ? Self.streaming + #","tools":[{"type":"function"}]"# : Self.streaming
            let reply = try await gateway.post("/v1/chat/completions", RunningGateway.chat("both", more: more))
            let said: [String] = (way == 3 ? ["a", "c"] : ["a"]).map { Completion.piece($0) }
            #expect(Array(reply.events.dropLast()) == said)
            #expect(reply.events.last?.hasPrefix("{\"error\":{") == true)
            let asked = way == 3 ? 1 : 0
            #expect(upstream.requests.count == asked)
            #expect(gateway.server.core.metrics.counts.requests.keys.map(\.decision) == [.failed])
        }
    }
}
