import Cascades
import CascadesTesting
import Foundation
import NIOCore
import Probability
import Synchronization
import Testing

@testable import Gateway

@Suite(.timeLimit(.minutes(5))) struct `faults of stages` {
    private static let streaming = #","stream":true"#

    @Test func `an answer cut off anywhere is never given as a whole one`() async throws {
        let whole = Completion.whole("hello", tokens: (10, 5))
        let head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: \(whole.utf8.count)\r\n\r\n"
        let full = head + whole
        let place = Mutex(0)
        try await ScriptedUpstream.run { _ in
            [.send(full.start(place.withLock { $0 })), .close]
        } _: { upstream in
            var configuration = try RunningGateway.configuration(["small": upstream])
            configuration.stages[0].guarding.retry.attempts = 1
            configuration.stages[0].guarding.breaker.consecutive = 100_000
            configuration.stages[0].guarding.breaker.calls = 100_000
            try await RunningGateway.run(configuration) { gateway in
                for cut in Array(stride(from: 0, to: full.utf8.count, by: 7)) + [full.utf8.count - 1] {
                    place.withLock { $0 = cut }
                    let reply = try await gateway.post("/v1/chat/completions", RunningGateway.chat("small"))
                    #expect(reply.status == 502, "cut at \(cut): \(reply.body)")
                }
                place.withLock { $0 = full.utf8.count }
                #expect(try await gateway.post("/v1/chat/completions", RunningGateway.chat("small")).body == whole)
            }
        }
    }

    @Test func `a stream cut off anywhere ends with an error, and what came before it is right`() async throws {
        let pieces = (0..<4).map { Completion.piece("w\($0)") }
        let events = pieces.map { Completion.chunk("data: \($0)\n\n") }.joined()
        let full = Completion.streamHead + events
        let place = Mutex(0)
        try await ScriptedUpstream.run { _ in
            [.send(full.start(place.withLock { $0 })), .close]
        } _: { upstream in
            var configuration = try RunningGateway.configuration(["small": upstream])
            configuration.stages[0].guarding.retry.attempts = 1
            configuration.stages[0].guarding.breaker.consecutive = 100_000
            configuration.stages[0].guarding.breaker.calls = 100_000
            try await RunningGateway.run(configuration) { gateway in
                for cut in Array(stride(from: 0, to: full.utf8.count, by: 11)) + [full.utf8.count] {
                    place.withLock { $0 = cut }
                    let reply = try await gateway.post(
                        "/v1/chat/completions", RunningGateway.chat("small", more: Self.streaming))
                    if reply.status == 200 {
                        #expect(reply.events.dropLast() == pieces.prefix(reply.events.count - 1)[...], "cut at \(cut)")
                        #expect(reply.events.last?.hasPrefix("{\"error\":{") == true)
                    } else {
                        #expect(reply.status == 502 && !reply.body.contains("data:"), "cut at \(cut)")
                    }
                }
            }
        }
    }

    @Test func `random bytes from a stage are never an answer`() async throws {
        let random = Mutex(Random(seed: 77))
        let heads = ["", "HTTP/1.1 200 OK\r\n", "HTTP/1.1 200 OK\r\ncontent-length: 20\r\n\r\n", Completion.streamHead]
        try await ScriptedUpstream.run { _ in
            random.withLock { random in
                let head = heads[Int(random.uniform() * 4)]
                let garbage = (0..<Int(random.uniform() * 60)).map { _ in
                    Character(Unicode.Scalar(UInt8(1 + random.uniform() * 126)))
                }
                return [.send(head + String(garbage)), .close]
            }
        } _: { upstream in
            var configuration = try RunningGateway.configuration(["small": upstream])
            configuration.stages[0].guarding.retry.attempts = 1
            configuration.stages[0].guarding.breaker.consecutive = 100_000
            configuration.stages[0].guarding.breaker.calls = 100_000
            try await RunningGateway.run(configuration) { gateway in
                for round in 0..<150 {
                    let reply = try await gateway.post(
                        "/v1/chat/completions",
                        RunningGateway.chat("small", more: round % 2 == 0 ? Self.streaming : ""))
                    #expect(reply.status == 502, "round \(round): \(reply.status) \(reply.body)")
                }
                #expect(gateway.server.core.models.byName["small"]?.stages[0].guardian?.status.running == 0)
            }
        }
    }

    @Test func `an answer without an end is refused at its limit`() async throws {
        try await ScriptedUpstream.run { _ in
            let piece = String(repeating: "x", count: 64 << 10)
            return [.send("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\r\n")]
                + [ScriptedUpstream.Step](repeating: .send(piece), count: 64)
        } _: { upstream in
            var configuration = try RunningGateway.configuration(["small": upstream])
            configuration.stages[0].replyBytes = 1 << 20
            try await RunningGateway.run(configuration) { gateway in
                let reply = try await gateway.post("/v1/chat/completions", RunningGateway.chat("small"))
                #expect(reply.status == 502 && reply.body.contains("longer than"))
            }
        }
    }

    /// Answers, or fails with status 500 while told to.
    private final class Flaky: StageClient {
        let name: String
        private let state = Mutex((isIll: false, calls: 0))

        init(_ name: String) { self.name = name }

        var calls: Int { state.withLock { $0.calls } }
        func fallIll(_ isIll: Bool) { state.withLock { $0.isIll = isIll } }

        func send(_ request: StageRequest) async throws(StageError) -> StageReply {
            let isIll = state.withLock { state in
                state.calls += 1
                return state.isIll
            }
            if isIll { throw .status(500, body: ByteBuffer(string: "{}"), retryAfter: nil) }
            return StageReply(
                status: 200, contentType: "application/json",
                body: .whole(ByteBuffer(string: Completion.whole(name, tokens: (1, 1)))))
        }
    }

    @Test func `500s for a minute cost no answer, and the stage is asked again when it is well`() async throws {
        let clock = ManualClock()
        var limits = GuardLimits()
        limits.retry.attempts = 1
        let (ill, well) = (Flaky("ill"), Flaky("well"))
        let stages = [ill, well].map { client in
            GatewayStage(
                name: client.name, model: nil, interfaces: [.chatCompletions], prices: PriceList(),
                countsStreams: false,
                tellsTokens: false, client: StageGuard(client, limits, seed: 1, clock: clock))
        }
        let model = VirtualModel(name: "both", stages: stages, policies: nil)
        let body = ByteBuffer(string: RunningGateway.chat("both"))
        let fields = try RequestFields(body)
        var answers = ["ill": 0, "well": 0]
        // Ten requests a second for two minutes and a half; it is ill from second 10 to second 70.
        for tick in 0..<1500 {
            ill.fallIll((100..<700).contains(tick))
            var run = ModelRun(
                model: model, api: .chatCompletions, body: body, fields: fields, passedOn: [], start: .now,
                record: RequestRecord(
                    id: "r", time: 0, api: .chatCompletions, model: "both", schema: model.schema))
            guard case .held(let answer) = await run.run() else {
                Issue.record("no answer at second \(Double(tick) / 10)")
                continue
            }
            let stage = try #require(run.record.answeredBy)
            #expect(String(buffer: answer.bytes) == Completion.whole(stage, tokens: (1, 1)))
            #expect(run.record.decision == (stage == "ill" ? .answered : .failedOver))
            answers[stage, default: 0] += 1
            if tick == 699 {
                // Five to learn that it is ill; then probes after pauses that double: 1, 2, 4, 8, 16, 32 seconds.
                #expect(ill.calls - 100 <= 5 + 6, "\(ill.calls - 100) calls of a stage that is ill")
            }
            clock.advance(by: .milliseconds(100))
        }
        #expect(answers["ill", default: 0] + answers["well", default: 0] == 1500)
        // The last pause began before second 42 and took 32 seconds.
        #expect(answers["ill", default: 0] >= 100 + 1500 - 750)
        #expect(stages[0].guardian?.status.breaker == .closed)
    }
}
