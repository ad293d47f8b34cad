import EndpointTesting
import Foundation
import Testing

@Suite(.timeLimit(.minutes(2))) struct `where cascade serve sends its traces` {
    /// How many exports the file's collector and the other one got, and whether all bore the file's header field.
    private func exports(
        _ arguments: [String], environment: (String) -> [String: String], option: Bool
    ) async throws -> (file: Int, other: Int, areSigned: Bool) {
        let folder = try TemporaryFolder()
        let upstream = try await ScriptedServer { _ in
            [.reply(#"{"choices":[{"index":0,"message":{"content":"yes"},"finish_reason":"stop"}]}"#)]
        }
        let collector = try await ScriptedServer { _ in [.reply("{}")] }
        let other = try await ScriptedServer { _ in [.reply("{}")] }
        defer { for server in [upstream, collector, other] { server.stop() } }
        let configuration = try folder.write(
            """
            stages: {small: {endpoint: "\(upstream.address)", model: m}}
            traces: {endpoint: "http://127.0.0.1:\(collector.port)", service: file, headers: {x-signed: "yes"}}
            """, "gateway.yaml")
        let elsewhere = "http://127.0.0.1:\(other.port)"
        let gateway = try await ServedGateway(
            ["--config", configuration] + (option ? ["--traces", elsewhere] : []), folder,
            environment: environment(elsewhere))
        #expect(await gateway.ask("small", "hello", key: "none")?.status == 200)
        #expect(try await gateway.stop() == 0)
        let all = collector.counts.requests + other.counts.requests
        return (
            collector.counts.requests.count, other.counts.requests.count,
            all.allSatisfy { $0.headers["x-signed"] == "yes" && $0.body.contains("\"file\"") }
        )
    }

    @Test func `is what the file says, whatever the environment does`() async throws {
        let sent = try await exports([], environment: { ["OTEL_EXPORTER_OTLP_ENDPOINT": $0] }, option: false)
        #expect(sent.file > 0 && sent.other == 0 && sent.areSigned)
    }

    @Test func `is another address by option, all else being the file's`() async throws {
        let sent = try await exports([], environment: { _ in [:] }, option: true)
        #expect(sent.file == 0 && sent.other > 0 && sent.areSigned)
    }
}
