import Cascades
import Deferral
import Foundation
import NIOCore
import NIOHTTP1
import ServiceLifecycle
import Storage
import StorageTesting
import Testing

@testable import Gateway

@Suite(.timeLimit(.minutes(5))) struct `the dashboard's data` {
    /// Runs `body` beside a gateway that defers half of what it is asked.
    static func run<Result>(
        store: Store?, _ body: (StoredGateway) async throws -> Result
    ) async throws -> Result {
        try await ScriptedUpstream.run(DashboardTraffic.script) { small in
            try await ScriptedUpstream.run(DashboardTraffic.script) { large in
                try await StoredGateway.run(try DashboardTraffic.configuration(small, large), store: store, body)
            }
        }
    }

    /// The events in what a connection said so far.
    private static func events(_ said: some Collection<UInt8>) -> [String] {
        Array(String(decoding: said, as: UTF8.self).components(separatedBy: "data: ").dropFirst())
    }

    private func live(_ gateway: StoredGateway, _ path: String) async throws -> JSONTree {
        let reply = try await gateway.administer(.GET, "live/\(path)")
        #expect(reply.status == 200, "\(path): \(reply.json)")
        return reply.json
    }

    @Test func `needs a key that may look`() async throws {
        try await Self.run(store: nil) { gateway in
            let user = try await gateway.makeKey("user").key.secret
            let viewer = try await gateway.makeKey("viewer", roles: [.view]).key.secret
            for path in ["summary", "shares", "frontier", "calibration", "requests", "state", "events"] {
                #expect(try await gateway.send(.GET, "/admin/api/live/\(path)").status == 401)
                #expect(try await gateway.send(.GET, "/admin/api/live/\(path)", key: user).status == 403)
                if path != "events" {
                    #expect(try await gateway.send(.GET, "/admin/api/live/\(path)", key: viewer).status == 200)
                }
            }
            #expect(try await gateway.administer(.GET, "live/nothing").status == 404)
            #expect(try await gateway.administer(.GET, "live/requests/none").status == 404)
            #expect(try await gateway.administer(.GET, "live/summary?window=year").status == 400)
            #expect(try await gateway.administer(.GET, "live/requests?by=colour").status == 400)
            #expect(try await gateway.administer(.POST, "live/summary", "{}").status == 405)
        }
    }

    @Test func `is the same after a restart, and right`() async throws {
        let folder = try ScratchFolder()
        let store = try await Store.open(folder.path("gateway.sqlite"))
        let before = try await Self.run(store: store) { gateway in
            try await DashboardTraffic.send(40, to: gateway)
            try await DashboardTraffic.judge(gateway)
            return try await views(gateway)
        }
        let after = try await Self.run(store: store) { try await views($0) }
        #expect(before == after)
        let total = try #require(after["summary"]?["total"])
        #expect(after["summary"]?["source"]?.text == "store")
        #expect(total["requests"]?.number == 40 && total["deferred"]?.number == 20 && total["failed"]?.number == 0)
        #expect(total["byStage"]?["small"]?.number == 20 && total["byStage"]?["large"]?.number == 20)
        // 40 answers of small at $2, 20 of large at $20; the reference would have been 40 times large.
        #expect(abs((total["money"]?.number ?? 0) - 480) < 1e-6)
        #expect(abs((total["reference"]?.number ?? 0) - 800) < 1e-6)
        let points = after["summary"]?["points"]?.elements ?? []
        #expect(points.reduce(0) { $0 + ($1["requests"]?.number ?? 0) } == 40)
        #expect(after["summary"]?["models"]?.elements?.first?["referenceStage"]?.text == "large")
        // Today's point lies where the traffic says.
        let frontier = try #require(after["frontier"]?["models"]?.elements?.first)
        let today = try #require(frontier["days"]?.elements?.first)
        #expect(today["label"]?.text == "today" && today["requests"]?.number == 40)
        #expect(abs((today["cost"]?.number ?? 0) - 12) < 1e-9 && today["judged"]?.number == 40)
        #expect(frontier["points"]?.elements?.count == 3 && frontier["stages"]?.elements?.count == 2)
        #expect(frontier["reference"]?.text == "large" && frontier["unit"]?.text == "US dollars")
        // Small's word was judged often enough.
        let stages = after["calibration"]?["stages"]?.elements ?? []
        #expect(stages.compactMap { $0["stage"]?.text } == ["small"])
        #expect(stages.first?["scale"]?.text == "exponential")
        let shares = after["shares"]?["shares"]?.elements ?? []
        #expect(shares.reduce(0) { $0 + ($1["requests"]?.number ?? 0) } == 40 && shares.count == 2)
        let slowest = after["slowest"]?["requests"]?.elements?.compactMap { $0["seconds"]?.number } ?? []
        #expect(slowest.count == 25 && slowest == slowest.sorted(by: >))
        await store.close()
    }

    /// All that must outlast a restart.
    private func views(_ gateway: StoredGateway) async throws -> JSONTree {
        try await gateway.services.writer.flush()
        return .members([
            // When the process began is all that may differ.
            ("summary", try await live(gateway, "summary?window=week&model=cascade").without("since")),
            ("frontier", try await live(gateway, "frontier")),
            ("calibration", try await live(gateway, "calibration?model=cascade")),
            ("shares", try await live(gateway, "shares")),
            ("slowest", try await live(gateway, "requests?by=slowest")),
            ("uncertain", try await live(gateway, "requests?by=uncertain")),
        ])
    }

    @Test func `a request is explained, with what would have changed it`() async throws {
        try await Self.run(store: nil) { gateway in
            try await DashboardTraffic.send(12, to: gateway)
            let sure = try await gateway.ask("cascade", "logprob -0.4")
            let unsure = try await gateway.ask("cascade", "logprob -1.05")
            try await gateway.services.writer.flush()
            for (reply, moves) in [
                (sure, ["ask small", "give the answer of small"]),
                (unsure, ["ask small", "ask large", "give the answer of large"]),
            ] {
                let id = try #require(reply("x-cascade-request-id"))
                let found = try await live(gateway, "requests/\(id)")
                #expect(found["request"]?["id"]?.text == id && found["source"]?.text == "store")
                let steps = found["explanation"]?["steps"]?.elements ?? []
                #expect(steps.compactMap { $0["move"]?.text } == moves)
                #expect(found["explanation"]?["isComplete"]?.flag == true)
                #expect(found["explanation"]?["rule"]?.text?.contains("stop if") == true)
                let term = try #require(steps[1]["terms"]?.elements?.first)
                #expect(term["threshold"]?.number == -1)
                let change = try #require(steps[1]["changes"]?.elements?.first)
                #expect(change["signal"]?.text == "small.evidence.meanLogProbability")
                // The other value lies on the other side of the threshold, and is one that came up.
                let value = try #require(change["changed"]?.number)
                #expect((value >= -1) == (moves.count == 3))
                #expect(DashboardTraffic.values.contains { abs($0 - value) < 1e-9 } || [-0.4, -1.05].contains(value))
                #expect(change["move"]?.text == (moves.count == 3 ? "give the answer of small" : "ask large"))
                #expect(
                    found["stages"]?.elements?.first?["evidence"]?["meanLogProbability"]?.number
                        == term["value"]?.number)
            }
            // The closest call comes first.
            let uncertain = try await live(gateway, "requests?by=uncertain&limit=3")
            let first = try #require(uncertain["requests"]?.elements?.first)
            #expect(first["id"]?.text == unsure("x-cascade-request-id"))
            #expect(first["closest"]?["value"]?.number == -1.05 && first["closest"]?["threshold"]?.number == -1)
        }
    }

    @Test func `without a store it is this process' memory, and says so`() async throws {
        try await ScriptedUpstream.run(DashboardTraffic.script) { small in
            try await ScriptedUpstream.run(DashboardTraffic.script) { large in
                var configuration = try DashboardTraffic.configuration(small, large)
                configuration.administrator = "chief"
                try await RunningGateway.run(configuration) { gateway in
                    for number in 0..<10 {
                        _ = try await gateway.post(
                            "/v1/chat/completions", RunningGateway.chat("cascade", DashboardTraffic.text(number)))
                    }
                    func live(_ path: String) async throws -> JSONTree {
                        let reply = try await gateway.get("/admin/api/live/\(path)", key: "chief")
                        #expect(reply.status == 200)
                        return try JSONTree(ByteBuffer(string: reply.body))
                    }
                    let summary = try await live("summary?window=hour")
                    #expect(summary["source"]?.text == "memory" && summary["total"]?["requests"]?.number == 10)
                    #expect(abs((summary["total"]?["reference"]?.number ?? 0) - 200) < 1e-9)
                    let latest = try await live("requests")
                    #expect(latest["requests"]?.elements?.count == 10 && latest["source"]?.text == "memory")
                    let id = try #require(latest["requests"]?.elements?.first?["id"]?.text)
                    let one = try await live("requests/\(id)")
                    #expect(one["explanation"]?["steps"]?.elements?.isEmpty == false)
                    #expect(try await live("calibration")["hasStore"]?.flag == false)
                    #expect(try await live("frontier")["models"]?.elements?.first?["days"]?.elements?.count == 1)
                    #expect(try await live("shares")["shares"]?.elements?.count == 2)
                    let state = try await live("state")
                    #expect(state["stages"]?.elements?.compactMap { $0["breaker"]?.text } == ["closed", "closed"])
                }
            }
        }
    }

    @Test func `events come once a second, and a stopping gateway does not wait for who looks on`() async throws {
        try await Self.run(store: nil) { gateway in
            try await DashboardTraffic.send(4, to: gateway)
            let ask =
                "GET /admin/api/live/events HTTP/1.1\r\nhost: x\r\nauthorization: Bearer \(StoredGateway.administrator)\r\n\r\n"
            let start = ContinuousClock.now
            let said = try await RawConnection.exchange(gateway.gateway.port, [ask]) { Self.events($0).count == 3 }
            // The first comes at once, each other one a second after the last.
            let seconds = ContinuousClock.now - start
            #expect(seconds >= .seconds(2), "\(seconds)")
            let events = Self.events(said.utf8)
            #expect(said.contains("text/event-stream") && events.count == 3)
            #expect(events.first?.contains("\"count\":4") == true)
            // One who looks on for as long as he is let.
            let isSeeing = TestFlag(false)
            async let looking = RawConnection.exchange(gateway.gateway.port, [ask], limit: 600) {
                if !Self.events($0).isEmpty { isSeeing.set(true) }
                return false
            }
            #expect(try await eventually { isSeeing.isSet })
            let stop = ContinuousClock.now
            await gateway.gateway.services.triggerGracefulShutdown()
            _ = try await looking
            #expect(ContinuousClock.now - stop < .seconds(120), "he ends with the gateway, not by himself")
        }
    }
}

