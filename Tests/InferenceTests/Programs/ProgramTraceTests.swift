import Cascades
import Foundation
import Inference
import NumericalMethods
import Probability
import Testing

@Suite("Traces of programs") struct ProgramTraceTests {
    @Test("replay to the same run", arguments: LawProgram.all)
    func replay(law: LawProgram) throws {
        var random = Random(seed: 9)
        for _ in 0..<20 {
            let run = try law.program.record(law.input, using: &random)
            let again = try law.program.replay(run.trace, law.input)
            #expect(again.output == run.output)
            #expect(again.trace.choices.map(\.address) == run.trace.choices.map(\.address))
            #expect(again.trace.choices.map(\.logScore) == run.trace.choices.map(\.logScore))
            #expect(again.trace.weights == run.trace.weights)
        }
    }

    @Test("of the same stream are the same, and say what an enumeration says of their path")
    func scores() throws {
        let law = LawProgram.all[3]
        let exact = try ProgramEnumeration(keepsTraces: true).run(law.program, law.input).posterior
        let joint = Dictionary(
            uniqueKeysWithValues: exact.runs.map { run in
                (run.trace!.choices.map(\.valueText), run.logWeight)
            })
        var random = Random(seed: 10)
        for _ in 0..<20 {
            let run = try law.program.record(law.input, using: &random)
            let expected = try #require(joint[run.trace.choices.map(\.valueText)])
            #expect(abs(run.trace.logScore + run.trace.logWeight - expected) < 1e-12)
        }
        var left = Random(seed: 3)
        var right = Random(seed: 3)
        #expect(
            try law.program.record(6, using: &left).trace.choices.map(\.valueText)
                == law.program.record(6, using: &right).trace.choices.map(\.valueText))
    }

    @Test("that belong to another program are refused where they part")
    func mismatch() throws {
        var random = Random(seed: 9)
        let law = LawProgram.all[3]
        let run = try law.program.record(4, using: &random)
        do {
            _ = try law.program.replay(run.trace, 5)
            Issue.record("a longer run was replayed")
        } catch ProgramError.traceMismatch(let address, _, _) { #expect(address == .at("state", 4)) }
        do {
            _ = try law.program.replay(run.trace, 3)
            Issue.record("a shorter run was replayed")
        } catch ProgramError.traceMismatch(let address, _, _) { #expect(address == .at("state", 3)) }
        let typed = Program<Int, Int> { scope, _ in
            try scope.sample(.at("state", 0), ToneKernel(), ()) == .low ? 0 : 1
        }
        #expect(throws: ProgramError.self) { try typed.replay(run.trace, 0) }
    }

    @Test("give the same on any number of threads")
    func threads() throws {
        let law = LawProgram.all[7]
        let before = Parallel.threads
        defer { Parallel.threads = before }
        var results: [[Double]] = []
        for threads in [1, 2, 8] {
            Parallel.threads = threads
            var random = Random(seed: 30)
            let weighted = try LikelihoodWeighting(samples: 300).run(law.program, 0, using: &random)
            let smc = try ReexecutionSMC(particles: 300).run(law.program, 0, using: &random)
            let rejected = try RejectionSampling(samples: 50).run(law.program, 0, using: &random)
            let chains = try ProgramChains(steps: 200).run(law.program, 0, using: &random)
            results.append(
                weighted.weights + smc.weights + smc.runs.map { Double($0.output) }
                    + rejected.runs.map { Double($0.output) } + chains.flatMap { $0.outputs.map(Double.init) })
        }
        #expect(results[0] == results[1])
        #expect(results[0] == results[2])
    }

    @Test("are explained as a tree with scores, weights and costs")
    func explanation() async throws {
        let counter = QuestionCounter()
        let stage = try CountingStage("oracle", [[0, -.infinity], [-.infinity, 0]], money: 0.25, counter: counter)
        let program = Program<Int, Int> { scope, _ in
            var x = 0
            for step in 0..<2 {
                try await scope.nested(.at("step", step)) {
                    x = try scope.sample("state", Categorical(weights: [0, 1]))
                    x = try await scope.ask("checked", stage, x).output
                    try scope.observe("reading", Bernoulli(probability: 0.5), 1)
                }
            }
            try scope.factor("length", logWeight: -2)
            return x
        }
        var random = Random(seed: 1)
        let text = TraceExplanation(try await program.record(0, using: &random).trace).description
        let lines = text.split(separator: "\n").map(String.init)
        #expect(lines.count == 10)
        #expect(lines[0].hasPrefix("step[0] ") && lines[0].contains("ln w -0.6931") && lines[0].contains("$0.25"))
        #expect(lines[1].hasPrefix("├─ state = 1") && lines[1].contains("ln p 0"))
        #expect(lines[2].hasPrefix("├─ checked oracle answered 1") && lines[2].contains("margin 0.8"))
        #expect(lines[3].hasPrefix("└─ reading observed"))
        #expect(lines[8].hasPrefix("length factor") && lines[8].contains("ln w -2"))
        #expect(lines[9].hasPrefix("total") && lines[9].contains("ln w -3.386") && lines[9].contains("$0.5"))
    }
}
