import AsyncHTTPClient
import Foundation
import NIOCore
import NIOHTTP1
import NIOSSL
import Testing

@testable import Gateway

private let openssl = "/usr/bin/openssl"

@Suite(.timeLimit(.minutes(5))) struct `listening` {
    @Test func `a port that is taken is an error that says so`() async throws {
        try await ScriptedUpstream.run { _ in
            .completion("a")
        } _: { upstream in
            try await RunningGateway.run(RunningGateway.configuration(["small": upstream])) { gateway in
                var configuration = try RunningGateway.configuration(["small": upstream])
                configuration.port = gateway.port
                let second = try GatewayServer(configuration) { _ in throw CancellationError() }
                let error = await #expect(throws: GatewayError.self) { try await second.run() }
                guard case .cannotListen(let address, _)? = error else {
                    Issue.record("\(String(describing: error))")
                    return
                }
                #expect(address == "127.0.0.1:\(gateway.port)")
                #expect(await second.port() == nil)
            }
        }
    }

    @Test(.enabled(if: FileManager.default.isExecutableFile(atPath: openssl), "openssl is not here"))
    func `TLS comes from two files`() async throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString).path
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let process = Process()
        process.executableURL = URL(fileURLWithPath: openssl)
        process.arguments = [
            "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "1",
            "-subj",
            "/CN=localhost", "-keyout", "\(folder)/key.pem", "-out", "\(folder)/certificate.pem",
        ]
        process.standardError = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        try await ScriptedUpstream.run { _ in
            .completion("secret")
        } _: { upstream in
            var configuration = try RunningGateway.configuration(["small": upstream])
            configuration.tls = GatewayConfiguration.TLS(
                certificate: "\(folder)/certificate.pem", key: "\(folder)/key.pem")
            try await RunningGateway.run(configuration) { gateway in
                var options = HTTPClient.Configuration()
                options.tlsConfiguration = TLSConfiguration.makeClientConfiguration()
                options.tlsConfiguration?.certificateVerification = .none
                let client = HTTPClient(configuration: options)
                var request = HTTPClientRequest(url: "https://127.0.0.1:\(gateway.port)/v1/chat/completions")
                request.method = .POST
                request.body = .bytes(ByteBuffer(string: RunningGateway.chat("small")))
                let response = try await client.execute(request, timeout: .seconds(120))
                let body = String(buffer: try await response.body.collect(upTo: 1 << 20))
                try await client.shutdown()
                #expect(response.status == .ok && body.contains("secret"))
            }
            // A gateway before this one trusts no certificate that anybody could have made, and says so.
            let plain = try RunningGateway.configuration(["small": upstream])
            for (behind, reason) in [(configuration, "certificate is not trusted"), (plain, "does not speak TLS")] {
                try await RunningGateway.run(behind) { behind in
                    var front = plain
                    front.stages[0].kind = .endpoint("https://localhost:\(behind.port)/v1")
                    try await RunningGateway.run(front) { front in
                        let reply = try await front.post("/v1/chat/completions", RunningGateway.chat("small"))
                        #expect(reply.status == 502 && reply.body.contains(reason), "\(reply.body)")
                    }
                }
            }
            configuration.tls?.key = "\(folder)/none.pem"
            await #expect(throws: GatewayError.self) { try await RunningGateway.run(configuration) { _ in } }
        }
    }
}