/// Traffic whose shares, costs and qualities are known beforehand.
enum DashboardTraffic {
    /// What small says of its answers; half of them lie below the threshold of -1.
    static let values = [-0.1, -0.2, -0.5, -0.9, -1.1, -1.5, -2, -3]

    /// The text of request `number`; small's answer to it has one of the values.
    static func text(_ number: Int) -> String { "logprob \(values[number % values.count])" }

    static let script: ScriptedUpstream.Script = { request in
        if request.body.contains("large-model") { return .completion("certainly", tokens: (10, 5)) }
        let value = request.body.components(separatedBy: "logprob ").dropFirst().first
            .flatMap { Double($0.prefix { $0.isNumber || "-.".contains($0) }) }
        return .completion("perhaps", logprobs: [value ?? -0.1], tokens: (10, 5))
    }

    static func configuration(_ small: ScriptedUpstream, _ large: ScriptedUpstream) throws -> GatewayConfiguration {
        var configuration = try RunningGateway.configuration(["small": small, "large": large])
        for index in configuration.stages.indices where configuration.stages[index].name == "small" {
            // Large costs ten times as much: $20 an answer.
            configuration.stages[index].prices = PriceList(perMillionTokensIn: 1e5, perMillionTokensOut: 2e5)
        }
        let path = FileManager.default.temporaryDirectory.path + "/policy-\(UUID().uuidString).json"
        try policy(threshold: -1).encoded().write(to: URL(fileURLWithPath: path))
        configuration.models.insert(GatewayConfiguration.Model("cascade", policy: path), at: 0)
        return configuration
    }

