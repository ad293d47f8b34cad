import EndpointTesting
import Language
import Testing

@Suite(.timeLimit(.minutes(2))) struct `counts that no reply can have` {
    @Test(arguments: [
        ("9223372036854775807", "9223372036854775807"), ("-9223372036854775808", "1"), ("3", "1000000001"),
    ])
    func `are taken for none, so that sums of them end no process`(read: String, written: String) async throws {
        let server = try await ScriptedServer { _ in
            [
                .reply(
                    #"{"model":"m","choices":[{"index":0,"message":{"role":"assistant","content":"Hi"},"finish_reason":"stop"}],"usage":{"prompt_tokens":\#(read),"completion_tokens":\#(written)}}"#
                )
            ]
        }
        defer { server.stop() }
        let text = try await remoteModel(server).generate(GenerationRequest(.chat([.user("Hello")])))
        // "user: Hello" are eleven bytes, at four a token.
        #expect(text.usage.isEstimated && text.usage.promptTokens == 3)
        #expect(text.usage.promptTokens + text.usage.completionTokens < 10)
    }

    @Test func `the most tokens that can be asked for is a request like others`() async throws {
        let server = try await ScriptedServer { _ in
            [
                .reply(
                    #"{"model":"m","choices":[{"index":0,"message":{"content":"Hi"},"finish_reason":"length"}],"usage":{"prompt_tokens":3,"completion_tokens":1}}"#
                )
            ]
        }
        defer { server.stop() }
        let request = GenerationRequest(.chat([.user("Hello")]), maximumTokens: .max)
        let text = try await remoteModel(server).generate(request)
        #expect(text.text == "Hi" && !text.usage.isEstimated)
    }
}
