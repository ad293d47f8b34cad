import Foundation
import NIOCore
import Testing

@testable import Gateway

/// The memory that bodies take together.
@Suite(.timeLimit(.minutes(2))) struct `bodies held at once` {
    @Test func `are counted as they come, and given back once`() {
        let held = HeldBytes(limit: 100)
        let share = held.share()
        #expect(share.take(60) && share.take(40) && held.count == 100)
        #expect(!held.share().take(1) && held.count == 100 && held.shedCount == 1)
        share.release()
        share.release()
        #expect(held.count == 0)
        do { #expect(held.share().take(100)) }
        #expect(held.count == 0, "what is forgotten is given back")
    }

    @Test func `never come to more than the limit, and what finds no room is shed until there is some`() async throws {
        let isAnswering = TestFlag(false)
        try await ScriptedUpstream.run { _ in
            [.when { isAnswering.isSet }] + .completion("hi")
        } _: { upstream in
            var configuration = try RunningGateway.configuration(["small": upstream])
            configuration.limits.bodyBytes = 100_000
            configuration.limits.heldBytes = 250_000
            // One runs, the other waits for its turn: both are held.
            configuration.stages[0].guarding.concurrency = 1
            configuration.stages[0].guarding.waitSeconds = 60
            try await RunningGateway.run(configuration) { gateway in
                let held = gateway.server.core.held
                let long = RunningGateway.chat("small", String(repeating: "x", count: 90_000))
                let answers = try await withThrowingTaskGroup(of: Int.self) { group in
                    for _ in 0..<2 {
                        group.addTask { try await gateway.post("/v1/chat/completions", long).status }
                    }
                    #expect(try await eventually(20) { held.count > 180_000 })
                    for _ in 0..<5 {
                        let shed = try await gateway.post("/v1/chat/completions", long)
                        #expect(shed.status == 503 && shed("retry-after") == "1" && shed.body.contains("overloaded"))
                        #expect(held.count < 250_000)
                    }
                    // A short one finds room, as does what has no body.
                    group.addTask {
                        try await gateway.post("/v1/chat/completions", RunningGateway.chat("small")).status
                    }
                    #expect(try await gateway.get("/health/live").status == 200)
                    let metrics = try await gateway.get("/metrics").body
                    #expect(metrics.contains("cascade_shed_total 5"), "\(metrics)")
                    isAnswering.set(true)
                    return try await group.reduce(into: [Int]()) { $0.append($1) }
                }
                #expect(answers == [200, 200, 200])
                #expect(try await eventually(20) { held.count == 0 })
                #expect(try await gateway.post("/v1/chat/completions", long).status == 200)
            }
        }
    }

    @Test func `are let go when their clients go, or they are refused`() async throws {
        try await ScriptedUpstream.run({ _ in .completion("hi") }) { upstream in
            var configuration = try RunningGateway.configuration(["small": upstream])
            configuration.limits.bodyBytes = 100_000
            try await RunningGateway.run(configuration) { gateway in
                let held = gateway.server.core.held
                let head = "POST /v1/chat/completions HTTP/1.1\r\nhost: a\r\n"
                let part = String(repeating: "x", count: 50_000)
                // Half of what was promised, and no more.
                _ = try await RawConnection.exchange(
                    gateway.port, ["\(head)content-length: 100000\r\n\r\n", part], limit: 0.2)
                #expect(try await eventually(20) { held.count == 0 })
                // More than is allowed, in chunks.
                let chunk = "c350\r\n\(part)\r\n"
                let reply = try await RawConnection.exchange(
                    gateway.port, ["\(head)transfer-encoding: chunked\r\n\r\n", chunk, chunk, chunk, "0\r\n\r\n"],
                    limit: 5)
                #expect(reply.hasPrefix("HTTP/1.1 413"))
                #expect(try await eventually(20) { held.count == 0 } && held.shedCount == 0)
            }
        }
    }

    @Test func `must have room for one`() throws {
        func read(_ limits: String) throws -> ServerLimits {
            try GatewayConfiguration.read(
                "stages: {a: {endpoint: \"http://127.0.0.1:1/v1\"}}\nlimits: {\(limits)}\n", file: "gateway.yaml"
            ).limits
        }
        #expect(try read("held_bytes: 16777216").heldBytes == 16 << 20)
        #expect(try read("body_bytes: 536870912").heldBytes == 512 << 20)
        #expect(try read("request_seconds: 5").heldBytes == 256 << 20)
        #expect(throws: GatewayError.self) { try read("held_bytes: 1000000") }
    }
}