    /// A policy that defers below `threshold`, with the frontier that a search would have found.
    static func policy(threshold: Double) -> PolicyFile {
        PolicyFile(
            family: "thresholds", schema: RunningGateway.schema, objective: Objective(weights: CostWeights(money: 1)),
            measured: ["quality": 0.9, "quality lower": 0.87, "quality upper": 0.93, "cost": 11],
            frontier: PolicyFrontier(
                points: [(2, 0.6), (11, 0.9), (22, 0.95)].map { PolicyFrontier.Point(cost: $0.0, quality: $0.1) },
                stages: [(2, 0.6), (20, 0.93)].map { PolicyFrontier.Point(cost: $0.0, quality: $0.1) }, reference: 1,
                unit: "US dollars"),
            policy: ThresholdPolicy(
                steps: [ThresholdPolicy.Step(stage: 0, score: ConfidenceScore(signal: 0), threshold: threshold)],
                last: 1))
    }

    static func send(_ count: Int, to gateway: StoredGateway) async throws {
        for number in 0..<count {
            let reply = try await gateway.ask("cascade", text(number), key: StoredGateway.administrator)
            guard reply.status == 200 else { throw CancellationError() }
        }
    }

    /// Says of all that was asked how good it was: large is always right, small nearly as often as it says.
    static func judge(_ gateway: StoredGateway) async throws {
        try await gateway.services.writer.flush()
        for (index, record) in try await gateway.store.requests.latest(1000).enumerated() {
            let small = record.trace.choice(of: 0)
            let isLarge = record.answered == 1
            let chance = Foundation.exp(small?.evidence.first ?? 0)
            let wasRight = Double(index % 10) / 10 < chance
            try await gateway.store.feedback.add(
                Feedback(request: record.id, stage: 0, source: "test", quality: wasRight ? 1 : 0, time: 1))
            if isLarge {
                try await gateway.store.feedback.add(
                    Feedback(request: record.id, source: "test", quality: 1, time: 1))
            }
        }
    }
}

extension JSONTree {
    /// The object without the member called `name`.
    func without(_ name: String) -> JSONTree { .object((members ?? []).filter { $0.name != name }) }
}
