import Cascades
import CascadesTesting
import Foundation
import Probability
import Testing

/// Three stages of rising cost; only the last knows everything.
func support(_ clock: any Clock<Duration> = ContinuousClock(), seconds: [Double] = [0, 0, 0]) -> [any Stage<
    String, String
>] {
    func stage(_ name: String, _ cost: Double, _ seconds: Double, _ answers: [String: (String, Double)])
        -> ScriptedStage<String, String>
    {
        ScriptedStage(
            name, evidence: ["margin"],
            answers.mapValues { Answer($0.0, evidence: ["margin": $0.1], cost: Cost(money: cost, seconds: seconds)) },
            delay: .seconds(seconds), clock: clock)
    }
    return [
        stage("small", 1, seconds[0], ["easy": ("yes", 0.9), "hard": ("no", 0.2), "odd": ("no", 0.1)]),
        stage("middle", 3, seconds[1], ["easy": ("yes", 0.95), "hard": ("yes", 0.8), "odd": ("maybe", 0.3)]),
        stage("large", 10, seconds[2], ["easy": ("yes", 1), "hard": ("yes", 1), "odd": ("maybe", 0.4)]),
    ]
}

@Suite struct `a cascade` {
    @Test func `stops where its policy stops, and costs what it asked`() async throws {
        let cascade = try Cascade(
            "support", stages: support(), policy: LadderPolicy(threshold: 0.5, stages: 3), seed: 1)
        let easy = try await cascade.answer("easy")
        #expect(easy.output == "yes" && easy.cost.money == 1)
        let hard = try await cascade.answer("hard")
        #expect(hard.output == "yes" && hard.cost.money == 4)
        #expect(hard.evidence["asked.middle"] == 1 && hard.evidence["asked.large"] == 0)
        #expect(hard.evidence["small.margin"] == 0.2)
        #expect(hard.evidence["large.margin"]?.isNaN == true)
        #expect(hard.evidence.names == cascade.evidenceNames)
    }

    @Test func `abstains as a value, and throws only where an answer is asked for`() async throws {
        let policy = LadderPolicy(threshold: 0.5, stages: 3, abstains: true)
        let cascade = try Cascade("support", stages: support(), policy: policy, seed: 1)
        let run = try await cascade.run("odd")
        #expect(run.decision == .abstained && run.cost.money == 14)
        await #expect(throws: CascadeError.abstained(cascade: "support")) { try await cascade.answer("odd") }
    }

    @Test func `combines by majority, ties to the last stage`() async throws {
        func vote(_ voters: StageSet, _ input: String) async throws -> String? {
            let cascade = try Cascade("vote", stages: support(), policy: VotePolicy(voters: voters), seed: 1)
            return try await cascade.run(input).decision.output
        }
        #expect(try await vote([0, 1, 2], "odd") == "maybe")
        #expect(try await vote([0, 1], "hard") == "yes")
        #expect(try await vote([0], "hard") == "no")
    }

    @Test func `asks several stages at once: costs add, the latency is the slowest one's`() async throws {
        let clock = ManualClock()
        let cascade = try Cascade(
            "vote", stages: support(clock, seconds: [1, 3, 2]), policy: VotePolicy(voters: [0, 1, 2]), seed: 1,
            clock: clock)
        async let pending = cascade.run("hard")
        // All three sleep at the same time, so they were asked at once.
        await clock.waitForSleepers(3)
        // Second by second, each woken in its own time, with its end stamped before the clock moves on.
        clock.advance(by: .seconds(3))
        let run = try await pending
        #expect(run.cost.money == 14 && run.cost.seconds == 3)
        #expect(run.trace?.choices.map(\.stage) == [0, 1, 2])
        #expect(run.trace?.choices.allSatisfy { $0.start == 0 && $0.duration == 3 } == true)
    }

    @Test func `stamps each choice with the injected clock`() async throws {
        let clock = ManualClock()
        let cascade = try Cascade(
            "support", stages: support(clock, seconds: [2, 5, 1]), policy: LadderPolicy(threshold: 0.5, stages: 3),
            seed: 1,
            clock: clock)
        async let pending = cascade.run("hard")
        for seconds in [2, 5] {
            await clock.waitForSleepers(1)
            clock.advance(by: .seconds(seconds))
        }
        let choices = try await pending.trace?.choices ?? []
        #expect(choices.map(\.start) == [0, 2])
        #expect(choices.map(\.duration) == [2, 5])
    }

