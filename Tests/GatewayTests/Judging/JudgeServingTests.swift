import Cascades
import Foundation
import NIOCore
import Storage
import Testing

@testable import Gateway

@Suite(.timeLimit(.minutes(5))) struct `judges of traffic` {
    private static let answering: ScriptedUpstream.Script = { request in
        request.body.contains(#""stream":true"#) ? .stream(["good ", "answer"]) : .completion("good answer")
    }

    private func run<Result>(
        _ judge: @escaping ScriptedUpstream.Script, share: Double = 1,
        _ body: (StoredGateway, ScriptedUpstream) async throws -> Result
    ) async throws -> Result {
        try await ScriptedUpstream.run(Self.answering) { upstream in
            try await ScriptedUpstream.run(judge) { judge in
                var configuration = try RunningGateway.configuration(["small": upstream, "judge": judge])
                let place = configuration.models.firstIndex { $0.name == "small" }!
                configuration.models[place].judging = JudgeChoices(stage: "judge", share: share)
                return try await StoredGateway.run(configuration) { gateway in try await body(gateway, judge) }
            }
        }
    }

    @Test func `a model's grade of an answer becomes its feedback, streamed or not`() async throws {
        try await run { _ in
            .completion("It is fine: 0.75")
        } _: { gateway, judge in
            for more in ["", #","stream":true"#] {
                let reply = try await gateway.ask("small", "What is it?", more: more)
                let id = try #require(reply("x-cascade-request-id"))
                let isJudged = try await eventually {
                    try await gateway.services.writer.flush()
                    return try await gateway.store.feedback.all(of: id).map(\.quality) == [0.75]
                }
                #expect(isJudged)
                let feedback = try await gateway.store.feedback.all(of: id)
                #expect(feedback[0].source == "judge" && feedback[0].stage == 0)
                let asked = try #require(judge.requests.last?.body)
                #expect(asked.contains("good answer") && asked.contains("What is it?"))
                #expect(asked.contains("judge-model") && !asked.contains(#""stream":true,"#))
            }
        }
    }

    @Test func `a sample is judged, by chance of its own`() async throws {
        try await run({ _ in .completion("1") }, share: 0.3) { gateway, _ in
            for _ in 0..<200 { _ = try await gateway.ask() }
            var judged = 0
            let isDone = try await eventually {
                let counts = gateway.gateway.server.core.judging.counts["small"] ?? Judging.Counts()
                judged = counts.judged
                return judged > 30 && counts.waiting == 0
            }
            #expect(isDone)
            #expect(judged > 35 && judged < 90, "\(judged)")
        }
    }

    @Test func `a judge that fails or talks beside the point leaves no feedback, and holds nobody up`() async throws {
        let mayJudge = TestFlag(false)
        try await run { request in
            [.when { mayJudge.isSet }]
                + (request.body.contains("first")
                    ? .json("{}", status: 503, headers: []) : .completion("what a question"))
        } _: { gateway, _ in
            // Answers are there before the judge has said anything.
            let ids = [try await gateway.ask("small", "first"), try await gateway.ask("small", "second")].map {
                $0("x-cascade-request-id")!
            }
            mayJudge.set(true)
            #expect(try await eventually { gateway.gateway.server.core.judging.counts["small"]?.failed == 2 })
            try await gateway.services.writer.flush()
            for id in ids { #expect(try await gateway.store.feedback.all(of: id).isEmpty) }
        }
    }

    @Test func `a judge that hangs is dropped from, counted, and does not keep the gateway from stopping`() async throws
    {
        let end = try await run({ _ in [.stall] }) { gateway, judge in
            for _ in 0..<2 { _ = try await gateway.ask() }
            #expect(try await eventually { judge.requests.count == 2 })
            for _ in 0..<298 { _ = try await gateway.ask() }
            // Two are under way, 256 wait.
            let counts = try #require(gateway.gateway.server.core.judging.counts["small"])
            #expect(counts.dropped == 300 - 258 && counts.waiting == 256)
            return ContinuousClock.now
        }
        // A stage may be silent for a minute before it is given up.
        #expect(ContinuousClock.now - end < .seconds(40))
    }

    @Test func `a program judges, and its exit decides whether it counts`() async throws {
        let path = FileManager.default.temporaryDirectory.path + "/judge-\(UUID().uuidString).sh"
        try #"""
        #!/bin/sh
        read -r line
        case "$line" in *'"answer":"good answer"'*'"request":{"model":"small"'*) echo 0.9 ;; *) exit 1 ;; esac
        """#.write(toFile: path, atomically: true, encoding: .utf8)
        try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: path)
        defer { try? FileManager.default.removeItem(atPath: path) }
        try await ScriptedUpstream.run(Self.answering) { upstream in
            try await StoredGateway.run(upstream) {
                $0.models[0].judging = JudgeChoices(program: [path], share: 1)
            } _: { gateway in
                let id = try #require(try await gateway.ask()("x-cascade-request-id"))
                let isJudged = try await eventually {
                    try await gateway.services.writer.flush()
                    return try await gateway.store.feedback.all(of: id).map(\.quality) == [0.9]
                }
                #expect(isJudged)
            }
        }
    }
}
