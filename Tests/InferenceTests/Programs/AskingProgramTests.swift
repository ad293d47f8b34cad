import Cascades
import Foundation
import Inference
import Probability
import Synchronization
import Testing

/// Counts the questions to a stage.
final class QuestionCounter: Sendable {
    private let total = Mutex(0)
    private let active = Mutex((now: 0, most: 0))
    var count: Int { total.withLock { $0 } }
    var mostAtOnce: Int { active.withLock { $0.most } }
    func begin() {
        total.withLock { $0 += 1 }
        active.withLock { $0 = ($0.now + 1, max($0.most, $0.now + 1)) }
    }
    func end() { active.withLock { $0.now -= 1 } }
}

/// A stage that draws from a kernel, counts its questions and takes its time.
struct CountingStage: FiniteStage {
    let base: KernelStage<CategoricalKernel<Int>>
    let counter: QuestionCounter
    var delay: Duration?
    var name: String { base.name }
    var evidenceNames: [String] { base.evidenceNames }

    init(_ name: String, _ rows: [[Double]], money: Double = 1, counter: QuestionCounter, delay: Duration? = nil) throws
    {
        base = KernelStage(
            name, try CategoricalKernel(transitions: rows), seed: 1, evidenceNames: ["margin"],
            evidence: { output, input in ["margin": output == input ? 0.8 : 0.3] },
            cost: { _, _ in Cost(money: money, tokensIn: 3, tokensOut: 2, seconds: 0.5, operations: 7) })
        self.counter = counter
        self.delay = delay
    }

    func answer(_ input: Int) async throws -> Answer<Int> { try await base.answer(input) }

    func run(_ input: Int, using random: inout Random) async throws -> Run<Int> {
        counter.begin()
        defer { counter.end() }
        if let delay { try await Task.sleep(for: delay) }
        return try await base.run(input, using: &random)
    }

    func outcomes(given input: Int) throws -> ListedOutcomes<Int>? { try base.outcomes(given: input) }
}

/// Asks the second stage where the first one's margin is low.
struct DeferBelow: Policy {
    static let kind = "test-defer-below"
    var margin: Double
    var reach: StageSet { [0, 1] }
    func next(_ state: PolicyState) -> Move {
        if state.asked.isEmpty { return .ask(0) }
        if state.asked.contains(1) { return .stop(answer: 1) }
        return state.signals[state.schema.evidenceOffsets[0]] < margin ? .ask(1) : .stop(answer: 0)
    }
    func formula(_ schema: LogSchema) -> String { "ask the second when margin < \(margin)" }
}

@Suite("Programs that ask stages") struct AskingProgramTests {
    static let small = [[1.0, 0, 0], [0, 1, 0], [0.5, 0, 1]]
    static let large = [[3.0, 0, 0], [0, 3, 0], [0, 0, 3]]

    /// A cascade that defers, as a program, judged by a noisy verifier.
    static func deferral(_ counter: QuestionCounter, delay: Duration? = nil) throws -> Program<Int, Int> {
        let cascade = try Cascade<Int, Int>(
            "pair",
            stages: [
                CountingStage("small", small, counter: counter, delay: delay),
                CountingStage("large", large, money: 10, counter: counter, delay: delay),
            ], policy: DeferBelow(margin: 0.5), seed: 1)
        let inner = cascade.program(coin: 0)
        return Program { scope, input in
            let truth = try scope.sample("truth", Categorical(weights: [1, 2, 1]))
            let decision = try await scope.call("cascade", inner, truth)
            let answer = decision.output ?? -1
            try scope.observe("liked", Bernoulli(probability: answer == truth ? 0.9 : 0.3), 1)
            return 3 * truth + answer
        }
    }

    /// Steps of a chain of answers, each checked.
    static func steps(_ counter: QuestionCounter, delay: Duration? = nil) throws -> Program<Int, Int> {
        let stage = try CountingStage("step", small, counter: counter, delay: delay)
        return Program { scope, count in
            var state = 1
            for t in 0..<count {
                try await scope.nested(.at("step", t)) {
                    state = try await scope.ask("answer", stage, state).output
                    try scope.observe("check", Bernoulli(probability: [0.2, 0.5, 0.9][state]), 1)
                }
            }
            return state
        }
    }

