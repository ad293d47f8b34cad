import Cascades
import Deferral
import Foundation
import Language
import NIOCore
import Testing

@testable import Gateway

/// Finds short texts likely, and puts texts at the counts of their letters a and b.
private struct Weigher: LanguageModel {
    var name = "weigher"
    var prices = PriceList(perMillionTokensIn: 1e6)
    var capabilities: ModelCapabilities {
        ModelCapabilities(
            probabilities: .allTokens, scoresText: true, holdsConversations: true, embedsText: true)
    }

    func events(_ request: GenerationRequest) -> AsyncThrowingStream<GenerationEvent, any Error> {
        AsyncThrowingStream { $0.finish() }
    }

    func score(_ continuation: String, after prompt: Prompt) async throws -> [GeneratedToken] {
        [GeneratedToken(text: continuation, token: 1, logProbability: -Double(continuation.utf8.count))]
    }

    func embeddings(of texts: [String]) async throws -> [[Double]] {
        texts.map { text in ["a", "b"].map { letter in Double(text.count { $0 == letter }) } }
    }
}

@Suite(.timeLimit(.minutes(5))) struct `doors that choose` {
    private func run(_ body: (RunningGateway) async throws -> Void) async throws {
        var configuration = GatewayConfiguration()
        configuration.stages = [GatewayConfiguration.Stage("weigher", .embedded("weigher"))]
        configuration.stages[0].prices = PriceList(perMillionTokensIn: 1e6)
        configuration.models = [GatewayConfiguration.Model("weigher", stages: ["weigher"])]
        try await RunningGateway.run(configuration) { _ in
            Weigher()
        } _: {
            try await body($0)
        }
    }

    private static func object(_ reply: RunningGateway.Reply) throws -> [String: Any] {
        try #require(try JSONSerialization.jsonObject(with: Data(reply.body.utf8)) as? [String: Any], "\(reply.body)")
    }

    @Test func `a text is classified by how likely the labels are after it`() async throws {
        try await run { gateway in
            let reply = try await gateway.post(
                "/v1/classify", #"{"model":"weigher","input":["one","two"],"labels":["yes","no"]}"#)
            let object = try Self.object(reply)
            #expect(object["labels"] as? [String] == ["yes", "no"])
            let data = try #require(object["data"] as? [[String: Any]])
            #expect(data.count == 2 && data.map { $0["label"] as? String } == ["no", "no"])
            let probabilities = try #require(data[0]["probs"] as? [Double])
            // One byte more is e times less likely.
            #expect(abs(probabilities[0] - 1 / (1 + exp(1))) < 1e-12 && abs(probabilities.reduce(0, +) - 1) < 1e-12)
            // Two labels were read for each of two texts.
            #expect(reply("x-cascade-cost") == "4" && reply("x-cascade-stage") == "weigher")
        }
    }

    @Test func `documents are ranked by how near they are to the query`() async throws {
        try await run { gateway in
            for path in ["/v1/rank", "/v1/rerank"] {
                let reply = try await gateway.post(
                    path, #"{"model":"weigher","query":"aab","documents":["b","aab","ab","aabaab"],"top_n":3}"#)
                let results = try #require(try Self.object(reply)["results"] as? [[String: Any]])
                // Equals keep their order.
                #expect(results.map { $0["index"] as? Int } == [1, 3, 2])
                let scores = results.compactMap { $0["relevance_score"] as? Double }
                #expect(abs(scores[0] - 1) < 1e-12 && abs(scores[2] - 3 / 10.0.squareRoot()) < 1e-12)
            }
        }
    }

    @Test(arguments: [
        ("/v1/classify", #""input":"a""#), ("/v1/classify", #""input":"a","labels":["x"]"#),
        ("/v1/classify", #""input":"a","labels":["x","x"]"#), ("/v1/classify", #""labels":["x","y"]"#),
        ("/v1/rank", #""query":"a""#), ("/v1/rank", #""documents":["a"]"#),
        ("/v1/rank", #""query":"a","documents":[]"#), ("/v1/rank", #""query":1,"documents":["a"]"#),
    ])
    func `a choice without its parts is refused`(_ path: String, _ members: String) async throws {
        try await run { gateway in
            let reply = try await gateway.post(path, "{\"model\":\"weigher\",\(members)}")
            #expect(reply.status == 400 && reply.body.contains("unsupported"), "\(reply.body)")
        }
    }

    @Test func `an endpoint's own ranking and classes pass through`() async throws {
        let answer = #"{"results":[{"index":1,"relevance_score":0.5}],"usage":{"prompt_tokens":3,"total_tokens":3}}"#
        try await ScriptedUpstream.run { _ in
            .json(answer)
        } _: { upstream in
            try await RunningGateway.run(RunningGateway.configuration(["small": upstream])) { gateway in
                for path in ["/v1/rank", "/v1/rerank", "/v1/classify"] {
                    let reply = try await gateway.post(path, #"{"model":"small","query":"q","documents":["a","b"]}"#)
                    #expect(reply.status == 200 && reply.body == answer && reply("x-cascade-cost") == "3")
                }
                #expect(upstream.requests.map(\.path) == ["/v1/rerank", "/v1/rerank", "/v1/classify"])
            }
        }
    }

    /// Asks `large` where the most probable class of `small` has less than .8.
    private static let schema = LogSchema(stages: [
        StageSchema(name: "small", evidence: LabelStage<String>.evidenceNames), StageSchema(name: "large"),
    ])
    private static let deferring = ThresholdPolicy(
        steps: [ThresholdPolicy.Step(stage: 0, score: ConfidenceScore(signal: 0), threshold: 0.8)], last: 1)

    private static func classes(_ probabilities: [Double]...) -> [ScriptedUpstream.Step] {
        let data = probabilities.enumerated().map { index, probs in
            "{\"index\":\(index),\"label\":\"yes\",\"probs\":\(probs),\"num_classes\":2}"
        }
        return .json(
            "{\"object\":\"list\",\"data\":[\(data.joined(separator: ","))],\"usage\":{\"prompt_tokens\":1,\"total_tokens\":1}}"
        )
    }

    @Test func `a classifier's doubt defers to the next one`() async throws {
        try await ScriptedUpstream.run { request in
            if request.body.contains("both") { return Self.classes([0.9, 0.1], [0.4, 0.6]) }
            if request.body.contains("broken") { return Self.classes([0.9, 0.9]) }
            return Self.classes(request.body.contains("sure") ? [0.9, 0.1] : [0.3, 0.7])
        } _: { small in
            try await ScriptedUpstream.run { _ in
                Self.classes([1, 0])
            } _: { large in
                let configuration = try RunningGateway.configuration(
                    ["small": small, "large": large], policy: Self.deferring, schema: Self.schema)
                try await RunningGateway.run(configuration) { gateway in
                    for (text, stage) in [
                        ("sure", "small"), ("unsure of it", "small"), ("doubtful", "large"),
                        // Texts that are asked together go one way: that of the least certain one.
                        ("both", "large"),
                        // What does not add up to one says nothing.
                        ("broken", "large"),
                    ] {
                        let reply = try await gateway.post(
                            "/v1/classify", "{\"model\":\"cascade\",\"input\":\"\(text)\"}")
                        #expect(reply.status == 200 && reply("x-cascade-stage") == stage, "\(text): \(reply.body)")
                    }
                    let explained = try await gateway.post(
                        "/v1/classify", #"{"model":"cascade","input":"doubtful"}"#,
                        headers: [("x-cascade-explain", "body")])
                    #expect(explained.body.contains("\"topProbability\":0.7"), "\(explained.body)")
                }
            }
        }
    }

    @Test func `a model in the process tells a policy how sure it is of a label`() async throws {
        let configuration = try {
            var configuration = try RunningGateway.configuration([:], policy: Self.deferring, schema: Self.schema)
            configuration.stages = ["small", "large"].map { GatewayConfiguration.Stage($0, .embedded("weigher")) }
            return configuration
        }()
        try await RunningGateway.run(configuration) { _ in
            Weigher()
        } _: { gateway in
            // e and e^5 times less likely than the first label.
            for (labels, stage) in [(#"["a","bb"]"#, "large"), (#"["a","bbbbbb"]"#, "small")] {
                let reply = try await gateway.post(
                    "/v1/classify", "{\"model\":\"cascade\",\"input\":\"x\",\"labels\":\(labels)}")
                #expect(reply("x-cascade-stage") == stage, "\(reply.body)")
                #expect(reply.body.contains("\"label\":\"a\"") && reply.body.contains("label_mass"))
            }
        }
    }

    @Test func `a policy on numbers that no answer gives is refused with their names`() async throws {
        let schema = LogSchema(stages: [
            StageSchema(name: "small", evidence: ["length", "entropy", "colour"]), StageSchema(name: "large"),
        ])
        try await ScriptedUpstream.run { _ in
            .json("{}")
        } _: { upstream in
            let configuration = try RunningGateway.configuration(
                ["small": upstream, "large": upstream], policy: Self.deferring, schema: schema)
            await #expect {
                try await RunningGateway.run(configuration) { _ in }
            } throws: { error in
                "\(error)".contains("length, entropy, colour")
            }
        }
    }
}
