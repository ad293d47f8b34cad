import Cascades
import Deferral
import Foundation
import NIOHTTP1
import Storage
import Testing

@testable import Gateway

@Suite(.timeLimit(.minutes(5))) struct `records of requests` {
    /// Says what it is sure of, as the question tells: `sure 0.9`.
    static let small: ScriptedUpstream.Script = { request in
        if request.body.contains("fail") {
            return .json(#"{"error":{"message":"fail: the secret text"}}"#, status: 500)
        }
        let isSure = request.body.contains("sure")
        return .completion("small says", logprobs: [isSure ? -0.1 : -3])
    }

    /// A gateway with a policy over two stages.
    private func run<Result>(
        _ policy: any Policy = RunningGateway.deferring,
        configure: (inout GatewayConfiguration) -> Void = { _ in }, _ body: (StoredGateway) async throws -> Result
    ) async throws -> Result {
        try await ScriptedUpstream.run(Self.small) { small in
            try await ScriptedUpstream.run { request in
                request.body.contains(#""stream":true"#) ? .stream(["large", " says"]) : .completion("large says")
            } _: { large in
                var configuration = try RunningGateway.configuration(
                    ["small": small, "large": large], policy: policy, schema: RunningGateway.schema)
                configuration.stages[1].guarding.retry.attempts = 1
                configure(&configuration)
                return try await StoredGateway.run(configuration, body)
            }
        }
    }

    @Test func `say what was asked, what came, what was decided and what it took`() async throws {
        try await run { gateway in
            let made = try await gateway.makeKey()
            let sure = try await gateway.ask("cascade", "sure", key: made.key.secret)
            let unsure = try await gateway.ask("cascade", "hm", key: made.key.secret)
            let streamed = try await gateway.ask("cascade", "hm", key: made.key.secret, more: #","stream":true"#)
            let alone = try await gateway.ask("large", "hm", key: made.key.secret)
            try await gateway.services.writer.flush()
            func record(_ reply: RunningGateway.Reply) async throws -> Storage.RequestRecord {
                let id = try #require(reply("x-cascade-request-id"))
                return try #require(try await gateway.store.requests.request(id))
            }
            let first = try await record(sure)
            #expect(first.key == made.record.id && first.model == "cascade" && first.answered == 0)
            #expect(first.trace.schema == RunningGateway.schema)
            #expect(first.trace.moves == [.ask(0), .stop(answer: 0)])
            #expect(first.propensities == [1, 0] && first.status == .answered)
            let place = try #require(RunningGateway.schema.stages[0].evidence.firstIndex(of: "meanLogProbability"))
            #expect(abs(first.trace.choices[0].evidence[place] + 0.1) < 1e-6)
            #expect(first.cost.money == 20 && first.cost.tokensIn == 10 && first.cost.tokensOut == 5)
            // No texts unless asked, but what tells equal ones.
            #expect(first.input == nil && first.trace.choices[0].output == nil && first.digests[0]?.count == 64)
            let serving = try #require(first.serving)
            #expect(serving.interface == "/chat/completions" && serving.decision == "answered")
            #expect(serving.httpStatus == 200 && serving.elapsed > 0 && !serving.isStreamed)

            let second = try await record(unsure)
            #expect(second.trace.moves == [.ask(0), .ask(1), .stop(answer: 1)] && second.answered == 1)
            #expect(second.propensities == [1, 1] && second.cost.money == 40)
            #expect(second.trace.choices.map(\.stage) == [0, 1])
            let third = try await record(streamed)
            #expect(third.serving?.isStreamed == true && third.answered == 1)
            #expect(third.digests[1] == second.digests[1])
            let fourth = try await record(alone)
            #expect(fourth.trace.moves == [.ask(0), .stop(answer: 0)] && fourth.serving?.policy == nil)
            #expect(fourth.trace.schema.stages.map(\.name) == ["large"])
        }
    }

    @Test func `a stage that failed is told by the kind of its failure, without its words`() async throws {
        try await run { gateway in
            let reply = try await gateway.ask("cascade", "fail")
            #expect(reply.status == 200 && reply("x-cascade-decision") == "failed-over")
            try await gateway.services.writer.flush()
            let record = try #require(try await gateway.store.requests.latest(1).first)
            let serving = try #require(record.serving)
            #expect(serving.decision == "failed-over" && serving.failures.map(\.kind) == ["status 500"])
            #expect(record.answered == 1 && record.trace.moves == [.ask(0), .ask(1), .stop(answer: 1)])
            // That the first was asked is sure; what would have followed an answer of it is not known.
            #expect(record.propensities[0] == 1 && record.propensities[1].isNaN)
            let names = try await gateway.store.database.read { connection in
                try connection.rows("SELECT failures FROM requests") { try $0.text(0) }
            }
            #expect(!names.joined().contains("secret text"))
            let down = try await gateway.ask("small", "fail")
            #expect(down.status == 502)
            try await gateway.services.writer.flush()
            let failed = try #require(try await gateway.store.requests.latest(1).first)
            #expect(failed.status == .failed("status 502") && failed.trace.choices.isEmpty)
        }
    }

    @Test(arguments: [TextKeeping.none, .redacted(.standard), .whole])
    func `texts are kept as the configuration says`(_ texts: TextKeeping) async throws {
        try await run(configure: { $0.keeping.texts = texts }) { gateway in
            _ = try await gateway.ask("cascade", "I am sure, ada@example.org")
            try await gateway.services.writer.flush()
            let record = try #require(try await gateway.store.requests.latest(1).first)
            switch texts {
            case .none: #expect(record.input == nil && record.trace.choices[0].output == nil)
            case .redacted:
                #expect(record.input == "I am sure, [email]" && record.trace.choices[0].output == "small says")
            case .whole:
                #expect(record.input == "I am sure, ada@example.org")
                #expect(record.trace.choices[0].output == "small says")
            }
        }
    }

    @Test func `a policy's chance is recorded with its probabilities, and makes a log that can be learned from`()
        async throws
    {
        // One in four goes to the large one at once, the rest as far as the small one is not sure.
        let always = ThresholdPolicy(steps: [], last: 1)
        let policy = MixturePolicy([
            .init(weight: 0.25, policy: always), .init(weight: 0.75, policy: RunningGateway.deferring),
        ])
        try await run(policy) { gateway in
            var direct = 0
            for number in 0..<200 {
                let reply = try await gateway.ask("cascade", number % 2 == 0 ? "sure \(number)" : "hm \(number)")
                #expect(reply.status == 200)
                if reply("x-cascade-asked") == "large" { direct += 1 }
                let id = try #require(reply("x-cascade-request-id"))
                let feedback = try await gateway.send(
                    .POST, "/v1/feedback",
                    #"{"request_id": "\#(id)", "thumbs": "\#(number % 3 == 0 ? "down" : "up")"}"#)
                #expect(feedback.status == 200, "\(feedback.body)")
            }
            #expect((25...75).contains(direct), "\(direct)")
            let log = try await gateway.store.outcomeLog()
            #expect(log.count == 200 && log.schema == RunningGateway.schema)
            for item in 0..<log.count {
                let asked = (0..<2).map { !log.money[item * 2 + $0].isNaN }
                let told = Array(log.propensities[item * 2..<item * 2 + 2])
                if asked[0] {
                    // The small one is asked in three of four; the large one in all where it was not sure.
                    #expect(abs(told[0] - 0.75) < 1e-9)
                    #expect(abs(told[1] - (asked[1] ? 1 : 0.25)) < 1e-9, "\(told)")
                } else {
                    // Whether the small one would have been sure, nobody knows.
                    #expect(asked[1] && abs(told[0] - 0.75) < 1e-9 && told[1].isNaN, "\(told)")
                }
                // What was given is what was judged.
                #expect(!log.quality[item * 2 + (asked[1] ? 1 : 0)].isNaN)
                if asked[0], asked[1] { #expect(log.quality[item * 2].isNaN) }
            }
        }
    }
}
