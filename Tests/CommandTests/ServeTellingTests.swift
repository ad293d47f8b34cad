import EndpointTesting
import Foundation
import Testing

@Suite(.timeLimit(.minutes(2))) struct `what cascade serve tells of itself` {
    @Test func `its log is lines of JSON, and its spans reach the collector, in the client's trace`() async throws {
        let folder = try TemporaryFolder()
        let upstream = try await ScriptedServer { _ in
            [
                .reply(
                    #"{"id":"c","choices":[{"index":0,"message":{"role":"assistant","content":"yes"},"finish_reason":"stop"}],"usage":{"prompt_tokens":10,"completion_tokens":5}}"#
                )
            ]
        }
        defer { upstream.stop() }
        let collector = try await ScriptedServer { _ in [.reply("{}")] }
        defer { collector.stop() }
        let gateway = try await ServedGateway(
            [
                "--endpoint", "small=\(upstream.address),m", "--log-level", "info", "--log-format", "json", "--traces",
                "http://127.0.0.1:\(collector.port)",
            ], folder)
        let reply = try #require(await gateway.ask("small", "hello", key: "none"))
        #expect(reply.status == 200)
        let id = try #require(reply.id)
        #expect(try await gateway.stop() == 0)
        let entries = gateway.said.split(separator: "\n").compactMap {
            try? JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any]
        }
        let entry = try #require(entries.first { $0.values.contains { $0 as? String == id } }, "\(gateway.said)")
        #expect(entry["level"] as? String == "info" && entry["time"] is String && entry["message"] is String)
        // What waits to be sent is sent before it ends.
        let exports = collector.counts.requests.filter { $0.path == "/v1/traces" }
        let text = exports.map(\.body).joined()
        #expect(text.contains("service.name") && text.contains("gen_ai.usage.input_tokens"), "\(text.prefix(500))")
        let passed = try #require(upstream.counts.requests.first?.headers["traceparent"])
        let trace = try #require(passed.split(separator: "-").dropFirst().first)
        #expect(text.contains(trace))
    }

    @Test(arguments: [["--log-format", "xml"], ["--log-level", "loud"], ["--traces", "nowhere"]])
    func `what can't be told is refused before it listens`(arguments: [String]) throws {
        let run = try Cascade.run(["serve", "--endpoint", "small=http://127.0.0.1:1/v1,m"] + arguments)
        #expect(run.status == 64 && run.errors.contains(arguments[1]), "\(run.errors)")
    }
}
