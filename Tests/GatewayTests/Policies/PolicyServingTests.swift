import Cascades
import Deferral
import Foundation
import NIOHTTP1
import NIOCore
import NIOHTTP1
import Storage
import StorageTesting
import Testing

@testable import Gateway

@Suite(.timeLimit(.minutes(5))) struct `policies that serve` {
    private static let small: ScriptedUpstream.Script = { request in
        .completion("small", logprobs: [request.body.contains("easy") ? -0.1 : -3])
    }

    /// What judges: no closure, so that those of ``run(_:judge:store:_:_:)`` are told apart.
    private struct Judge: Sendable {
        var says: ScriptedUpstream.Script = { _ in .completion("1") }
    }

    /// Runs `body` beside a gateway whose policy asks small, then large where small is not sure.
    private func run<Result>(
        _ policy: any Policy = RunningGateway.deferring, judge: Judge = Judge(), store: Store? = nil,
        _ change: (inout GatewayConfiguration) throws -> Void = { _ in },
        _ body: (StoredGateway) async throws -> Result
    ) async throws -> Result {
        try await ScriptedUpstream.run(Self.small) { small in
            try await ScriptedUpstream.run({ _ in .completion("large") }) { large in
                try await ScriptedUpstream.run(judge.says) { judge in
                    var configuration = try RunningGateway.configuration(
                        ["small": small, "large": large, "judge": judge], policy: policy, schema: RunningGateway.schema)
                    try change(&configuration)
                    return try await StoredGateway.run(configuration, store: store, body)
                }
            }
        }
    }

    /// Whether `version` soon decides at `gateway`.
    private func isServed(
        _ version: String, by gateway: StoredGateway, _ text: String = "Hello"
    ) async throws -> Bool {
        try await eventually { try await gateway.ask("cascade", text)("x-cascade-policy") == version }
    }

    /// The path of a file with `policy`.
    static func file(_ policy: any Policy, _ name: String = "p\(UUID().uuidString)") throws -> String {
        let path = FileManager.default.temporaryDirectory.path + "/\(name).json"
        try Data(content(policy).utf8).write(to: URL(fileURLWithPath: path))
        return path
    }

    static func content(_ policy: any Policy) throws -> String {
        String(
            decoding: try PolicyFile(
                family: "test", schema: RunningGateway.schema, objective: Objective(weights: CostWeights(money: 1)),
                policy: policy
            ).encoded(), as: UTF8.self)
    }

    @Test func `a canary decides for its share, and its requests bear its name and the probabilities`() async throws {
        try await run {
            $0.models[0].canary = (try Self.file(SingleStagePolicy(stage: 1)), 0.25)
            $0.models[0].learning.explores = 0.125
        } _: { gateway in
            var counts: [String: Int] = [:]
            for _ in 0..<400 {
                let reply = try await gateway.ask("cascade", "easy")
                let policy = try #require(reply("x-cascade-policy"))
                counts[policy, default: 0] += 1
                switch policy {
                case "v1": #expect(reply("x-cascade-asked") == "small" && reply.body.contains("small"))
                case "v2": #expect(reply("x-cascade-asked") == "large" && reply.body.contains("large"))
                default:
                    #expect(policy == "exploring" && reply("x-cascade-asked") == "small,large")
                    let stage = try #require(reply("x-cascade-stage"))
                    #expect(reply.body.contains("\"content\":\"\(stage)\""))
                }
            }
            #expect(abs((counts["v1"] ?? 0) - 250) < 40 && abs((counts["v2"] ?? 0) - 100) < 36)
            #expect(abs((counts["exploring"] ?? 0) - 50) < 26)
            try await gateway.services.writer.flush()
            for record in try await gateway.store.requests.latest(400) {
                let asked = Set(record.trace.choices.map(\.stage))
                // Small is asked by the active version and by exploration, large by the canary and by exploration.
                switch (record.policyVersion, asked) {
                case (1, [0]), (nil, [0, 1]): #expect(record.propensities == [0.75, 0.375])
                // What the active version would ask beyond small hangs on what small would have said.
                case (2, [1]): #expect(record.propensities[0] == 0.75 && record.propensities[1].isNaN)
                default: Issue.record("\(record.policyVersion ?? -1) asked \(asked)")
                }
            }
        }
    }

    @Test func `shadows are watched and change nothing`() async throws {
        try await run {
            $0.models[0].shadows = [
                try Self.file(SingleStagePolicy(stage: 1)), try Self.file(SingleStagePolicy(stage: 0)),
            ]
        } _: { gateway in
            for question in ["easy", "hard", "easy", "easy"] {
                let reply = try await gateway.ask("cascade", question)
                #expect(reply("x-cascade-policy") == "v1")
                #expect(reply("x-cascade-asked") == (question == "easy" ? "small" : "small,large"))
            }
            let (status, json) = try await gateway.administer(.GET, "learning/cascade")
            #expect(status == 200)
            let versions = try #require(json["data"]?.elements?.first?["versions"]?.elements)
            #expect(versions.map { $0["state"]?.text } == ["active", "shadow", "shadow"])
            #expect(versions.map { $0["requests"]?.number } == [4, 0, 0])
            #expect(versions.map { $0["agreement"]?.number } == [nil, 0, 0.75])
            #expect(try await gateway.administer(.GET, "learning/nothing").status == 404)
            #expect(try await gateway.send(.GET, "/admin/api/learning").status == 401)
        }
    }

    @Test func `the store says what is in force, and a file that is new becomes a version`() async throws {
        let folder = try ScratchFolder()
        let store = try await Store.open(folder.path("policies.sqlite"))
        let path = try Self.file(RunningGateway.deferring)
        func ask(_ change: @escaping (StoredGateway) async throws -> Void) async throws -> [String?] {
            try await run(store: store) {
                $0.models[0].policy = path
            } _: { gateway in
                try await change(gateway)
                let reply = try await gateway.ask("cascade", "hard")
                return [reply("x-cascade-policy"), reply("x-cascade-asked")]
            }
        }
        #expect(try await ask { _ in } == ["v1", "small,large"])
        // Promoted at the door: in force with the next request.
        let content = try Self.content(SingleStagePolicy(stage: 0))
        let promoted = try await ask { gateway in
            let body: JSONTree = ["model": "cascade", "content": .string(content), "state": "active"]
            let (status, _) = try await gateway.administer(.POST, "policies", String(buffer: body.bytes))
            let isInForce = try await isServed("v2", by: gateway, "hard")
            #expect(status == 201 && isInForce)
        }
        #expect(promoted == ["v2", "small"])
        // A gateway that starts again with the old file stays with what is in force; a new file is a new version.
        #expect(try await ask { _ in } == ["v2", "small"])
        try Data(Self.content(SingleStagePolicy(stage: 1)).utf8).write(to: URL(fileURLWithPath: path))
        #expect(try await ask { _ in } == ["v3", "large"])
        // A version that can't be read leaves all as it is.
        let unread = try await ask { gateway in
            try await store.policies.add("{}", model: "cascade", state: .shadow)
            // Whoever follows the one after it has seen it.
            try await store.policies.add(content, model: "cascade", state: .shadow)
            let shelf = gateway.gateway.server.shelf
            let isSeen = try await eventually { shelf.versions(of: "cascade").contains { $0.name == "v5" } }
            #expect(isSeen && !shelf.versions(of: "cascade").contains { $0.name == "v4" })
        }
        #expect(unread == ["v3", "large"])
        await store.close()
    }

    @Test func `a policy that changes a hundred times in the store drops no request`() async throws {
        try await run { gateway in
            let second = try await gateway.store.policies.add(
                Self.content(SingleStagePolicy(stage: 0)), model: "cascade", state: .retired)
            let counts = try await ChangedUnderLoad.run(clients: 4) {
                let reply = try await gateway.ask("cascade", "hard")
                return switch (reply.status, reply("x-cascade-policy"), reply("x-cascade-asked")) {
                case (200, "v1", "small,large"): .first
                case (200, "v2", "small"): .second
                default: .wrong
                }
            } change: { round in
                try await gateway.store.policies.set(
                    .active, model: "cascade", version: round % 2 == 0 ? second : 1)
                // Unevenly, lest the gateway look at the same of the two each time.
                try await Task.sleep(for: .milliseconds(2 + 7 * round % 8))
            }
            #expect(counts.first > 0 && counts.second > 0 && counts.wrong == 0, "\(counts)")
        }
    }

    @Test func `a version that breaks the floor by a judge's word is rolled back at every gateway`() async throws {
        // The judge finds whatever small says wrong.
        let judge: ScriptedUpstream.Script = { request in
            .completion(request.body.contains("\\nsmall\\n") ? "0" : "1")
        }
        try await run(SingleStagePolicy(stage: 1), judge: Judge(says: judge)) {
            $0.models[0].learning.floor = LearningSettings.Floor(quality: 0.8)
            $0.models[0].judging = JudgeChoices(stage: "judge", share: 1)
        } _: { gateway in
            try await gateway.store.policies.add(
                Self.content(SingleStagePolicy(stage: 0)), model: "cascade", note: "a bad idea")
            #expect(try await isServed("v2", by: gateway))
            #expect(try await isServed("v1", by: gateway))
            #expect(try await gateway.ask("cascade")("x-cascade-asked") == "large")
            let versions = try await gateway.store.policies.all(of: "cascade")
            #expect(versions.map(\.state) == [.active, .retired])
            #expect(versions[1].note.hasPrefix("mean quality is below 0.8"))
            let (_, json) = try await gateway.administer(.GET, "learning")
            #expect(json["alarms"]?.elements?.first?["kind"]?.text == "floor-broken")
            // The judge's word is feedback like any other.
            try await gateway.services.writer.flush()
            let judged = try await gateway.store.outcomeLog()
            #expect(judged.count > 3)
        }
    }

    @Test func `feedback on what another gateway answered counts, too`() async throws {
        let folder = try ScratchFolder()
        let store = try await Store.open(folder.path("shared.sqlite"))
        try await run(SingleStagePolicy(stage: 1), store: store) {
            $0.models[0].learning.floor = LearningSettings.Floor(quality: 0.8)
        } _: { first in
            try await run(SingleStagePolicy(stage: 1), store: store) {
                $0.models[0] = GatewayConfiguration.Model("cascade", policy: try Self.file(SingleStagePolicy(stage: 1)))
                $0.models[0].learning.floor = LearningSettings.Floor(quality: 0.8)
            } _: { second in
                try await store.policies.add(Self.content(SingleStagePolicy(stage: 0)), model: "cascade")
                #expect(try await isServed("v2", by: first))
                let rolledBack = try await eventually {
                    let reply = try await first.ask("cascade")
                    let id = try #require(reply("x-cascade-request-id"))
                    if reply("x-cascade-policy") == "v1" { return true }
                    try await first.services.writer.flush()
                    let told = try await second.send(
                        .POST, "/v1/feedback", #"{"request_id": "\#(id)", "thumbs": "down"}"#,
                        key: StoredGateway.administrator)
                    #expect(told.status == 200)
                    return false
                }
                #expect(rolledBack)
                #expect(try await isServed("v1", by: first))
                #expect(try await isServed("v1", by: second))
            }
        }
        await store.close()
    }

    @Test func `it learns a cheaper policy from explored requests, by itself`() async throws {
        // Small is right where it is sure, and the judge knows.
        let judge: ScriptedUpstream.Script = { request in
            let isWrong = request.body.contains("\\nsmall\\n") && !request.body.contains("easy")
            return .completion(isWrong ? "0" : "1")
        }
        try await run(SingleStagePolicy(stage: 1), judge: Judge(says: judge)) {
            var judging = JudgeChoices(stage: "judge", share: 1)
            judging.concurrency = 8
            judging.waiting = 10_000
            $0.models[0].judging = judging
            let large = $0.stages.firstIndex { $0.name == "large" }!
            $0.stages[large].prices = PriceList(perMillionTokensIn: 1e7, perMillionTokensOut: 2e7)
            $0.models[0].learning.explores = 0.5
            $0.models[0].learning.trial = LearningSettings.Trial(keep: 0.9)
            $0.models[0].learning.learner = LearningSettings.Learner(every: 60, goal: .keep(0.98), canary: 0.25)
        } _: { gateway in
            var replies = 0
            let isLearned = try await eventually(150) {
                for _ in 0..<10 {
                    replies += 1
                    _ = try await gateway.ask("cascade", replies % 2 == 0 ? "easy" : "hard")
                }
                return try await gateway.store.policies.all(of: "cascade").contains {
                    $0.version > 1 && $0.state == .active
                }
            }
            let (_, told) = try await gateway.administer(.GET, "learning")
            #expect(isLearned, "\(String(buffer: told.bytes))")
            let versions = try await gateway.store.policies.all(of: "cascade")
            let active = try #require(versions.first { $0.state == .active })
            #expect(active.previous == 1 && active.note.hasPrefix("on trial it kept 0.9"))
            let file = try PolicyFile.read(Data(active.content.utf8), path: "learned")
            var state = PolicyState(schema: file.schema)
            state.begin(context: [])
            #expect(file.policy.next(state) == .ask(0))
            #expect(file.family == "thresholds" && (file.measured["quality"] ?? 0) > 0.95)
        }
    }

    @Test func `what was explored is remembered over a restart`() async throws {
        let folder = try ScratchFolder()
        let store = try await Store.open(folder.path("explored.sqlite"))
        let path = try Self.file(RunningGateway.deferring)
        func count(_ asked: Int) async throws -> [Double?] {
            try await run(store: store) {
                $0.models[0].policy = path
                $0.models[0].learning.explores = 1
                $0.models[0].learning.learner = LearningSettings.Learner(every: 1_000)
            } _: { gateway in
                for number in 0..<asked {
                    let id = try #require(try await gateway.ask("cascade")("x-cascade-request-id"))
                    let body = #"{"request_id": "\#(id)", "thumbs": "\#(number % 2 == 0 ? "up" : "down")"}"#
                    let told = try await gateway.send(
                        .POST, "/v1/feedback", body, key: StoredGateway.administrator)
                    #expect(told.status == 200)
                }
                var found: [Double?] = []
                _ = try await eventually {
                    let (_, json) = try await gateway.administer(.GET, "learning/cascade")
                    let model = json["data"]?.elements?.first
                    found = [model?["explored"]?.number]
                    let rows = gateway.gateway.server.core.learning.state(of: "cascade")?.rows.rows ?? []
                    found.append(Double(rows.count { $0.isJudged }))
                    found.append(rows.reduce(0) { $0 + ($1.isJudged ? $1.quality[$1.answered] : 0) })
                    return found == [20, 20, 10]
                }
                return found
            }
        }
        #expect(try await count(20) == [20, 20, 10])
        #expect(try await count(0) == [20, 20, 10])
        await store.close()
    }

    @Test func `tests go on over a restart`() async throws {
        let folder = try ScratchFolder()
        let store = try await Store.open(folder.path("tests.sqlite"))
        let path = try Self.file(RunningGateway.deferring)
        func judge(_ asked: Int, after before: Int) async throws -> [Double?] {
            try await run(store: store) {
                $0.models[0].policy = path
                $0.models[0].learning.floor = LearningSettings.Floor(quality: 0.3)
            } _: { gateway in
                func judged() async throws -> Double? {
                    let (_, json) = try await gateway.administer(.GET, "learning/cascade")
                    return json["data"]?.elements?.first?["versions"]?.elements?.first?["judged"]?.number
                }
                _ = try await eventually { try await judged() == Double(before) }
                var found = [try await judged()]
                for _ in 0..<asked {
                    let id = try #require(try await gateway.ask("cascade")("x-cascade-request-id"))
                    let told = try await gateway.send(
                        .POST, "/v1/feedback", #"{"request_id": "\#(id)", "thumbs": "up"}"#,
                        key: StoredGateway.administrator)
                    #expect(told.status == 200)
                }
                _ = try await eventually { try await judged() == Double(before + asked) }
                found.append(try await judged())
                return found
            }
        }
        #expect(try await judge(12, after: 0) == [0, 12])
        #expect(try await judge(3, after: 12) == [12, 15])
        #expect(try await judge(0, after: 15) == [15, 15])
        await store.close()
    }

    @Test func `without a store, a version that breaks the floor gives way as well`() async throws {
        try await ScriptedUpstream.run(Self.small) { small in
            var configuration = try RunningGateway.configuration(
                ["small": small, "large": small], policy: SingleStagePolicy(stage: 1), schema: RunningGateway.schema)
            configuration.models[0].learning.floor = LearningSettings.Floor(quality: 0.8)
            configuration.models[0].judging = JudgeChoices(program: ["/bin/echo", "0"], share: 1)
            try await RunningGateway.run(configuration) { gateway in
                let shelf = gateway.server.shelf
                let first = try #require(shelf.versions(of: "cascade").first?.name)
                let file = try PolicyFile.read(
                    Data(Self.content(SingleStagePolicy(stage: 0)).utf8), path: "second")
                let second = try await shelf.add(file, model: "cascade", state: .canary, share: 0.5, note: "")
                try await shelf.set(.active, model: "cascade", version: second, note: "")
                func active() async throws -> String? {
                    try await gateway.post("/v1/chat/completions", RunningGateway.chat("cascade"))("x-cascade-policy")
                }
                #expect(try await active() == second)
                #expect(try await eventually { try await active() == first })
                // The first one is no better, and nothing was there before it.
                let isSaid = try await eventually {
                    _ = try await active()
                    return gateway.server.core.learning.alarms.contains { $0.kind == .nothingToRollBackTo }
                }
                #expect(isSaid)
                #expect(try await active() == first)
            }
        }
    }
}
