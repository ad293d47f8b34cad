import Cascades
import CascadesTesting
import Foundation
import Probability
import Testing

/// The worked example of Cascades.docc/Cascades.md, line by line.
@Suite struct `the worked example` {
    @Test func `asks the small model first and the large one when it is unsure`() async throws {
        let small = FunctionStage<String, String>("small", evidence: ["margin"]) { question in
            question.count < 12
                ? Answer("short", evidence: ["margin": 0.9], cost: Cost(tokensIn: 100, tokensOut: 10))
                : Answer("short", evidence: ["margin": 0.1], cost: Cost(tokensIn: 100, tokensOut: 10))
        }.priced(PriceList(perMillionTokensIn: 1, perMillionTokensOut: 2))
        let large = FunctionStage<String, String>("large") { _ in Answer("long", cost: Cost(money: 0.01)) }

        struct AskLargeBelow: Policy {
            static let kind = "example-ask-large-below"
            var margin: Double
            var reach: StageSet { [0, 1] }
            func next(_ state: PolicyState) -> Move {
                if state.asked.isEmpty { return .ask(0) }
                if state.asked.contains(1) { return .stop(answer: 1) }
                return state.signals[state.schema.evidenceOffsets[0]] < margin ? .ask(1) : .stop(answer: 0)
            }
            func formula(_ schema: LogSchema) -> String { "ask the second stage when margin < \(margin)" }
        }

        let cascade = try Cascade("example", stages: [small, large], policy: AskLargeBelow(margin: 0.5), seed: 1)
        let easy = try await cascade.run("Where?")
        let hard = try await cascade.run("Where is my parcel?")
        #expect(easy.decision == .answered("short") && abs(easy.cost.money - 0.00012) < 1e-12)
        #expect(hard.decision == .answered("long") && abs(hard.cost.money - 0.01012) < 1e-12)

        // The trace gives the same run again, without asking.
        let trace = try #require(hard.trace)
        #expect(try cascade.replay(trace, "Where is my parcel?") == hard)

        // Many traces make a log, from which the room Deferral learns a better policy.
        let log = try OutcomeLog(
            traces: [try #require(easy.trace), trace], schema: cascade.schema, ids: ["1", "2"],
            qualities: [1, .nan, 0, 1])
        #expect(log.count == 2)

        // And the laws hold.
        var random = Random(seed: 2)
        #expect(checkPolicy(AskLargeBelow(margin: 0.5), schema: cascade.schema, using: &random) == [])
        #expect(await checkCascade(cascade, inputs: ["Where?", "Where is my parcel?"], using: &random) == [])
    }
}
