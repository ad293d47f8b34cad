import Foundation
import Testing

@testable import Gateway

@Suite(.timeLimit(.minutes(1))) struct `a stage's key` {
    private func head(
        _ path: String, headers: [(String, String)] = [], change: (inout GatewayConfiguration.Stage) -> Void = { _ in }
    ) async throws -> ScriptedUpstream.Request {
        let message =
            #"{"id":"m","type":"message","role":"assistant","content":[{"type":"text","text":"hi"}],"usage":{"input_tokens":1,"output_tokens":1}}"#
        return try await ScriptedUpstream.run { request in
            request.path.hasSuffix("/messages") ? .json(message) : .completion("hi")
        } _: { upstream in
            var configuration = try RunningGateway.configuration(["small": upstream])
            configuration.stages[0].key = "the-key"
            configuration.stages[0].interfaces = [.chatCompletions, .messages]
            change(&configuration.stages[0])
            return try await RunningGateway.run(configuration) { gateway in
                let reply = try await gateway.post(
                    path, RunningGateway.chat("small", more: #","max_tokens":5"#), headers: headers)
                #expect(reply.status == 200, "\(reply.body)")
                return try #require(upstream.requests.first)
            }
        }
    }

    @Test func `is a bearer token with OpenAI's interfaces, and x-api-key with Anthropic's`() async throws {
        let chat = try await head("/v1/chat/completions")
        #expect(chat.field("authorization") == "Bearer the-key" && chat.field("x-api-key") == nil)
        #expect(chat.field("anthropic-version") == nil)
        let messages = try await head("/v1/messages")
        #expect(messages.field("x-api-key") == "the-key" && messages.field("authorization") == nil)
        #expect(messages.field("anthropic-version") == "2023-06-01")
        let told = try await head("/v1/messages", headers: [("anthropic-version", "2024-01-01")])
        #expect(told.field("anthropic-version") == "2024-01-01")
    }

    @Test func `gives way to what the stage's header fields say`() async throws {
        let own = try await head("/v1/messages") { $0.headers = ["x-api-key": "another", "authorization": "Bearer b"] }
        #expect(own.field("x-api-key") == "another" && own.field("authorization") == "Bearer b")
    }
}
