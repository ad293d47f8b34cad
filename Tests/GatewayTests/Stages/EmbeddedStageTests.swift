import Foundation
import Language
import Testing

@testable import Gateway

private let path = try? ModelStore().path(of: "smollm2-135m")

/// A real model behind the door, asked as an endpoint would be.
@Suite(.timeLimit(.minutes(10)), .enabled(if: path != nil, "needs `cascade models get smollm2-135m`"))
struct `a real model in this process behind the door` {
    private func run(_ body: (RunningGateway) async throws -> Void) async throws {
        let path = try #require(path)
        var configuration = GatewayConfiguration()
        configuration.stages = [GatewayConfiguration.Stage("local", .embedded("smollm2-135m"))]
        configuration.models = [GatewayConfiguration.Model("local", stages: ["local"])]
        try await RunningGateway.run(configuration) { _ in
            try EmbeddedLanguageModel(path: path, context: ContextConfiguration(threads: 1))
        } _: { gateway in
            try await body(gateway)
        }
    }

    private func choices(_ reply: RunningGateway.Reply) throws -> [[String: Any]] {
        #expect(reply.status == 200, "\(reply.body)")
        let object = try JSONSerialization.jsonObject(with: Data(reply.body.utf8)) as? [String: Any]
        return try #require(object?["choices"] as? [[String: Any]])
    }

    private func text(_ choice: [String: Any]) -> String? {
        (choice["message"] as? [String: Any])?["content"] as? String
    }

    @Test func `it answers in the form that is asked for`() async throws {
        let schema =
            #"{"type":"object","properties":{"colour":{"enum":["red","blue"]},"count":{"type":"integer","minimum":1,"maximum":9}},"required":["colour","count"],"additionalProperties":false}"#
        try await run { gateway in
            let format = #","response_format":{"type":"json_schema","json_schema":{"name":"a","schema":\#(schema)}}"#
            for streams in [false, true] {
                let more = format + #","max_tokens":60,"seed":4"# + (streams ? #","stream":true"# : "")
                let reply = try await gateway.post(
                    "/v1/chat/completions", RunningGateway.chat("local", "A colour and a count, please.", more: more))
                let content: String
                if streams {
                    content = try reply.events.dropLast().map { event in
                        let piece = try JSONSerialization.jsonObject(with: Data(event.utf8)) as? [String: Any]
                        let delta = (piece?["choices"] as? [[String: Any]])?.first?["delta"] as? [String: Any]
                        return delta?["content"] as? String ?? ""
                    }.joined()
                } else {
                    content = text(try choices(reply)[0]) ?? ""
                }
                let object = try JSONSerialization.jsonObject(with: Data(content.utf8)) as? [String: Any]
                #expect(["red", "blue"].contains(object?["colour"] as? String))
                #expect((1...9).contains(object?["count"] as? Int ?? 0) && object?.count == 2, "\(content)")
            }
            let strict = try await gateway.post(
                "/v1/chat/completions",
                RunningGateway.chat("local", more: #","grammar":"root ::= \"yes\" | \"no\"""#))
            #expect(["yes", "no"].contains(text(try choices(strict)[0])))
            let broken = try await gateway.post(
                "/v1/chat/completions", RunningGateway.chat("local", more: #","grammar":"root ::= other""#))
            #expect(broken.status == 400 && broken.body.contains("other"), "\(broken.body)")
        }
    }

    @Test func `it tells its likeliest tokens, and a bias moves them`() async throws {
        try await run { gateway in
            let more = #","temperature":0,"max_tokens":3,"logprobs":true,"top_logprobs":4"#
            func tokens(_ more: String) async throws -> [[String: Any]] {
                let reply = try await gateway.post(
                    "/v1/chat/completions", RunningGateway.chat("local", "Name a colour.", more: more))
                let told = try choices(reply)[0]["logprobs"] as? [String: Any]
                return try #require(told?["content"] as? [[String: Any]])
            }
            let plain = try await tokens(more)
            for token in plain {
                let likeliest = try #require(token["top_logprobs"] as? [[String: Any]])
                let values = likeliest.compactMap { $0["logprob"] as? Double }
                // Without chance the likeliest token comes, and what it is told twice is the same.
                #expect(values.count == 4 && values == values.sorted(by: >))
                #expect(likeliest[0]["token"] as? String == token["token"] as? String)
                #expect(abs(values[0] - (token["logprob"] as? Double ?? .nan)) < 1e-5)
                #expect(values.reduce(0) { $0 + exp($1) } <= 1 + 1e-6)
            }
            let path = try #require(path)
            let vocabulary = try EmbeddedModel(path: path)
            let first = try #require(plain[0]["token"] as? String)
            let token = try #require(vocabulary.tokens(of: first).first)
            let banned = try await tokens(more + #","logit_bias":{"\#(token)":-100}"#)
            let second = (plain[0]["top_logprobs"] as? [[String: Any]])?[1]["token"] as? String
            #expect(banned[0]["token"] as? String == second)
        }
    }

    @Test func `several answers differ, and the same seed gives the same ones`() async throws {
        try await run { gateway in
            func texts() async throws -> [String?] {
                let reply = try await gateway.post(
                    "/v1/chat/completions",
                    RunningGateway.chat("local", "Write a line.", more: #","n":4,"max_tokens":12,"seed":7"#))
                return try choices(reply).map(text)
            }
            let once = try await texts()
            let again = try await texts()
            #expect(once.count == 4 && Set(once).count > 1 && once == again)
        }
    }
}
