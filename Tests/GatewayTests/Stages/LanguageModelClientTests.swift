import Cascades
import Deferral
import Foundation
import Language
import Testing

@testable import Gateway

@Suite(.timeLimit(.minutes(5))) struct `models in this process behind the door` {
    /// Says its tokens, whatever it is asked.
    private struct Parrot: LanguageModel {
        var name = "parrot"
        var prices = PriceList()
        var tokens: [GeneratedToken]
        var capabilities: ModelCapabilities {
            ModelCapabilities(probabilities: .allTokens, holdsConversations: true, embedsText: true)
        }

        func events(_ request: GenerationRequest) -> AsyncThrowingStream<GenerationEvent, any Error> {
            AsyncThrowingStream { stream in
                for token in tokens.prefix(request.maximumTokens) { stream.yield(.token(token)) }
                stream.yield(.finished(.stop, GenerationUsage(promptTokens: 3, completionTokens: tokens.count)))
                stream.finish()
            }
        }

        func score(_ continuation: String, after prompt: Prompt) async throws -> [GeneratedToken] { [] }
        func embeddings(of texts: [String]) async throws -> [[Double]] { texts.map { [Double($0.utf8.count), 0.5] } }
    }

    private static var first: GeneratedToken {
        var token = GeneratedToken(text: "He", token: 1, logProbability: -0.5, entropy: 1.25, margin: 0.5)
        token.likeliest = [LikelyToken("He", logProbability: -0.5), LikelyToken("\"", logProbability: -2)]
        return token
    }

    private func run(
        _ evidence: [String] = Evidence.tokenNames, threshold: Double = -1,
        _ body: (RunningGateway) async throws -> Void
    ) async throws {
        let schema = LogSchema(stages: [
            StageSchema(name: "parrot", evidence: evidence), StageSchema(name: "other"),
        ])
        let policy = ThresholdPolicy(
            steps: [ThresholdPolicy.Step(stage: 0, score: ConfidenceScore(signal: 0), threshold: threshold)], last: 1)
        var configuration = try RunningGateway.configuration([:], policy: policy, schema: schema)
        configuration.stages = [
            GatewayConfiguration.Stage("parrot", .embedded("parrot")),
            GatewayConfiguration.Stage("other", .embedded("other")),
        ]
        configuration.models += configuration.stages.map { GatewayConfiguration.Model($0.name, stages: [$0.name]) }
        try await RunningGateway.run(configuration) { name in
            Parrot(
                name: name,
                tokens: [
                    Self.first,
                    GeneratedToken(text: "\"y", token: 2, logProbability: -1, entropy: 0.75, margin: 0.25),
                ])
        } _: { gateway in
            try await body(gateway)
        }
    }

    @Test func `an answer is what an endpoint would say`() async throws {
        try await run { gateway in
            let reply = try await gateway.post("/v1/chat/completions", RunningGateway.chat("parrot"))
            let object = try JSONSerialization.jsonObject(with: Data(reply.body.utf8)) as? [String: Any]
            let choice = (object?["choices"] as? [[String: Any]])?[0]
            #expect((choice?["message"] as? [String: Any])?["content"] as? String == "He\"y")
            #expect(choice?["logprobs"] is NSNull && choice?["finish_reason"] as? String == "stop")
            #expect((object?["usage"] as? [String: Any])?["total_tokens"] as? Int == 5)
            let stream = try await gateway.post(
                "/v1/chat/completions", RunningGateway.chat("parrot", more: #","stream":true"#))
            #expect(stream.events.count == 4 && stream.events.last == "[DONE]")
            let vectors = try await gateway.post("/v1/embeddings", #"{"model":"parrot","input":["a","bcd"]}"#)
            #expect(vectors.body.contains(#""embedding":[1,0.5]"#) && vectors.body.contains(#""embedding":[3,0.5]"#))
        }
    }

    @Test func `a policy reads its exact evidence`() async throws {
        let names = Evidence.tokenNames + ["meanEntropy", "maximumEntropy", "firstMargin"]
        for streams in [false, true] {
            try await run(names) { gateway in
                let reply = try await gateway.post(
                    "/v1/chat/completions", RunningGateway.chat("cascade", more: streams ? #","stream":true"# : ""),
                    headers: [("x-cascade-explain", "1")])
                #expect(reply("x-cascade-stage") == "parrot")
                for text in [
                    #""meanLogProbability":-0.75"#, #""meanEntropy":1,"#, #""maximumEntropy":1.25"#,
                    #""firstMargin":0.5"#,
                ] {
                    #expect(reply.body.contains(text), "\(text) in \(reply.body)")
                }
                #expect(!reply.body.contains(#""logprob":"#))
            }
        }
    }

    @Test func `plain completions tell the same as conversations`() async throws {
        let names = Evidence.tokenNames + ["meanEntropy", "maximumEntropy", "firstMargin"]
        try await run(names) { gateway in
            let reply = try await gateway.post(
                "/v1/completions", #"{"model":"cascade","prompt":"Hello"}"#, headers: [("x-cascade-explain", "1")])
            for text in [#""meanLogProbability":-0.75"#, #""meanEntropy":1,"#, #""firstMargin":0.5"#] {
                #expect(reply.body.contains(text), "\(text) in \(reply.body)")
            }
            #expect(!reply.body.contains("token_logprobs"))
            let told = try await gateway.post("/v1/completions", #"{"model":"parrot","prompt":"Hello","logprobs":2}"#)
            #expect(told.body.contains(#""tokens":["He","\"y"],"token_logprobs":[-0.5,-1]"#), "\(told.body)")
            #expect(told.body.contains(#""top_logprobs":[{"He":-0.5,"\"":-2},null]"#), "\(told.body)")
        }
    }

    @Test func `alternatives are told as they are, and do not stand in for what is known exactly`() async throws {
        try await run(Evidence.tokenNames + ["meanEntropy", "maximumEntropy", "firstMargin"]) { gateway in
            let reply = try await gateway.post(
                "/v1/chat/completions",
                RunningGateway.chat("cascade", more: #","logprobs":true,"top_logprobs":2"#),
                headers: [("x-cascade-explain", "1")])
            let quote = #"{"token":"\"","logprob":-2,"bytes":[34]}"#
            #expect(reply.body.contains(quote), "\(reply.body)")
            #expect(reply.body.contains(#""meanEntropy":1,"#), "\(reply.body)")
        }
    }

    @Test func `several answers to several prompts are choices of one reply`() async throws {
        try await run { gateway in
            let body = #"{"model":"parrot","prompt":["a","b"],"n":2}"#
            let reply = try await gateway.post("/v1/completions", body)
            let object = try JSONSerialization.jsonObject(with: Data(reply.body.utf8)) as? [String: Any]
            let choices = try #require(object?["choices"] as? [[String: Any]])
            #expect(choices.map { $0["index"] as? Int } == [0, 1, 2, 3])
            // Each prompt is read once, each answer is written.
            let usage = object?["usage"] as? [String: Int]
            #expect(usage == ["prompt_tokens": 6, "completion_tokens": 8, "total_tokens": 14])
            let stream = try await gateway.post(
                "/v1/chat/completions",
                RunningGateway.chat("parrot", more: #","n":3,"stream":true,"stream_options":{"include_usage":true}"#))
            var texts: [Int: String] = [:]
            for event in stream.events.dropLast() {
                let piece = try #require(try JSONSerialization.jsonObject(with: Data(event.utf8)) as? [String: Any])
                for choice in piece["choices"] as? [[String: Any]] ?? [] {
                    let text = (choice["delta"] as? [String: Any])?["content"] as? String
                    texts[choice["index"] as? Int ?? -1, default: ""] += text ?? ""
                }
                if let usage = piece["usage"] as? [String: Int] {
                    #expect(usage == ["prompt_tokens": 3, "completion_tokens": 6, "total_tokens": 9])
                }
            }
            #expect(texts == [0: "He\"y", 1: "He\"y", 2: "He\"y"])
            #expect(stream.body.contains(#""usage":{"#) && stream.events.last == "[DONE]")
        }
    }

    @Test func `vectors come as numbers or as base64`() async throws {
        try await run { gateway in
            func vectors(_ more: String) async throws -> RunningGateway.Reply {
                try await gateway.post("/v1/embeddings", #"{"model":"parrot","input":"abc"\#(more)}"#)
            }
            // 3 and 0.5 in single precision, little end first.
            let bytes = Data([0, 0, 0x40, 0x40, 0, 0, 0, 0x3F]).base64EncodedString()
            let packed = try await vectors(#","encoding_format":"base64""#)
            #expect(packed.body.contains("\"embedding\":\"\(bytes)\""), "\(packed.body)")
            let all = try await vectors(#","dimensions":2"#)
            #expect(all.body.contains("[3,0.5]"))
            let part = try await vectors(#","dimensions":1"#)
            #expect(part.status == 400 && part.body.contains("2 dimensions, not 1"))
            let strange = try await vectors(#","encoding_format":"hex""#)
            #expect(strange.status == 400)
        }
    }

    @Test(arguments: [
        #","tools":[{"type":"function"}]"#, #","n":0"#, #","n":1000"#, #","response_format":{"type":"yaml"}"#,
        #","response_format":{"type":"json_schema"}"#, #","temperature":"hot""#, #","best_of":3"#, #","echo":true"#,
        #","logit_bias":{"the":1}"#, #","logprobs":true,"top_logprobs":21"#,
        #","response_format":{"type":"json_object"},"grammar":"root ::= \"a\"""#,
    ])
    func `what it can't do is refused`(_ more: String) async throws {
        try await run { gateway in
            let reply = try await gateway.post("/v1/chat/completions", RunningGateway.chat("parrot", more: more))
            #expect(reply.status == 400 && reply.body.contains("unsupported"))
        }
    }
}
