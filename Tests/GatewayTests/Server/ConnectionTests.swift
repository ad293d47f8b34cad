import AsyncHTTPClient
import Foundation
import NIOCore
import NIOHTTP1
import ServiceLifecycle
import Testing

@testable import Gateway

@Suite(.timeLimit(.minutes(5))) struct `connections of clients` {
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

    private static func request(_ body: String, _ fields: [String] = []) -> String {
        (["POST /v1/chat/completions HTTP/1.1", "host: x", "content-length: \(body.utf8.count)"] + fields)
            .joined(separator: "\r\n") + "\r\n\r\n" + body
    }

    @Test func `a client that goes away ends what was asked for it`() async throws {
        try await withGateway { _ in
            [.stall]
        } _: { gateway, upstream in
            let said = try await RawConnection.exchange(gateway.port, [Self.request(RunningGateway.chat("small"))]) {
                _ in
                upstream.requests.count == 1
            }
            #expect(said.isEmpty && upstream.requests.count == 1)
            #expect(try await eventually { upstream.abandoned == 1 })
        }
    }

    @Test func `several requests on one connection are answered in order`() async throws {
        try await withGateway { request in
            .completion(request.body.contains("one") ? "one" : "two")
        } _: { gateway, _ in
            let both =
                Self.request(RunningGateway.chat("small", "one"))
                + Self.request(RunningGateway.chat("small", "two"), ["connection: close"])
            let answer = try await RawConnection.exchange(gateway.port, [both])
            let first = try #require(answer.range(of: #""content":"one""#))
            let second = try #require(answer.range(of: #""content":"two""#))
            #expect(first.lowerBound < second.lowerBound)
        }
    }

    @Test func `a body that comes in pieces is put together`() async throws {
        try await withGateway { gateway, upstream in
            let text = Self.request(RunningGateway.chat("small"), ["connection: close"])
            let pieces = stride(from: 0, to: text.utf8.count, by: 17).map { start in
                String(decoding: Array(text.utf8)[start..<min(start + 17, text.utf8.count)], as: UTF8.self)
            }
            let answer = try await RawConnection.exchange(gateway.port, pieces, pause: .milliseconds(1))
            #expect(answer.hasPrefix("HTTP/1.1 200"))
            #expect(upstream.requests[0].body == RunningGateway.chat("small-model"))
        }
    }

    @Test func `a client that is too slow is let go`() async throws {
        try await withGateway(change: { $0.limits.requestSeconds = 0.2 }) { gateway, upstream in
            let text = Self.request(RunningGateway.chat("small"))
            let answer = try await RawConnection.exchange(gateway.port, [text.start(120)])
            #expect(answer.hasPrefix("HTTP/1.1 408") && answer.contains("request_timeout"))
            #expect(upstream.requests.isEmpty)
        }
        try await withGateway(change: { $0.limits.idleSeconds = 0.2 }) { gateway, _ in
            // A head that never ends.
            let answer = try await RawConnection.exchange(gateway.port, ["POST /v1/chat/comp"])
            #expect(answer.isEmpty)
        }
    }

    @Test func `bodies and heads have limits`() async throws {
        try await withGateway(change: {
            $0.limits.bodyBytes = 1000
            $0.limits.headerBytes = 1000
        }) { gateway, upstream in
            let long = RunningGateway.chat("small", String(repeating: "x", count: 2000))
            let told = try await RawConnection.exchange(gateway.port, [Self.request(long)])
            #expect(told.hasPrefix("HTTP/1.1 413"))
            let chunked =
                "POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n7d0\r\n"
                + String(repeating: "x", count: 2000) + "\r\n"
            #expect(try await RawConnection.exchange(gateway.port, [chunked]).hasPrefix("HTTP/1.1 413"))
            let head = Self.request("{}", ["x-long: " + String(repeating: "y", count: 2000)])
            #expect(try await RawConnection.exchange(gateway.port, [head]).hasPrefix("HTTP/1.1 400"))
            #expect(upstream.requests.isEmpty)
            #expect(try await gateway.post("/v1/chat/completions", RunningGateway.chat("small")).status == 200)
        }
    }

    @Test(arguments: [
        "POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\nGET /",
        "POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\ncontent-length: 5\r\ncontent-length: 6\r\n\r\nabcdef",
        "POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\ntransfer-encoding: xchunked\r\n\r\n0\r\n\r\n",
        "POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\ncontent-length: -1\r\n\r\n",
        "POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\nbad header\r\n\r\n", "nonsense\r\n\r\n",
        // A field that goes on in the next line (RFC 9112, section 5.2).
        "POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\ntransfer-encoding:\r\n chunked\r\n\r\n0\r\n\r\n",
        "POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\nx-a: b\r\n content-length: 5\r\n\r\nabcde",
        // A space before the colon (section 5.1).
        "POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\ntransfer-encoding : chunked\r\n\r\n0\r\n\r\n",
        "POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\ncontent-length : 5\r\n\r\nabcde",
        // Lines that end with LF alone (section 2.2).
        "POST /v1/chat/completions HTTP/1.1\nhost: x\ncontent-length: 5\n\nabcde",
        "POST /v1/chat/completions HTTP/1.1\r\nhost: x\ncontent-length: 5\r\n\r\nabcde",
        // Chunks in a version that has none (section 6.1).
        "POST /v1/chat/completions HTTP/1.0\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
        // Lengths in a list (section 6.3).
        "POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\ncontent-length: 5, 5\r\n\r\nabcde",
        "POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n",
    ])
    func `shapes that could smuggle a request are refused`(_ text: String) async throws {
        try await withGateway { gateway, upstream in
            let answer = try await RawConnection.exchange(
                gateway.port, [text + "GET /v1/models HTTP/1.1\r\nhost: x\r\n\r\n"])
            #expect(answer.isEmpty || answer.hasPrefix("HTTP/1.1 400"), "\(answer)")
            #expect(!answer.contains("\"object\":\"list\""))
            #expect(upstream.requests.isEmpty)
        }
    }

    @Test func `told to stop, it finishes what runs and takes nothing more`() async throws {
        let mayAnswer = TestFlag(false)
        try await withGateway { _ in
            [.when { mayAnswer.isSet }] + .completion("late")
        } _: { gateway, upstream in
            async let running = gateway.post("/v1/chat/completions", RunningGateway.chat("small"))
            #expect(try await eventually { !upstream.requests.isEmpty })
            await gateway.services.triggerGracefulShutdown()
            mayAnswer.set(true)
            let reply = try await running
            #expect(reply.status == 200 && reply.body.contains("late"))
            // Nothing listens any more.
            await #expect(throws: (any Error).self) { try await RawConnection.exchange(gateway.port) }
        }
    }

    @Test func `a long answer is whole though the gateway is told to stop while it is written`() async throws {
        let text = String(repeating: "long ", count: 2_000_000)
        try await withGateway { _ in
            [.wait(.milliseconds(200))] + .completion(text)
        } _: { gateway, upstream in
            let answers = try await withThrowingTaskGroup(of: String.self) { group in
                for close in ["connection: close", "x-nothing: 1"] {
                    group.addTask {
                        // It reads nothing until long after the gateway has begun to write and to stop.
                        try await RawConnection.exchange(
                            gateway.port, [Self.request(RunningGateway.chat("small"), [close])],
                            pause: .milliseconds(500))
                    }
                }
                #expect(try await eventually { upstream.requests.count == 2 })
                await gateway.services.triggerGracefulShutdown()
                return try await group.reduce(into: []) { $0.append($1) }
            }
            for answer in answers { #expect(answer.hasSuffix("}}") && answer.utf8.count > 10_000_000) }
        }
    }

    @Test func `a stage that is silent is timed out`() async throws {
        try await withGateway { _ in
            [.stall]
        } change: {
            $0.stages[0].timeouts.firstByte = 0.15
        } _: { gateway, _ in
            let reply = try await gateway.post("/v1/chat/completions", RunningGateway.chat("small"))
            #expect(reply.status == 504 && reply.body.contains("upstream_timeout"))
        }
        try await withGateway { _ in
            // In one piece, lest the silence between two be taken for the one that is meant.
            [.send(Completion.streamHead + Completion.chunk("data: \(Completion.piece("a"))\n\n")), .stall]
        } change: {
            $0.stages[0].timeouts.idle = 0.15
        } _: { gateway, _ in
            let reply = try await gateway.post(
                "/v1/chat/completions", RunningGateway.chat("small", more: #","stream":true"#))
            #expect(reply.events.first == Completion.piece("a"))
            #expect(reply.events.last?.contains("upstream_timeout") == true)
        }
    }

    @Test func `a thousand streams at once all come whole`() async throws {
        try await withGateway { _ in
            var steps: [ScriptedUpstream.Step] = .stream((0..<20).map { "w\($0)" })
            steps.insert(.wait(.milliseconds(300)), at: 5)
            return steps
        } change: {
            $0.stages[0].guarding.concurrency = 1000
        } _: { gateway, _ in
            var configuration = HTTPClient.Configuration()
            configuration.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = 1000
            let client = HTTPClient(configuration: configuration)
            let expected = (0..<20).map { "data: \(Completion.piece("w\($0)"))\n\n" }.joined() + "data: [DONE]\n\n"
            let whole = try await withThrowingTaskGroup(of: Bool.self) { group in
                for _ in 0..<1000 {
                    group.addTask {
                        var request = HTTPClientRequest(url: "http://127.0.0.1:\(gateway.port)/v1/chat/completions")
                        request.method = .POST
                        request.body = .bytes(
                            ByteBuffer(string: RunningGateway.chat("small", more: #","stream":true"#)))
                        let response = try await client.execute(request, timeout: .minutes(4))
                        return String(buffer: try await response.body.collect(upTo: 1 << 20)) == expected
                    }
                }
                return try await group.reduce(0) { $0 + ($1 ? 1 : 0) }
            }
            try await client.shutdown()
            #expect(whole == 1000)
        }
    }
}
