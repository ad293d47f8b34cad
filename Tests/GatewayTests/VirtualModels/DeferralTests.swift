import Cascades
import Deferral
import Foundation
import NIOCore
import Testing

@testable import Gateway

@Suite(.timeLimit(.minutes(5))) struct `policies over stages` {
    /// Runs `body` beside a gateway whose policy asks small, then large where small was not sure.
    private func withCascade(
        small: @escaping ScriptedUpstream.Script, large: @escaping ScriptedUpstream.Script,
        change: (inout GatewayConfiguration) -> Void = { _ in },
        _ body: (RunningGateway, ScriptedUpstream, ScriptedUpstream) async throws -> Void
    ) async throws {
        try await ScriptedUpstream.run(small) { small in
            try await ScriptedUpstream.run(large) { large in
                var configuration = try RunningGateway.configuration(
                    ["small": small, "large": large], policy: RunningGateway.deferring, schema: RunningGateway.schema)
                change(&configuration)
                try await RunningGateway.run(configuration) { gateway in try await body(gateway, small, large) }
            }
        }
    }

    private static let sure: ScriptedUpstream.Script = { _ in .completion("small", logprobs: [-0.1, -0.2]) }
    private static let unsure: ScriptedUpstream.Script = { _ in .completion("small", logprobs: [-3, -2]) }
    private static let sureStream: ScriptedUpstream.Script = { _ in .stream(["a", "b"], logprobs: [-0.1, -0.2]) }
    private static let unsureStream: ScriptedUpstream.Script = { _ in .stream(["a", "b"], logprobs: [-3, -2]) }
    private static let streaming = #","stream":true"#

    @Test func `a sure answer is given, without the log-probabilities that only the policy read`() async throws {
        try await withCascade(small: Self.sure, large: { _ in .completion("large") }) { gateway, small, large in
            let reply = try await gateway.post("/v1/chat/completions", RunningGateway.chat("cascade"))
            #expect(reply.body == Completion.whole("small", tokens: (10, 5)))
            #expect(reply("x-cascade-stage") == "small" && reply("x-cascade-asked") == "small")
            #expect(reply("x-cascade-policy")?.hasPrefix("policy-") == true)
            #expect(small.requests[0].body.contains("\"logprobs\":true") && large.requests.isEmpty)
        }
    }

    @Test func `an unsure answer is deferred, and its cost counts`() async throws {
        try await withCascade(small: Self.unsure, large: { _ in .completion("large", tokens: (20, 10)) }) {
            gateway, small, large in
            let reply = try await gateway.post(
                "/v1/chat/completions", RunningGateway.chat("cascade"), headers: [("x-cascade-explain", "1")])
            #expect(reply.body.contains("large") && reply("x-cascade-stage") == "large")
            #expect(reply("x-cascade-asked") == "small,large" && reply("x-cascade-cost") == "60")
            // The last stage's answer is given whatever it says, so nothing is asked of it for the policy.
            #expect(!large.requests[0].body.contains("logprobs"))
            let object = try JSONSerialization.jsonObject(with: Data(reply.body.utf8)) as? [String: Any]
            let asked = (object?["cascade"] as? [String: Any])?["asked"] as? [[String: Any]]
            let evidence = asked?.first?["evidence"] as? [String: Double]
            #expect(evidence == ["meanLogProbability": -2.5, "minimumLogProbability": -3, "length": 2])
        }
    }

    @Test func `a held stream is replayed as a stream, and a deferral is invisible`() async throws {
        try await withCascade(small: Self.sureStream, large: { _ in .stream(["c"]) }) { gateway, _, large in
            let reply = try await gateway.post(
                "/v1/chat/completions", RunningGateway.chat("cascade", more: Self.streaming))
            #expect(reply.events == ["a", "b"].map { Completion.piece($0) } + ["[DONE]"])
            #expect(reply("content-type") == "text/event-stream" && large.requests.isEmpty)
        }
        try await withCascade(small: Self.unsureStream, large: { _ in .stream(["c"]) }) { gateway, _, _ in
            let reply = try await gateway.post(
                "/v1/chat/completions", RunningGateway.chat("cascade", more: Self.streaming))
            #expect(reply.events == [Completion.piece("c"), "[DONE]"])
            #expect(reply("x-cascade-stage") == "large")
        }
    }

    @Test(arguments: [HoldLimits.Overflow.release, .drop])
    func `an answer is held for a bounded time`(_ overflow: HoldLimits.Overflow) async throws {
        // It goes on once what was held has been let go, and not before.
        let mayGoOn = TestFlag(false)
        let slow: ScriptedUpstream.Script = { _ in
            var steps: [ScriptedUpstream.Step] = .stream(["a", "b"], logprobs: [-3, -3])
            steps.insert(.when { mayGoOn.isSet }, at: 2)
            return steps
        }
        try await withCascade(small: slow, large: { _ in .stream(["c"]) }) { configuration in
            configuration.models[0].hold.seconds = 0.15
            configuration.models[0].hold.overflow = overflow
        } _: { gateway, _, _ in
            let reply = try await gateway.post(
                "/v1/chat/completions", RunningGateway.chat("cascade", more: Self.streaming)
            ) { if $0.contains("\n\n") { mayGoOn.set(true) } }
            switch overflow {
            case .release:
                #expect(reply.events == ["a", "b"].map { Completion.piece($0) } + ["[DONE]"])
                #expect(reply("x-cascade-decision") == "released" && reply("x-cascade-stage") == "small")
            case .drop:
                #expect(reply.events == [Completion.piece("c"), "[DONE]"])
                #expect(reply("x-cascade-decision") == "failed-over")
            }
        }
    }

    @Test func `an answer is held for a bounded length`() async throws {
        let long: ScriptedUpstream.Script = { _ in
            .stream((0..<50).map { "word\($0)" }, logprobs: [Double](repeating: -3, count: 50))
        }
        try await withCascade(small: long, large: { _ in .stream(["c"]) }) { configuration in
            configuration.models[0].hold.bytes = 2000
        } _: { gateway, _, _ in
            let reply = try await gateway.post(
                "/v1/chat/completions", RunningGateway.chat("cascade", more: Self.streaming))
            #expect(reply.events == (0..<50).map { Completion.piece("word\($0)") } + ["[DONE]"])
            #expect(reply("x-cascade-decision") == "released")
        }
    }

    @Test func `a cheap stage that fails is passed over, before the first byte`() async throws {
        let faults: [ScriptedUpstream.Script] = [
            { _ in .json("{}", status: 500) }, { _ in [.close] },
            { _ in [.send("HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{\"cho"), .close] },
            { _ in .json("garbage") }, { _ in [.send("what is this\r\n\r\n"), .close] },
            { _ in .stream([], isWhole: false) + [.close] },
            { _ in .events(["{\"error\":{\"message\":\"no\"}}"]) },
        ]
        for (index, fault) in faults.enumerated() {
            for streams in [false, true] where streams || index < 5 {
                try await withCascade(small: fault) { request in
                    request.body.contains("\"stream\":true") ? .stream(["large"]) : .completion("large")
                } _: { gateway, _, _ in
                    let reply = try await gateway.post(
                        "/v1/chat/completions", RunningGateway.chat("cascade", more: streams ? Self.streaming : ""))
                    #expect(reply.status == 200 && reply.body.contains("large"), "fault \(index): \(reply.body)")
                    #expect(reply("x-cascade-decision") == "failed-over")
                }
            }
        }
    }

    @Test func `what is too long for the cheap stage goes to one with more room`() async throws {
        let refusal =
            #"{"error":{"message":"This model's maximum context length is 10 tokens.","code":"context_length_exceeded"}}"#
        try await withCascade(small: { _ in .json(refusal, status: 400) }, large: { _ in .completion("large") }) {
            gateway, _, _ in
            let reply = try await gateway.post("/v1/chat/completions", RunningGateway.chat("cascade"))
            #expect(reply.status == 200 && reply("x-cascade-stage") == "large")
            // Where nobody has more room, the client gets the stage's own words.
            let alone = try await gateway.post("/v1/chat/completions", RunningGateway.chat("small"))
            #expect(alone.status == 400 && alone.body == refusal)
        }
        let other = #"{"error":{"message":"temperature is too high"}}"#
        try await withCascade(small: { _ in .json(other, status: 400) }, large: { _ in .completion("large") }) {
            gateway, _, large in
            let reply = try await gateway.post("/v1/chat/completions", RunningGateway.chat("cascade"))
            #expect(reply.status == 400 && reply.body == other && large.requests.isEmpty)
        }
    }

    @Test func `where the large stage fails the held answer is given`() async throws {
        try await withCascade(small: Self.unsure, large: { _ in .json("{}", status: 503) }) { gateway, _, _ in
            let reply = try await gateway.post("/v1/chat/completions", RunningGateway.chat("cascade"))
            #expect(reply.status == 200 && reply.body == Completion.whole("small", tokens: (10, 5)))
            #expect(reply("x-cascade-decision") == "failed-over" && reply("x-cascade-stage") == "small")
        }
        try await withCascade(small: Self.unsure, large: { _ in .json("{}", status: 503) }) {
            $0.models[0].failsOver = false
        } _: { gateway, _, _ in
            let reply = try await gateway.post("/v1/chat/completions", RunningGateway.chat("cascade"))
            #expect(reply.status == 502 && reply("x-cascade-decision") == "failed")
        }
    }

    @Test func `death after the first byte is said in the stream`() async throws {
        let dying: ScriptedUpstream.Script = { _ in
            .stream(["a", "b"], isWhole: false) + [.wait(.milliseconds(50)), .close]
        }
        try await ScriptedUpstream.run(dying) { upstream in
            try await RunningGateway.run(RunningGateway.configuration(["small": upstream])) { gateway in
                let reply = try await gateway.post(
                    "/v1/chat/completions", RunningGateway.chat("small", more: Self.streaming))
                #expect(reply.status == 200)
                #expect(reply.events.dropLast() == ["a", "b"].map { Completion.piece($0) }[...])
                #expect(reply.events.last?.hasPrefix("{\"error\":{") == true)
                let counts = gateway.server.core.metrics.counts
                #expect(counts.requests.keys.map(\.decision) == [.failed])
            }
        }
    }

    @Test func `a policy is put in another's place a hundred times under load, and no request is dropped`() async throws
    {
        try await withCascade(small: Self.unsure, large: { _ in .completion("large") }) { gateway, small, large in
            var configuration = try RunningGateway.configuration(
                ["small": small, "large": large], policy: RunningGateway.deferring, schema: RunningGateway.schema)
            // The same stages, and a rule that is content with small's answer.
            let content = try RunningGateway.configuration(
                ["small": small, "large": large], policy: SingleStagePolicy(stage: 0), schema: RunningGateway.schema)
            let before = configuration
            let counts = try await ChangedUnderLoad.run(clients: 8) {
                let reply = try await gateway.post("/v1/chat/completions", RunningGateway.chat("cascade"))
                // What is said of the policy is true of the answer.
                let isLarge = reply("x-cascade-stage") == "large"
                guard reply.status == 200, reply.body.contains(isLarge ? "large" : "small"),
                    reply("x-cascade-asked") == (isLarge ? "small,large" : "small")
                else { return .wrong }
                return isLarge ? .first : .second
            } change: { round in
                try gateway.server.reload(round % 2 == 0 ? content : before)
                try await Task.sleep(for: .milliseconds(3))
            }
            #expect(counts.first > 0 && counts.second > 0 && counts.wrong == 0, "\(counts)")
            configuration.stages.append(GatewayConfiguration.Stage("new", .endpoint(small.address)))
            #expect(throws: GatewayError.self) { try gateway.server.reload(configuration) }
        }
    }

    @Test func `a policy that can't be served is refused at once`() async throws {
        try await ScriptedUpstream.run(Self.sure) { upstream in
            var configuration = try RunningGateway.configuration(
                ["small": upstream, "large": upstream], policy: RunningGateway.deferring, schema: RunningGateway.schema)
            let small = configuration.stages.firstIndex { $0.name == "small" }!
            configuration.stages[small].tellsTokens = false
            #expect(throws: GatewayError.self) { try GatewayServer(configuration) { _ in throw CancellationError() } }
            configuration.stages[small].tellsTokens = true
            configuration.models[0].stages = ["small"]
            #expect(throws: GatewayError.self) { try GatewayServer(configuration) { _ in throw CancellationError() } }
        }
    }
}
