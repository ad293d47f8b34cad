import Cascades
import EndpointTesting
import Foundation
import Testing

@testable import Language

/// A model behind `server` that gives up early, so that tests are quick.
func remoteModel(
    _ server: ScriptedServer, tells: ModelCapabilities.Probabilities = .topTokens(3), prices: PriceList = PriceList(),
    chats: Bool = true, change: (inout RemoteEndpoint) -> Void = { _ in }
) throws -> RemoteLanguageModel {
    var endpoint = RemoteEndpoint(server.address)
    endpoint.retries.firstPause = 0.01
    endpoint.retries.longestPause = 0.02
    endpoint.timeouts.connection = 2
    endpoint.timeouts.firstByte = 5
    endpoint.timeouts.nextBytes = 5
    change(&endpoint)
    return RemoteLanguageModel(
        "m", client: try RemoteClient(endpoint), prices: prices, tells: tells, holdsConversations: chats)
}

/// The JSON object in `text`.
func jsonObject(_ text: String) -> [String: Any] {
    (try? JSONSerialization.jsonObject(with: Data(text.utf8))) as? [String: Any] ?? [:]
}

@Suite(.timeLimit(.minutes(2))) struct `a model behind an endpoint` {
    let hello = GenerationRequest(
        .chat([.system("Be kind."), .user("Hello")]), maximumTokens: 20, stops: ["END"], seed: 7)

    @Test func `a streamed conversation becomes tokens, evidence and costs`() async throws {
        let server = try await ScriptedServer { _ in
            [
                .streamHead(),
                .event(
                    CompletionPiece.text("Hi", logProbability: log(0.5), top: ["Hi": log(0.5), "Ho": log(0.25)])),
                .event(CompletionPiece.text(" you", logProbability: log(0.9), top: ["a": log(0.05), "b": log(0.02)])),
                .event(CompletionPiece.finish()), .event(CompletionPiece.usage(12, 2, cached: 5)), .event("[DONE]"),
                .endOfChunks,
            ]
        }
        defer { server.stop() }
        let model = try remoteModel(server, prices: PriceList(perMillionTokensIn: 1, perMillionTokensOut: 10))
        let text = try await model.generate(hello)
        #expect(text.text == "Hi you" && text.reason == .stop)
        #expect(text.usage.promptTokens == 12 && text.usage.completionTokens == 2 && text.usage.cachedTokens == 5)
        #expect(!text.usage.isEstimated && text.usage.seconds > 0)
        #expect(abs(model.cost(of: text.usage).money - 32e-6) < 1e-15)
        #expect(zip(text.logProbabilities!, [log(0.5), log(0.9)]).allSatisfy { abs($0 - $1) < 1e-12 })
        // What is not told counts as one outcome; the written token is told, whether or not it is among the likeliest.
        #expect(abs(text.tokens[0].margin! - 0.25) < 1e-12)
        #expect(abs(text.tokens[0].entropy! + 0.5 * log(0.5) + 0.5 * log(0.25)) < 1e-12)
        #expect(abs(text.tokens[1].margin! - 0.85) < 1e-12)

        let request = try #require(server.counts.requests.first)
        #expect(request.path == "/v1/chat/completions" && request.headers["content-type"] == "application/json")
        #expect(request.headers["authorization"] == nil)
        let body = jsonObject(request.body)
        #expect(body["model"] as? String == "m" && body["stream"] as? Bool == true && body["seed"] as? Int == 7)
        #expect(body["max_tokens"] as? Int == 20 && body["stop"] as? [String] == ["END"])
        #expect(body["temperature"] as? Double == 1 && body["top_p"] as? Double == 1)
        #expect(body["logprobs"] as? Bool == true && body["top_logprobs"] as? Int == 3)
        #expect((body["stream_options"] as? [String: Bool])?["include_usage"] == true)
        let messages = body["messages"] as? [[String: String]]
        #expect(messages == [["role": "system", "content": "Be kind."], ["role": "user", "content": "Hello"]])
    }

    @Test func `plain text goes to completions, in the older form of log-probabilities`() async throws {
        let server = try await ScriptedServer { _ in
            [
                .streamHead(),
                .event(
                    #"{"model":"m","choices":[{"index":0,"text":" Paris.","logprobs":{"tokens":[" Paris","."],"token_logprobs":[-0.5,-0.25],"top_logprobs":[{" Paris":-0.5," Rome":-2.0},null]},"finish_reason":null}]}"#
                ),
                .event(#"{"model":"m","choices":[{"index":0,"text":"","logprobs":null,"finish_reason":"length"}]}"#),
                .event("[DONE]"), .endOfChunks,
            ]
        }
        defer { server.stop() }
        let text = try await remoteModel(server, tells: .topTokens(9)).generate(GenerationRequest("The capital is"))
        #expect(text.tokens.map(\.text) == [" Paris", "."] && text.logProbabilities == [-0.5, -0.25])
        #expect(text.reason == .length && text.tokens[0].margin != nil && text.tokens[1].margin == nil)
        // Nobody said what it took: it is estimated, and says so.
        #expect(text.usage.isEstimated && text.usage.promptTokens == 4 && text.usage.completionTokens == 2)
        let body = jsonObject(try #require(server.counts.requests.first).body)
        #expect(body["prompt"] as? String == "The capital is" && body["logprobs"] as? Int == 5)
        #expect(body["messages"] == nil)
    }

    @Test func `a model that tells less is asked for less, and its evidence is missing`() async throws {
        let server = try await ScriptedServer { _ in CompletionPiece.answer(["Paris", "."]) }
        defer { server.stop() }
        let levels: [(ModelCapabilities.Probabilities, Int?)] = [(.none, nil), (.chosenToken, 0)]
        for (tells, asks) in levels {
            let model = try remoteModel(server, tells: tells)
            #expect(model.capabilities.probabilities == tells)
            let answer = try await GenerationStage(model) { (text: String) in .chat([.user(text)]) }.answer("x")
            #expect(answer.output == "Paris." && answer.evidence["length"] == 2)
            for name in answer.evidence.names where name != "length" {
                #expect(answer.evidence[name]!.isNaN, "\(name)")
            }
            let body = jsonObject(server.counts.requests.last!.body)
            #expect(body["top_logprobs"] as? Int == asks && (body["logprobs"] != nil) == (asks != nil))
        }
        // Nobody tells all.
        #expect(try remoteModel(server, tells: .allTokens).capabilities.probabilities == .topTokens(20))
    }

    @Test func `a reply that comes whole is read as well`() async throws {
        let server = try await ScriptedServer { _ in
            [
                .reply(
                    #"{"model":"m","choices":[{"index":0,"message":{"role":"assistant","content":"Hi"},"finish_reason":"stop"}],"usage":{"prompt_tokens":3,"completion_tokens":1}}"#
                )
            ]
        }
        defer { server.stop() }
        let text = try await remoteModel(server).generate(hello)
        #expect(text.text == "Hi" && text.usage.promptTokens == 3)
    }

    @Test func `tools are described, called and answered`() async throws {
        let server = try await ScriptedServer { _ in
            [
                .streamHead(),
                .event(
                    #"{"model":"m","choices":[{"index":0,"delta":{"role":"assistant","content":null,"tool_calls":[{"index":0,"id":"a1","type":"function","function":{"name":"add","arguments":""}}]}}]}"#
                ),
                .event(
                    #"{"model":"m","choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"function":{"arguments":"{\"x\":"}}]}}]}"#
                ),
                .event(
                    #"{"model":"m","choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"function":{"arguments":" 2}"}},{"index":1,"id":"a2","function":{"name":"now","arguments":"{}"}}]}}]}"#
                ),
                .event(CompletionPiece.finish("tool_calls")), .event("[DONE]"), .endOfChunks,
            ]
        }
        defer { server.stop() }
        let model = try remoteModel(server)
        var request = hello
        let schema = #"{"type":"object","properties":{"x":{"type":"number"}},"required":["x"]}"#
        request.tools = [ToolDescription(name: "add", summary: "Adds.", parameters: schema)]
        request.toolChoice = .tool("add")
        let text = try await model.generate(request)
        let calls = [
            ToolCall(id: "a1", name: "add", arguments: #"{"x": 2}"#), ToolCall(id: "a2", name: "now", arguments: "{}"),
        ]
        #expect(text.toolCalls == calls && text.reason == .toolCalls && text.text.isEmpty)
        request.prompt = .chat([.user("Hello"), .assistant("", calling: calls), .tool("4", answering: calls[0])])
        _ = try await model.generate(request)
        let bodies = server.counts.requests.map { jsonObject($0.body) }
        let tool = (bodies[0]["tools"] as? [[String: Any]])?.first?["function"] as? [String: Any]
        #expect(tool?["name"] as? String == "add" && tool?["description"] as? String == "Adds.")
        #expect((tool?["parameters"] as? [String: Any])?["required"] as? [String] == ["x"])
        let choice = (bodies[0]["tool_choice"] as? [String: Any])?["function"] as? [String: Any]
        #expect(choice?["name"] as? String == "add")
        let messages = bodies[1]["messages"] as? [[String: Any]] ?? []
        #expect((messages[1]["tool_calls"] as? [[String: Any]])?.first?["id"] as? String == "a1")
        #expect(messages[2]["role"] as? String == "tool" && messages[2]["tool_call_id"] as? String == "a1")
    }

    @Test func `tools are refused where a model does not call them, and bad schemas before anything is sent`()
        async throws
    {
        let server = try await ScriptedServer { _ in CompletionPiece.answer(["x"]) }
        defer { server.stop() }
        var request = hello
        request.tools = [ToolDescription(name: "add", summary: "Adds.", parameters: "{")]
        await #expect(throws: LanguageError.self) { try await remoteModel(server).generate(request) }
        request.tools[0].parameters = "[1]"
        await #expect(throws: LanguageError.self) { try await remoteModel(server).generate(request) }
        request.tools[0].parameters = "{}"
        for model: any LanguageModel in [ScriptedLanguageModel { _ in ["x"] }, try remoteModel(server, chats: false)] {
            do {
                _ = try await model.generate(request)
                Issue.record("\(model.name) took tools")
            } catch {
                guard case LanguageError.unsupported(_, let what, _) = error else { throw error }
                #expect(what.contains("tools"))
            }
        }
        #expect(server.counts.requests.isEmpty)
    }

    @Test func `a JSON schema is passed on and its reply looked at; other constraints are refused`() async throws {
        let server = try await ScriptedServer { request in
            CompletionPiece.answer([request.number == 0 ? #"{"a": 1}"# : "Sure: a is 1"])
        }
        defer { server.stop() }
        let model = try remoteModel(server)
        var request = hello
        request.constraint = .jsonSchema(#"{"type":"object","properties":{"a":{"type":"integer"}}}"#)
        #expect(try await model.generate(request).text == #"{"a": 1}"#)
        let format = jsonObject(server.counts.requests[0].body)["response_format"] as? [String: Any]
        #expect(format?["type"] as? String == "json_schema")
        let schema = (format?["json_schema"] as? [String: Any])?["schema"] as? [String: Any]
        #expect(schema?["type"] as? String == "object")
        // An endpoint that ignores the schema is found out.
        await #expect(throws: LanguageError.self) { try await model.generate(request) }
        for constraint: TextConstraint in [.words(["a", "b"]), .regularExpression("a+"), .grammar("root ::= \"a\"")] {
            request.constraint = constraint
            await #expect(throws: LanguageError.self) { try await model.generate(request) }
        }
        #expect(server.counts.requests.count == 2)
        let llama = try remoteModel(server) { $0.dialect = .llamaServer }
        request.constraint = .grammar("root ::= \"a\"")
        request.sampling.topK = 40
        _ = try await llama.generate(request)
        let body = jsonObject(server.counts.requests[2].body)
        #expect(body["grammar"] as? String == "root ::= \"a\"" && body["top_k"] as? Int == 40)
    }

    @Test func `sampling that an endpoint does not know is refused, not dropped`() async throws {
        let server = try await ScriptedServer { _ in CompletionPiece.answer(["x"]) }
        defer { server.stop() }
        let model = try remoteModel(server)
        let changes: [(inout SamplingParameters) -> Void] = [
            { $0.topK = 5 }, { $0.minP = 0.1 }, { $0.typicalP = 0.5 }, { $0.repetitionPenalty = 1.2 },
            { $0.mirostat = Mirostat() }, { $0.bias = [3: 1] },
        ]
        for change in changes {
            var request = hello
            change(&request.sampling)
            await #expect(throws: LanguageError.self) { try await model.generate(request) }
        }
        #expect(server.counts.requests.isEmpty)
        await #expect(throws: LanguageError.self) { try await model.score("x", after: "y") }
        await #expect(throws: LanguageError.self) {
            try await LabelStage(model, labels: ["a", "b"]) { (text: String) in .text(text) }.answer("x")
        }
    }

    @Test func `a stop that the endpoint was not told ends the text all the same`() async throws {
        let server = try await ScriptedServer { _ in CompletionPiece.answer(["one", " two", " three", " four"]) }
        defer { server.stop() }
        var request = hello
        request.stops = ["a", "b", "c", "d", "three"]
        let text = try await remoteModel(server).generate(request)
        #expect(text.text == "one two " && text.reason == .stop)
        #expect((jsonObject(server.counts.requests[0].body)["stop"] as? [String])?.count == 4)
    }

    @Test func `texts become vectors, in their own order`() async throws {
        let server = try await ScriptedServer { request in
            request.number == 0
                ? [
                    .reply(
                        #"{"model":"m","data":[{"index":1,"embedding":[3,4]},{"index":0,"embedding":[1,2]}]}"#)
                ]
                : [.reply(#"{"model":"m","data":[{"index":0,"embedding":[1,2]}]}"#)]
        }
        defer { server.stop() }
        let model = try remoteModel(server)
        #expect(try await model.embeddings(of: ["a", "b"]) == [[1, 2], [3, 4]])
        #expect(server.counts.requests[0].path == "/v1/embeddings")
        await #expect(throws: LanguageError.self) { try await model.embeddings(of: ["a", "b"]) }
        #expect(try await model.embeddings(of: []).isEmpty)
    }

    @Test func `connections are used again, and no more run at a time than allowed`() async throws {
        let server = try await ScriptedServer { _ in [.pause(20)] + CompletionPiece.answer(["x"]) }
        defer { server.stop() }
        var model: RemoteLanguageModel? = try remoteModel(server) { $0.concurrency = 3 }
        let texts = await model!.generate([GenerationRequest](repeating: hello, count: 12))
        #expect(texts.allSatisfy { (try? $0.get())?.text == "x" })
        #expect(server.counts.mostRunning == 3 && server.counts.connections <= 4, "\(server.counts.connections)")
        for _ in 0..<5 { _ = try await model!.generate(hello) }
        #expect(server.counts.connections <= 4)
        // The last user of the client closes its connections.
        model = nil
        #expect(await server.reaches { $0.open == 0 })
    }

    @Test func `keys are sent, and stand in no error`() async throws {
        let secret = "sk-proj-abcdefghijklmnop"
        setenv("CASCADE_TEST_KEY_B", secret, 1)
        let long = String(repeating: "x", count: 290)
        let replies: [[ScriptedServer.Step]] = [
            [.reply(401, #"{"error":{"message":"Incorrect API key provided: \#(secret)."}}"#)],
            // Cut at 300 characters, in the middle of the key.
            [.reply(400, "\(long) \(secret)", type: "text/plain")], [.reply("garbage \(secret)")],
            [.streamHead(), .event(#"{"error":{"message":"\#(secret) is bad"}}"#), .endOfChunks],
            CompletionPiece.answer(["x"], model: secret), [.reply(302, "", headers: ["location": "/\(secret)"])],
        ]
        let server = try await ScriptedServer { $0.number < replies.count ? replies[$0.number] : replies[0] }
        defer { server.stop() }
        let model = try remoteModel(server) { $0.key = .environment("CASCADE_TEST_KEY_B") }
        for number in replies.indices {
            do {
                _ = try await model.generate(hello)
                Issue.record("reply \(number) was taken")
            } catch {
                var dumped = ""
                dump(error, to: &dumped)
                for text in ["\(error)", String(reflecting: error), dumped] {
                    #expect(!text.contains("abcdef") && !text.contains("sk-proj"), "\(number): \(text)")
                }
            }
            #expect(server.counts.requests[number].headers["authorization"] == "Bearer \(secret)")
        }
        var dumped = ""
        dump(model, to: &dumped, maxDepth: 6)
        #expect(!dumped.contains("abcdef") && !"\(model)".contains("abcdef"))
        let other = try remoteModel(server) {
            $0.key = .environment("CASCADE_TEST_KEY_B")
            $0.keyHeader = "api-key"
        }
        _ = try? await other.generate(hello)
        let last = try #require(server.counts.requests.last)
        #expect(last.headers["api-key"] == secret && last.headers["authorization"] == nil)
    }
}
