import Foundation
import NIOCore
import Testing

@testable import Gateway

@Suite(.timeLimit(.minutes(5))) struct `hostile clients` {
    private func withGateway(
        _ script: @escaping ScriptedUpstream.Script = { _ in .completion("hello") },
        change: (inout GatewayConfiguration) -> Void = { _ in },
        _ body: (RunningGateway, ScriptedUpstream) async throws -> Void
    ) async throws {
        try await ScriptedUpstream.run(script) { upstream in
            var configuration = try RunningGateway.configuration(["small": upstream])
            change(&configuration)
            try await RunningGateway.run(configuration) { gateway in try await body(gateway, upstream) }
        }
    }

    private static func head(_ length: Int, _ more: String = "") -> String {
        "POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\ncontent-length: \(length)\r\n\(more)\r\n"
    }

    @Test func `a hundred megabytes are refused though the client sends them all before it listens`() async throws {
        try await withGateway { gateway, upstream in
            let body = String(repeating: "x", count: 100 << 20)
            let told = try await RawConnection.exchange(gateway.port, [Self.head(body.utf8.count) + body], limit: 120)
            #expect(told.hasPrefix("HTTP/1.1 413") && told.contains("request_too_large"))
            #expect(upstream.requests.isEmpty)
            #expect(try await gateway.post("/v1/chat/completions", RunningGateway.chat("small")).status == 200)
        }
    }

    @Test func `deep JSON, broken UTF-8 and other encodings are refused with what is wrong`() async throws {
        try await withGateway { gateway, upstream in
            for open in ["[", "{\"a\":"] {
                let deep = "{\"model\":\"small\",\"x\":" + String(repeating: open, count: 1_000_000)
                let told = try await gateway.post("/v1/chat/completions", deep)
                #expect(told.status == 400 && told.body.contains("nested deeper"))
            }
            for bytes: [UInt8] in [
                [0xC3, 0x28], [0xED, 0xA0, 0x80], [0xFF], [0xC0, 0x80], [0xF4, 0x90, 0x80, 0x80],
            ] {
                // A string can't hold them, so they go as they are.
                let text = Array("{\"model\":\"small\",\"x\":\"".utf8) + bytes + Array("\"}".utf8)
                let told = try await RawConnection.exchange(
                    gateway.port, bytes: Array(Self.head(text.count, "connection: close\r\n").utf8) + text)
                #expect(told.hasPrefix("HTTP/1.1 400") && told.contains("invalid_utf8"))
            }
            let packed = try await gateway.post(
                "/v1/chat/completions", RunningGateway.chat("small"), headers: [("content-encoding", "gzip")])
            #expect(packed.status == 415)
            #expect(upstream.requests.isEmpty)
        }
    }

    @Test func `a client that takes nothing is let go, and its stage with it`() async throws {
        let word = String(repeating: "w", count: 10_000)
        try await withGateway { _ in
            // More than all sockets on the way can hold.
            .stream([String](repeating: word, count: 20_000))
        } change: {
            $0.limits.writeSeconds = 0.3
        } _: { gateway, upstream in
            let body = RunningGateway.chat("small", more: #","stream":true"#)
            // It reads nothing until the gateway has let go of it.
            let connection = try RawConnection(gateway.port)
            connection.send(Self.head(body.utf8.count) + body)
            #expect(try await eventually { upstream.abandoned == 1 })
            let guardian = gateway.server.core.models.byName["small"]?.stages[0].guardian
            #expect(try await eventually { guardian?.status.running == 0 })
            let told = try await connection.read()
            #expect(told.hasPrefix("HTTP/1.1 200") && told.utf8.count < 100_000_000)
            #expect(gateway.server.core.metrics.counts.requests.keys.map(\.decision) == [.cancelled])
        }
    }

    @Test func `a client that reads slowly gets all of it`() async throws {
        let word = String(repeating: "w", count: 10_000)
        try await withGateway { _ in
            .stream([String](repeating: word, count: 2_000))
        } change: {
            $0.limits.writeSeconds = 5
        } _: { gateway, _ in
            let body = RunningGateway.chat("small", more: #","stream":true"#)
            let begin = ContinuousClock.now
            // 20 MB, of which it never lets more than a second's worth wait: far less than the limit at a time, more in all.
            let connection = try RawConnection(gateway.port, buffer: 64 << 10)
            connection.send(Self.head(body.utf8.count, "connection: close\r\n") + body)
            let told = try await connection.read(limit: 240, chunk: 32 << 10, breath: .milliseconds(10))
            #expect(told.components(separatedBy: word).count == 2_001 && told.contains("data: [DONE]"))
            #expect(ContinuousClock.now - begin > .seconds(5), "it was read too fast to prove anything")
        }
    }

    @Test func `a second request that comes slowly does not cut off the first's answer`() async throws {
        try await withGateway { _ in
            [.wait(.milliseconds(500))] + .completion("first")
        } change: {
            $0.limits.requestSeconds = 0.2
        } _: { gateway, _ in
            let body = RunningGateway.chat("small")
            let both = Self.head(body.utf8.count) + body + Self.head(1000) + "{"
            let told = try await RawConnection.exchange(gateway.port, [both])
            let first = try #require(told.range(of: "\"content\":\"first\""))
            let late = try #require(told.range(of: "HTTP/1.1 408"))
            #expect(told.hasPrefix("HTTP/1.1 200") && first.upperBound < late.lowerBound)
        }
    }
}
