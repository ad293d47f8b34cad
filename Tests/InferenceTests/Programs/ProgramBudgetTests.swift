import Cascades
import Foundation
import Inference
import Probability
import Testing

@Suite("Budgets of programs") struct ProgramBudgetTests {
    @Test(
        "are exceeded by one answer at most, and leave the best so far",
        arguments: [
            Budget(money: 10.5), Budget(tokens: 41), Budget(seconds: 4.2), Budget(operations: 60), Budget(money: 10),
        ])
    func oneAnswer(budget: Budget) async throws {
        // An answer takes 1 dollar, 5 tokens, 0.5 seconds and 7 operations.
        let limit = [
            budget.money, budget.tokens / 5, budget.seconds / 0.5, budget.operations / 7,
        ].min()!.rounded(.up)
        let counter = QuestionCounter()
        let program = try AskingProgramTests.steps(counter)
        var random = Random(seed: 6)

        let weighted = try await LikelihoodWeighting(samples: 100, concurrency: 8, budget: budget)
            .run(program, 3, using: &random)
        #expect(Double(counter.count) == limit)
        #expect(weighted.spent.money == limit)
        #expect(weighted.stop != nil)
        #expect(weighted.runs.count == Int(limit) / 3)
        #expect((0..<3).contains(weighted.best.output))

        let chains = try await ProgramChains(chains: 3, steps: 1000, warmup: 0, budgetPerChain: budget)
            .run(program, 3, using: &random)
        for chain in chains {
            #expect(chain.spent.money == limit)
            #expect(chain.stop != nil && chain.best != nil)
        }

        let before = counter.count
        // Every particle is in mid-run when the money is gone: there is nothing to give, and the error says so.
        await #expect(throws: InferenceError.self) {
            try await ReexecutionSMC(particles: 100, budget: budget).run(program, 3, using: &random)
        }
        #expect(Double(counter.count - before) == limit)

        let rejected = try await RejectionSampling(samples: 100, bound: .total(0), budget: budget)
            .run(AskingProgramTests.steps(counter), 1, using: &random)
        #expect(rejected.spent.money == limit && rejected.stop != nil)
    }

    @Test("an enumeration that runs out says how much it did not reach")
    func enumeration() async throws {
        let stage = FunctionStage<Int, Int>("echo") { Answer($0, cost: Cost(money: 1)) }
        let program = Program<Int, Int> { scope, _ in
            let x = try scope.sample("x", Categorical(weights: [4, 3, 2, 1]))
            return try await scope.ask("echo", stage, x).output
        }
        let exact = try await ProgramEnumeration(budget: Budget(money: 2)).run(program, 0)
        #expect(exact.posterior.runs.map(\.output) == [0, 1])
        #expect(exact.posterior.stop == .money)
        #expect(abs(exp(exact.logCut) - 0.3) < 1e-12)
        let first = try await ProgramEnumeration(maximumPaths: 3).run(program, 0)
        #expect(abs(exp(first.logCut) - 0.1) < 1e-12)
    }

    @Test("count what a program of kernels spends itself")
    func ownSpending() throws {
        let program = Program<Int, Int> { scope, _ in
            try scope.spend("work", Cost(operations: 100))
            return try scope.sample("x", Categorical(weights: [1, 1]))
        }
        var random = Random(seed: 7)
        let posterior = try LikelihoodWeighting(samples: 50, budget: Budget(operations: 950))
            .run(program, 0, using: &random)
        #expect(posterior.runs.count == 10 && posterior.stop == .operations)
        #expect(posterior.spent.operations == 1000)
    }
}