    /// What each method makes of a program, at a concurrency.
    static func estimates(
        _ program: Program<Int, Int>, _ input: Int, concurrency: Int
    ) async throws -> [[Int]] {
        var random = Random(seed: 5)
        let weighted = try await LikelihoodWeighting(samples: 40, concurrency: concurrency)
            .run(program, input, using: &random)
        let smc = try await ReexecutionSMC(particles: 30, concurrency: concurrency).run(program, input, using: &random)
        let rejected = try await RejectionSampling(samples: 10, concurrency: concurrency)
            .run(program, input, using: &random)
        let chains = try await ProgramChains(chains: 5, steps: 20, concurrency: concurrency)
            .run(program, input, using: &random)
        return [weighted, smc, rejected].map {
            $0.runs.map(\.output) + $0.runs.map { Int($0.logWeight.bitPattern >> 2) }
        }
            + chains.map(\.outputs)
    }

    @Test("agree with enumeration, whichever method", arguments: [0, 1])
    func agreement(which: Int) async throws {
        let counter = QuestionCounter()
        let program = which == 0 ? try Self.deferral(counter) : try Self.steps(counter)
        let input = 4
        let exact = try await ProgramEnumeration().run(program, input).posterior
        // Listed outcomes are not asked for.
        #expect(counter.count == 0)
        var random = Random(seed: 21)
        var weighted = ReplicateTest(exact, isNormalised: false)
        var smc = weighted
        var rejected = ReplicateTest(exact, isNormalised: true)
        var chained = rejected
        for _ in 0..<ReplicateTest.replicates {
            weighted.add(try await LikelihoodWeighting(samples: 100).run(program, input, using: &random))
            smc.add(try await ReexecutionSMC(particles: 60).run(program, input, using: &random))
            rejected.add(
                try await RejectionSampling(samples: 50).run(program, input, using: &random).runs.map(\.output))
        }
        let chains = ProgramChains(chains: ReplicateTest.replicates, steps: 500)
        for chain in try await chains.run(program, input, using: &random) { chained.add(chain.outputs) }
        #expect(weighted.failures == [])
        #expect(smc.failures == [])
        #expect(rejected.failures == [])
        #expect(chained.failures == [])
    }

    @Test("give the same at any concurrency")
    func determinism() async throws {
        let program = try Self.deferral(QuestionCounter(), delay: .microseconds(50))
        let one = try await Self.estimates(program, 0, concurrency: 1)
        for concurrency in [2, 8] {
            #expect(try await Self.estimates(program, 0, concurrency: concurrency) == one)
        }
        let counter = QuestionCounter()
        _ = try await Self.estimates(
            Self.deferral(counter, delay: .milliseconds(1)), 0, concurrency: 3)
        #expect(counter.mostAtOnce > 1 && counter.mostAtOnce <= 3)
    }

    @Test("ask once for each history: the replays of survivors ask nothing")
    func asksOnce() async throws {
        let counter = QuestionCounter()
        let program = try Self.steps(counter)
        var random = Random(seed: 3)
        let particles = 50
        let posterior = try await ReexecutionSMC(particles: particles, threshold: 1)
            .run(program, 6, using: &random)
        // Every particle asks one question a step, though it is run again from its start at each.
        #expect(counter.count == particles * 6)
        #expect(posterior.spent.money == Double(counter.count))
        // Survivors with a common ancestor hold the very same answers, not copies of the question.
        let firsts = Set(posterior.runs.compactMap { $0.trace?.choices[0] }.map { ObjectIdentifier($0) })
        #expect(firsts.count < particles)

        // A replay asks nothing either.
        let before = counter.count
        let run = try await program.record(6, using: &random)
        let asked = counter.count - before
        #expect(asked == 6)
        #expect(try await program.replay(run.trace, 6).output == run.output)
        #expect(counter.count == before + 6)
    }

    @Test("enumeration asks a stage without a list once for each history")
    func enumerationAsks() async throws {
        let counter = QuestionCounter()
        let stage = FunctionStage<Int, Int>("double") { input in
            counter.begin()
            return Answer(2 * input, cost: Cost(money: 1))
        }
        let program = Program<Int, Int> { scope, _ in
            let x = try scope.sample("x", Categorical(weights: [1, 2, 1]))
            let doubled = try await scope.ask("double", stage, x).output
            let y = try scope.sample("y", Categorical(weights: [1, 1, 1, 1]))
            return doubled + y
        }
        let exact = try await ProgramEnumeration().run(program, 0)
        #expect(counter.count == 3)
        #expect(exact.posterior.runs.count == 12)
        #expect(exact.posterior.spent.money == 3)
        #expect(abs(exact.posterior.expectation(Double.init) - 3.5) < 1e-12)
    }

