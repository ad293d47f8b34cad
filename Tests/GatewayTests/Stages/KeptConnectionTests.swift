import Foundation
import NIOCore
import Synchronization
import Testing

@testable import Gateway

/// Endpoints that close connections sooner than the gateway does, or just as something is sent.
@Suite(.timeLimit(.minutes(2))) struct `connections that an endpoint closes` {
    private func run(
        _ script: @escaping ScriptedUpstream.Script,
        _ body: (RunningGateway, ScriptedUpstream, StageGuard) async throws -> Void
    ) async throws {
        try await ScriptedUpstream.run(script) { upstream in
            var configuration = try RunningGateway.configuration(["small": upstream])
            configuration.stages[0].guarding.retry.attempts = 1
            configuration.stages[0].guarding.breaker.consecutive = 1
            try await RunningGateway.run(configuration) { gateway in
                let stage = try #require(gateway.server.core.models.byName["small"]?.stages[0].guardian)
                try await body(gateway, upstream, stage)
            }
        }
    }

    private func isOpen(_ stage: StageGuard) -> Bool {
        if case .open = stage.status.breaker { true } else { false }
    }

    @Test(arguments: [false, true])
    func `after they were kept cost neither an answer nor a try`(streams: Bool) async throws {
        // A request that came without a new connection came on one that was kept: that is closed.
        let place = Mutex((upstream: ScriptedUpstream?.none, connections: 0))
        try await run { request in
            let isKept = place.withLock { place in
                let count = place.upstream?.connections ?? 1
                defer { place.connections = count }
                return count == place.connections
            }
            if isKept { return [.close] }
            return streams ? .stream(["a", "b"]) : .completion("hi")
        } _: { gateway, upstream, stage in
            place.withLock { $0.upstream = upstream }
            for round in 1...5 {
                let reply = try await gateway.post(
                    "/v1/chat/completions", RunningGateway.chat("small", more: streams ? #","stream":true"# : ""))
                #expect(reply.status == 200 && reply("x-cascade-decision") == "answered", "\(round): \(reply.body)")
            }
            #expect(stage.status.retries == 0 && stage.status.breaker == .closed)
            #expect(upstream.connections > 1)
        }
    }

    @Test func `that are new are a fault`() async throws {
        try await run { _ in
            [.close]
        } _: { gateway, upstream, stage in
            let reply = try await gateway.post("/v1/chat/completions", RunningGateway.chat("small"))
            #expect(reply.status == 502 && upstream.requests.count == 1 && isOpen(stage))
        }
    }

    @Test func `in the middle of an answer are a fault, kept or not`() async throws {
        let count = Mutex(0)
        try await run { _ in
            let isFirst = count.withLock { count in
                count += 1
                return count == 1
            }
            return isFirst
                ? .completion("hi") : [.send("HTTP/1.1 200 OK\r\ncontent-length: 20\r\n\r\n{"), .close]
        } _: { gateway, upstream, stage in
            let first = try await gateway.post("/v1/chat/completions", RunningGateway.chat("small"))
            #expect(first.status == 200)
            let second = try await gateway.post("/v1/chat/completions", RunningGateway.chat("small"))
            #expect(second.status == 502)
            #expect(upstream.requests.count == 2 && isOpen(stage))
        }
    }
}
