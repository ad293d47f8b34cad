import Cascades
import Foundation
import Probability
import Testing

@Suite("Programs") struct ProgramTests {
    static let walk = Program<Int, Double> { scope, steps in
        var x = 0.0
        for t in 0..<steps { x += try scope.sample(.at("step", t), Normal.standard) }
        return x
    }

    @Test("draw from their stream: the same stream, the same output")
    func streams() throws {
        var left = Random(seed: 5)
        var right = Random(seed: 5)
        let first = try Self.walk.simulate(10, using: &left)
        #expect(try Self.walk.simulate(10, using: &right) == first)
        #expect(try Self.walk.simulate(10, using: &left) != first)
        // A simulation draws what the kernels themselves draw.
        var plain = Random(seed: 5)
        #expect((0..<10).reduce(0.0) { sum, _ in sum + Normal.standard.sample(using: &plain) } == first)
    }

    @Test("compose: one after another, and inside one another")
    func composition() async throws {
        let double = Program<Double, Double> { _, x in 2 * x }
        var left = Random(seed: 5)
        var right = Random(seed: 5)
        let whole = Self.walk.then(double)
        #expect(!whole.isAsynchronous)
        let parts = try { () throws in 2 * (try Self.walk.simulate(4, using: &left)) }()
        #expect(try { () throws in try whole.simulate(4, using: &right) }() == parts)
        let asking = Program<Double, Double> { scope, x in
            try await scope.ask("double", FunctionStage<Double, Double>("double") { Answer(2 * $0) }, x).output
        }
        var third = Random(seed: 5)
        let joined = Self.walk.then(asking)
        #expect(joined.isAsynchronous)
        #expect(try await joined.simulate(4, using: &third) == parts)
    }

    @Test("take factors at their word only under an interpreter")
    func simulation() throws {
        let program = Program<Int, Int> { scope, _ in
            try scope.require("never", false)
            try scope.observe("far", Normal.standard, 1000)
            return 7
        }
        var random = Random(seed: 1)
        #expect(try program.simulate(0, using: &random) == 7)
    }

    @Test("are kernels and stages")
    func lifting() async throws {
        let kernel = try ProgramKernel(Self.walk)
        var left = Random(seed: 2)
        var right = Random(seed: 2)
        let drawn = kernel.sample(3, using: &left)
        #expect(try { () throws in try Self.walk.simulate(3, using: &right) }() == drawn)
        var third = Random(seed: 2)
        let stage = ProgramStage("walk", Self.walk, seed: 9)
        #expect(try await stage.run(3, using: &third).decision.output == drawn)
        let (first, second) = (try await stage.answer(3), try await stage.answer(3))
        #expect(first.output != second.output)
    }

    @Test("ask stages at once: costs add, the latency is the slowest one's")
    func together() async throws {
        let stages: [any Stage<Int, Int>] = [
            FunctionStage("quick") { Answer($0 + 1, cost: Cost(money: 1, seconds: 1)) },
            FunctionStage("slow") { Answer($0 + 2, cost: Cost(money: 2, seconds: 5)) },
        ]
        let program = Program<Int, [Int]> { scope, input in
            try await scope.consultTogether("both", stages, input).compactMap { $0.decision.output }
        }
        let scope = Scope(random: Random(seed: 1))
        #expect(try await program.run(in: scope, 10) == [11, 12])
        #expect(scope.cost == Cost(money: 3, seconds: 5))
        #expect(scope.spent == scope.cost)
    }

    @Test("get abstentions as values by consulting, as errors by asking")
    func abstentions() async throws {
        struct Silent: Stage {
            let name = "silent"
            let evidenceNames: [String] = []
            func answer(_ input: Int) async throws -> Answer<Int> { throw CascadeError.abstained(cascade: name) }
            func run(_ input: Int, using random: inout Random) async throws -> Run<Int> {
                Run(decision: .abstained, evidence: [:], cost: Cost(money: 1))
            }
        }
        let program = Program<Bool, Int> { scope, asks in
            asks
                ? try await scope.ask("a", Silent(), 0).output
                : (try await scope.consult("c", Silent(), 0).decision.output ?? -1)
        }
        var random = Random(seed: 1)
        #expect(try await program.simulate(false, using: &random) == -1)
        await #expect(throws: ProgramError.abstained(address: "a", stage: "silent")) {
            var random = Random(seed: 1)
            return try await program.simulate(true, using: &random)
        }
    }
}