    @Test("Metropolis-Hastings keeps the answers before a change")
    func keepsAnswers() async throws {
        let counter = QuestionCounter()
        let stage = try CountingStage("first", Self.small, counter: counter)
        let program = Program<Int, Int> { scope, _ in
            let answer = try await scope.ask("answer", stage, 1).output
            return try answer + scope.sample("x", Categorical(weights: [1, 1]))
        }
        var random = Random(seed: 4)
        let method = ProgramMetropolisHastings(asksAgain: false)
        var state = try await method.start(program, 0, using: &random)
        for _ in 0..<50 { _ = try await method.step(&state, program, 0, using: &random) }
        #expect(counter.count == 1)
    }

    @Test("are cancelled cleanly", .timeLimit(.minutes(1)))
    func cancellation() async throws {
        let counter = QuestionCounter()
        let program = try Self.steps(counter, delay: .seconds(3600))
        let task = Task {
            var random = Random(seed: 1)
            return try await ReexecutionSMC(particles: 100, concurrency: 4).run(program, 3, using: &random)
        }
        while counter.count < 4 { try await Task.sleep(for: .milliseconds(1)) }
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
        #expect(counter.count == 4)
    }

    @Test("a stage's failure names its address, and a program may go round it")
    func failures() async throws {
        struct Outage: Error {}
        let broken = FunctionStage<Int, Int>("broken") { _ in throw Outage() }
        let counter = QuestionCounter()
        let spare = try CountingStage("spare", Self.large, counter: counter)
        let failing = Program<Int, Int> { scope, input in
            try await scope.nested(.at("turn", 2)) { try await scope.ask("model", broken, input).output }
        }
        var random = Random(seed: 1)
        await #expect(
            throws: ProgramError.stageFailed(
                address: Address("turn")[2] / "model", stage: "broken", failure: StageFailure(Outage()))
        ) { try await LikelihoodWeighting(samples: 3).run(failing, 1, using: &random) }
        let robust = Program<Int, Int> { scope, input in
            var answer = 0
            do {
                answer = try await scope.ask("model", broken, input).output
            } catch ProgramError.stageFailed { answer = try await scope.ask("spare", spare, input).output }
            try scope.observe("check", Bernoulli(probability: 0.5), 1)
            return answer
        }
        let posterior = try await ReexecutionSMC(particles: 4, threshold: 1).run(robust, 1, using: &random)
        #expect(posterior.runs.count == 4 && counter.count == 4)
    }

    @Test("a cascade and its program do the same")
    func cascadeAsProgram() async throws {
        let small = FunctionStage<Int, Int>("small", evidence: ["margin"]) { input in
            Answer(input, evidence: ["margin": Double(input) / 10], cost: Cost(money: 1, seconds: 1))
        }
        let large = FunctionStage<Int, Int>("large") { Answer(10 * $0, cost: Cost(money: 20, seconds: 3)) }
        let cascade = try Cascade<Int, Int>("pair", stages: [small, large], policy: DeferBelow(margin: 0.5), seed: 1)
        let outer = try Cascade<Int, Int>("outer", stages: [cascade, large], policy: FirstOnly(), seed: 1)
        for input in [2, 7] {
            for each in [cascade, outer] {
                let run = try await each.run(input)
                var random = Random(seed: 2)
                let programmed = try await each.program().record(input, using: &random)
                #expect(programmed.output == run.decision)
                #expect(programmed.trace.cost == run.cost)
                let replayed = try await each.program().replay(programmed.trace, input)
                #expect(replayed.output == run.decision)
            }
        }
        let stage = ProgramStage("as a stage", cascade.program(), seed: 3)
        let answer = try await stage.answer(2)
        #expect(answer.output == .answered(20))
        #expect(answer.cost.money == 21)
    }
}

/// Asks the first stage and takes its answer.
struct FirstOnly: Policy {
    static let kind = "test-first-only"
    var reach: StageSet { [0] }
    func next(_ state: PolicyState) -> Move { state.asked.isEmpty ? .ask(0) : .stop(answer: 0) }
    func formula(_ schema: LogSchema) -> String { "the first stage" }
}
