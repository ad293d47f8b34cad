import Cascades
import CascadesTesting
import Foundation
import Probability
import Testing

@Suite struct `stages` {
    @Test func `every kernel lifts, with its log-density as the score`() async throws {
        let stage = KernelStage(
            "line", line, seed: 1, evidenceNames: ["distance"],
            evidence: { output, input in ["distance": abs(output - input)] }, cost: { _, _ in Cost(operations: 2) })
        var random = Random(seed: 2)
        #expect(await checkStage(stage, inputs: [0, 1], using: &random) == [])
        let answer = try await stage.answer(1)
        #expect(answer.logScore == line.logDensity(of: answer.output, given: 1))
        #expect(answer.cost.operations == 2)
        // Two calls draw from two streams; a stage of the same seed repeats them.
        let second = try await stage.answer(1).output
        let twin = KernelStage("line", line, seed: 1)
        #expect(try await twin.answer(1).output == answer.output)
        #expect(try await twin.answer(1).output == second)
        #expect(second != answer.output)
    }

    @Test func `a price list turns tokens into money`() async throws {
        let stage = FunctionStage<String, String>("f") {
            Answer($0, cost: Cost(money: 99, tokensIn: 1000, tokensOut: 500))
        }
        let answer = try await stage.priced(PriceList(perMillionTokensIn: 2, perMillionTokensOut: 8, perCall: 0.001))
            .answer("a")
        #expect(abs(answer.cost.money - (0.001 + 0.002 + 0.004)) < 1e-15)
        #expect(answer.cost.tokensIn == 1000)
    }

    @Test func `a recorded stage keeps questions, answers and failures`() async throws {
        let stage = ScriptedStage<String, Int>(
            "s", lines: ["a": .answer(Answer(1)), "b": .fail(ScriptedFailure("no"))]
        ).recorded()
        _ = try await stage.answer("a")
        await #expect(throws: ScriptedFailure("no")) { try await stage.answer("b") }
        #expect(stage.records.map(\.input) == ["a", "b"])
        #expect(try stage.records[0].result.get().decision == .answered(1))
        #expect(throws: StageFailure(ScriptedFailure("no"))) { try stage.records[1].result.get() }
    }

    @Test func `wrong stages are rejected`() async {
        var random = Random(seed: 3)
        func laws(_ stage: some Stage<Int, Int>) async -> Set<String> {
            Set(await checkStage(stage, inputs: [1], using: &random).map(\.law))
        }
        #expect(await laws(FunctionStage("f", evidence: ["a"]) { Answer($0, evidence: ["a": 1]) }) == [])
        #expect(await laws(FunctionStage("f", evidence: ["a"]) { Answer($0) }) == ["evidence is as announced"])
        #expect(
            await laws(FunctionStage("f") { Answer($0, cost: Cost(money: -1)) }) == [
                "costs are finite and not negative"
            ])
        #expect(
            await laws(FunctionStage("f") { _ in Answer(Int.random(in: 0...1 << 60)) }) == [
                "the same stream gives the same answer"
            ])
        #expect(
            await laws(FunctionStage("") { _ in throw ScriptedFailure("no") }) == [
                "a stage has a name", "a stage answers",
            ])
    }
}