    @Test func `a stage that fails is named, and those beside it are cancelled`() async throws {
        let stages: [any Stage<String, String>] = [
            ScriptedStage<String, String>("slow", lines: ["a": .hang]),
            ScriptedStage<String, String>("broken", lines: ["a": .fail(ScriptedFailure("out of order"))]),
        ]
        let cascade = try Cascade("pair", stages: stages, policy: VotePolicy(voters: [0, 1]), seed: 1)
        // Ends at all only because the hanging stage is cancelled.
        await #expect(
            throws: CascadeError.stageFailed(stage: "broken", failure: StageFailure(ScriptedFailure("out of order")))
        ) {
            try await cascade.run("a")
        }
    }

    @Test func `cancelling the task cancels what it asked`() async throws {
        let clock = ManualClock()
        let cascade = try Cascade(
            "support", stages: support(clock, seconds: [9, 9, 9]), policy: VotePolicy(voters: [0, 1]), seed: 1,
            clock: clock)
        let task = Task { try await cascade.run("easy") }
        await clock.waitForSleepers(2)
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
        #expect(clock.sleeperCount == 0)
    }

    @Test(arguments: [
        ([Move.ask(5)], CascadeError.unknownStage(index: 5, count: 3)),
        ([.ask(0), .ask(0)], .askedTwice(stage: "small")),
        ([.ask(0), .stop(answer: 1)], .answerNotAsked(stage: "middle", asked: ["small"])),
        ([.ask(0), .combine([0, 2])], .answerNotAsked(stage: "large", asked: ["small"])),
        ([.ask(StageSet())], .emptyMove(asked: [])),
        ([.stop(answer: 9)], .unknownStage(index: 9, count: 3)),
        ([.stop(answer: -1)], .unknownStage(index: -1, count: 3)),
    ])
    func `a policy's mistake is a typed error`(moves: [Move], error: CascadeError) async throws {
        let cascade = try Cascade("support", stages: support(), policy: ScriptedPolicy(moves: moves), seed: 1)
        await #expect(throws: error) { try await cascade.run("easy") }
        #expect(!error.description.isEmpty)
    }

    @Test func `evidence and context that were not announced are typed errors`() async throws {
        let liar = FunctionStage<String, String>("liar", evidence: ["margin"]) { _ in
            Answer("x", evidence: ["entropy": 1])
        }
        let cascade = try Cascade("c", stages: [liar], policy: LadderPolicy(threshold: 0, stages: 1), seed: 1)
        await #expect(
            throws: CascadeError.evidenceMismatch(source: "stage 'liar'", expected: ["margin"], found: ["entropy"])
        ) {
            try await cascade.run("a")
        }
        let context = ItemContext<String>(["length"]) { _ in [] }
        let bare = try Cascade(
            "c", stages: support(), policy: LadderPolicy(threshold: 0, stages: 1), context: context, seed: 1)
        await #expect(throws: CascadeError.self) { try await bare.run("easy") }
    }

    @Test func `outputs that can't be compared can't be combined`() async throws {
        struct Opaque: Sendable {}
        let stages: [any Stage<Int, Opaque>] = ["a", "b"].map {
            FunctionStage<Int, Opaque>($0) { _ in Answer(Opaque()) }
        }
        let cascade = try Cascade("c", stages: stages, policy: VotePolicy(voters: [0, 1]), seed: 1, agrees: nil)
        await #expect(throws: CascadeError.notComparable(cascade: "c", output: "Opaque")) { try await cascade.run(1) }
    }

    @Test func `can't be put together wrongly`() {
        let policy = LadderPolicy(threshold: 0, stages: 3)
        #expect(throws: CascadeError.self) { try Cascade<String, String>("none", stages: [], policy: policy, seed: 1) }
        #expect(throws: CascadeError.self) {
            try Cascade("two", stages: Array(support()[..<2]), policy: policy, seed: 1)
        }
        #expect(throws: CascadeError.self) {
            try Cascade("same", stages: support() + support(), policy: policy, seed: 1)
        }
    }

    @Test func `nests, and its addresses nest`() async throws {
        let inner = try Cascade(
            "inner", stages: Array(support()[..<2]), policy: LadderPolicy(threshold: 0.5, stages: 2, abstains: true),
            seed: 1)
        // The inner cascade's first evidence is asked.small, always 1; so ask the outer policy for more than that.
        let outer = try Cascade(
            "outer", stages: [inner, support()[2]], policy: LadderPolicy(threshold: 2, stages: 2), seed: 2)
        let run = try await outer.run("odd")
        #expect(run.decision.output == "maybe" && run.cost.money == 14)
        #expect(run.trace?.addresses == [["inner"], ["inner", "small"], ["inner", "middle"], ["large"]])
        #expect(run.trace?.choice(at: ["inner"])?.output == nil)
        #expect(run.trace?.choice(at: ["inner", "middle"])?.output == "maybe")
        // The answer of a stage that abstained is an abstention.
        let stopping = try Cascade("outer", stages: [inner], policy: LadderPolicy(threshold: 0, stages: 1), seed: 2)
        #expect(try await stopping.run("odd").decision == .abstained)
        var random = Random(seed: 3)
        #expect(await checkCascade(outer, inputs: ["easy", "hard", "odd"], using: &random) == [])
    }

    @Test func `the request's number decides its chance, not what runs beside it`() async throws {
        let coin = CoinPolicy(p: 0.5)
        let one = try Cascade("coin", stages: support(), policy: coin, seed: 7)
        let two = try Cascade("coin", stages: support(), policy: coin, seed: 7)
        var alone: [Double] = []
        for request in 0..<40 { alone.append(try await one.run("easy", request: UInt64(request)).cost.money) }
        let together = try await withThrowingTaskGroup(of: (Int, Double).self) { group in
            for request in 0..<40 {
                group.addTask { (request, try await two.run("easy", request: UInt64(request)).cost.money) }
            }
            var costs = [Double](repeating: 0, count: 40)
            for try await (request, cost) in group { costs[request] = cost }
            return costs
        }
        #expect(alone == together)
        #expect(Set(alone) == [1, 4])
        // The counter gives request 0, 1, 2, ... in the order of the calls.
        #expect(try await two.run("easy").cost.money == alone[0])
        #expect(try await two.run("easy").cost.money == alone[1])
    }
}
