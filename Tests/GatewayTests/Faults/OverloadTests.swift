import AsyncHTTPClient
import Foundation
import NIOCore
import NIOHTTP1
import Testing

@testable import Gateway

@Suite(.timeLimit(.minutes(5))) struct `overload` {
    @Test func `what can't wait is turned away at once, with a time to come back, and the rest is answered`()
        async throws
    {
        try await ScriptedUpstream.run { _ in
            [.wait(.milliseconds(300))] + .completion("late")
        } _: { upstream in
            var configuration = try RunningGateway.configuration(["small": upstream])
            configuration.stages[0].guarding.concurrency = 4
            configuration.stages[0].guarding.waiting = 8
            try await RunningGateway.run(configuration) { gateway in
                var options = HTTPClient.Configuration()
                options.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = 300
                let client = HTTPClient(configuration: options)
                struct Told: Sendable {
                    var status: UInt
                    var retryAfter: String?
                }
                let told = try await withThrowingTaskGroup(of: Told.self) { group in
                    for _ in 0..<300 {
                        group.addTask {
                            var request = HTTPClientRequest(url: "http://127.0.0.1:\(gateway.port)/v1/chat/completions")
                            request.method = .POST
                            request.body = .bytes(ByteBuffer(string: RunningGateway.chat("small")))
                            let response = try await client.execute(request, timeout: .seconds(120))
                            _ = try await response.body.collect(upTo: 1 << 20)
                            return Told(
                                status: response.status.code, retryAfter: response.headers.first(name: "retry-after"))
                        }
                    }
                    return try await group.reduce(into: [Told]()) { $0.append($1) }
                }
                try await client.shutdown()
                let answered = told.count { $0.status == 200 }
                // One key may fill half of the queue.
                #expect(answered >= 8, "\(answered)")
                #expect(told.allSatisfy { $0.status == 200 || $0.status == 429 && Int($0.retryAfter ?? "") ?? 0 >= 1 })
                #expect(upstream.requests.count == answered)
                #expect(try await gateway.post("/v1/chat/completions", RunningGateway.chat("small")).status == 200)
            }
        }
    }

    @Test(.enabled(if: OpenFiles.isKnown, "open files can't be counted here"))
    func `clients that go away at any moment leave nothing behind`() async throws {
        let before = OpenFiles.count
        try await ScriptedUpstream.run { request in
            request.body.contains("\"stream\":true")
                ? .stream(["a", "b"], isWhole: false) + [.wait(.milliseconds(30)), .send("0\r\n\r\n")]
                : [.wait(.milliseconds(30))] + .completion("late")
        } _: { upstream in
            let configuration = try RunningGateway.configuration(["small": upstream])
            try await RunningGateway.run(configuration) { gateway in
                let texts = ["", #","stream":true"#].map { more -> String in
                    let body = RunningGateway.chat("small", more: more)
                    return
                        "POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\ncontent-length: \(body.utf8.count)\r\n\r\n\(body)"
                }
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for number in 0..<300 {
                        if number >= 50 { try await group.next() }
                        group.addTask {
                            let text = texts[number % 2]
                            // Half go while they send, half while they wait or read.
                            let sent = number % 4 < 2 ? text.utf8.count * (number % 29) / 29 : text.utf8.count
                            _ = try await RawConnection.exchange(
                                gateway.port, [text.start(sent)], pause: .milliseconds(number % 40), limit: 0)
                        }
                    }
                    try await group.waitForAll()
                }
                let guardian = gateway.server.core.models.byName["small"]?.stages[0].guardian
                #expect(try await eventually { guardian?.status.running == 0 && guardian?.status.waiting == 0 })
                #expect(try await gateway.post("/v1/chat/completions", RunningGateway.chat("small")).status == 200)
            }
        }
        // The test's own client keeps a few connections.
        #expect(try await eventually { OpenFiles.count <= before + 20 }, "\(before) before, \(OpenFiles.count) after")
    }
}
