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
                    GeneratedToken(text: "He", token: 1, logProbability: -0.5, entropy: 1.25, margin: 0.5),
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

    @Test(arguments: [
        #","tools":[{"type":"function"}]"#, #","n":2"#, #","response_format":{"type":"json_object"}"#,
        #","temperature":"hot""#,
    ])
    func `what it can't do is refused`(_ more: String) async throws {
        try await run { gateway in
            let reply = try await gateway.post("/v1/chat/completions", RunningGateway.chat("parrot", more: more))
            #expect(reply.status == 400 && reply.body.contains("unsupported"))
        }
    }
}
