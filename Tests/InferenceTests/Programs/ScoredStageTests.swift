import Cascades
import CascadesTesting
import Foundation
import Inference
import Probability
import Synchronization
import Testing

@Suite("Programs that observe and score stages") struct ScoredStageTests {
    /// A stage that draws from a kernel and counts how often it is asked for a draw and for a score.
    struct Counted: ScoredStage, FiniteStage {
        let base: KernelStage<CategoricalKernel<Int>>
        let draws = QuestionCounter()
        let scores = QuestionCounter()
        var bias = 0.0
        var name: String { base.name }
        var evidenceNames: [String] { [] }

        init(_ name: String, _ rows: [[Double]], bias: Double = 0) throws {
            base = KernelStage(
                name, try CategoricalKernel(transitions: rows), seed: 1, cost: { _, _ in Cost(money: 1) })
            self.bias = bias
        }
        func answer(_ input: Int) async throws -> Answer<Int> { try await base.answer(input) }
        func run(_ input: Int, using random: inout Random) async throws -> Run<Int> {
            draws.begin()
            return try await base.run(input, using: &random)
        }
        func scored(_ output: Int, given input: Int) async throws -> Answer<Int> {
            scores.begin()
            var answer = try base.scored(output, given: input)
            answer.logScore = answer.logScore.map { $0 + bias * Double(output * input) }
            return answer
        }
        func outcomes(given input: Int) async throws -> ListedOutcomes<Int>? {
            guard var all = try base.outcomes(given: input) else { return nil }
            all.cost = Cost(money: 5)
            return all
        }
    }

    static let rows = [[2.0, 0, 1], [0, 1, 0.5], [-1, 0, 1]]
    static let reading = [[1.0, 0], [0, 0], [0, 2]]

    struct Chain {
        let step: Counted
        let sensor: Counted
        /// Three states in a row, each seen through a sensor that said 1, 0, 1.
        var program: Program<Int, Int> {
            let (step, sensor) = (step, sensor)
            return Program { scope, start in
                var state = start
                for (t, seen) in [1, 0, 1].enumerated() {
                    state = try await scope.ask(.at("state", t), step, state).output
                    try await scope.observe(.at("seen", t), sensor, state, seen)
                }
                return state
            }
        }
        init() throws {
            step = try Counted("step", ScoredStageTests.rows)
            sensor = try Counted("sensor", ScoredStageTests.reading)
        }
    }

    @Test("enumeration has the evidence of the forward algorithm, and pays for what it lists")
    func enumeration() async throws {
        let chain = try Chain()
        let exact = try await ProgramEnumeration().run(chain.program, 1).posterior
        func softmax(_ row: [Double]) -> [Double] { row.map { exp($0) / row.reduce(0) { $0 + exp($1) } } }
        let (moves, sees) = (Self.rows.map(softmax), Self.reading.map(softmax))
        var alpha = [0.0, 1, 0]
        for seen in [1, 0, 1] {
            alpha = (0..<3).map { state in
                (0..<3).map { alpha[$0] * moves[$0][state] }.reduce(0, +) * sees[state][seen]
            }
        }
        let evidence = alpha.reduce(0, +)
        #expect(abs((exact.logEvidence ?? 0) - log(evidence)) < 1e-12)
        for state in 0..<3 { #expect(abs(exact.probability { $0 == state } - alpha[state] / evidence) < 1e-12) }
        // 1 + 3 + 9 lists at 5, and a score at 1 for each node of the tree: 3 + 9 + 27.
        #expect(exact.spent.money == 13 * 5 + 39)
        #expect(chain.step.draws.count == 0 && chain.sensor.scores.count == 39)
    }

    @Test("every method agrees with enumeration")
    func agreement() async throws {
        let chain = try Chain()
        let exact = try await ProgramEnumeration().run(chain.program, 1).posterior
        var random = Random(seed: 31)
        var weighted = ReplicateTest(exact, isNormalised: false)
        var smc = weighted
        var rejected = ReplicateTest(exact, isNormalised: true)
        for _ in 0..<ReplicateTest.replicates {
            weighted.add(try await LikelihoodWeighting(samples: 100).run(chain.program, 1, using: &random))
            smc.add(try await ReexecutionSMC(particles: 60).run(chain.program, 1, using: &random))
            rejected.add(
                try await RejectionSampling(samples: 50).run(chain.program, 1, using: &random).runs.map(\.output))
        }
        #expect(weighted.failures == [] && smc.failures == [] && rejected.failures == [])
    }

    @Test("Metropolis-Hastings keeps scored answers, and agrees", arguments: [true, false])
    func metropolisHastings(asksAgain: Bool) async throws {
        let chain = try Chain()
        let exact = try await ProgramEnumeration().run(chain.program, 1).posterior
        let before = chain.step.scores.count
        var random = Random(seed: 32)
        let moves: [ProgramMetropolisHastings.Move] =
            asksAgain ? [.oneChoice] : [.block([.at("state", 1)]), .everything]
        var test = ReplicateTest(exact, isNormalised: true)
        let chains = ProgramChains(
            ProgramMetropolisHastings(moves: moves, asksAgain: asksAgain), chains: ReplicateTest.replicates, steps: 500)
        for chain in try await chains.run(chain.program, 1, using: &random) { test.add(chain.outputs) }
        #expect(test.failures == [])
        #expect((chain.step.scores.count > before) == asksAgain)
    }

    @Test("a chain with wrong scores is found out")
    func negativeControl() async throws {
        let step = try Counted("step", Self.rows, bias: 0.5)
        let program = Program<Int, Int> { scope, start in
            let first = try await scope.ask("first", step, start).output
            return 3 * first + (try await scope.ask("second", step, first).output)
        }
        let exact = try await ProgramEnumeration().run(program, 1).posterior
        var random = Random(seed: 33)
        var test = ReplicateTest(exact, isNormalised: true)
        for chain in try await ProgramChains(chains: ReplicateTest.replicates, steps: 500)
            .run(program, 1, using: &random)
        { test.add(chain.outputs) }
        #expect(test.failures != [])
        #expect(await checkScoredStage(step, inputs: [0, 1, 2], using: &random).count > 0)
    }

    @Test("kernels with a density keep the laws of scored stages")
    func laws() async throws {
        var random = Random(seed: 34)
        let stage = KernelStage("step", try CategoricalKernel<Int>(transitions: Self.rows), seed: 1)
        #expect(await checkScoredStage(stage, inputs: [0, 1, 2], using: &random).isEmpty)
    }

    @Test("a simulation does not ask for the worth of what is observed; a replay keeps the scores of answers")
    func simulationAndReplay() async throws {
        let chain = try Chain()
        var random = Random(seed: 35)
        _ = try await chain.program.simulate(1, using: &random)
        #expect(chain.sensor.scores.count == 0)
        let run = try await chain.program.record(1, using: &random)
        #expect(run.trace.weights.count == 3 && run.trace.cost.money == 6)
        let (draws, scores) = (chain.step.draws.count, chain.step.scores.count)
        let again = try await chain.program.replay(run.trace, 1)
        #expect(again.output == run.output && again.trace.logScore == run.trace.logScore)
        #expect(again.trace.logWeight == run.trace.logWeight)
        #expect(chain.step.draws.count == draws && chain.step.scores.count == scores)
    }

    @Test("a stage that fails to score ends the run and says where; a budget that is spent, too")
    func failures() async throws {
        struct Broken: ScoredStage {
            let name = "broken"
            let evidenceNames: [String] = []
            func answer(_ input: Int) async throws -> Answer<Int> { Answer(0) }
            func scored(_ output: Int, given input: Int) async throws -> Answer<Int> {
                if output == 0 { throw CascadeError.badEvidence(reason: "none") }
                return Answer(output)
            }
        }
        var random = Random(seed: 36)
        let program = Program<Int, Int> { scope, output in
            do { try await scope.observe("seen", Broken(), 0, output) } catch {}
            return output
        }
        let place = Address("seen")
        let failed = await #expect(throws: ProgramError.self) {
            try await LikelihoodWeighting(samples: 1).run(program, 0, using: &random)
        }
        guard case .stageFailed(place, "broken", _) = failed else {
            Issue.record("\(String(describing: failed))")
            return
        }
        let unknown = await #expect(throws: ProgramError.self) {
            try await LikelihoodWeighting(samples: 1).run(program, 1, using: &random)
        }
        guard case .badWeight(place, _) = unknown else {
            Issue.record("\(String(describing: unknown))")
            return
        }
        let chain = try Chain()
        let stopped = try await LikelihoodWeighting(samples: 50, budget: Budget(money: 20))
            .run(chain.program, 1, using: &random)
        #expect(stopped.stop == .money && stopped.runs.count == 3)
    }
}
