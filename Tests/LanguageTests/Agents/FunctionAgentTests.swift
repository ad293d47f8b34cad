import Cascades
import Language
import Probability
import Testing

@Suite struct `functions in a sandbox` {
    private let spread = AgentFunction(
        name: "spread", summary: "largest less smallest", body: "maximum(x) - minimum(x)")
    private let total = AgentFunction(name: "total", summary: "sum of all", body: "sum(x)")
    private func question(_ instruction: String, _ input: String, _ expected: String = "") -> FunctionQuestion {
        FunctionQuestion(instruction: instruction, input: input, expected: expected)
    }

    @Test func `the one for the instruction is chosen and run`() async throws {
        let agent = FunctionAgent(chooser: FunctionAgent.wordChooser)
        let functions = try FunctionSet([spread, total])
        for (instruction, input, expected) in [
            ("largest less smallest", "[3, 9, 4]", "6"), ("the sum", "[1, 2]", "3"), ("the sum", "[-3, 1]", "-2"),
        ] {
            let attempt = try await agent.attempt(question(instruction, input, expected), with: functions)
            #expect(attempt.score == 1, "\(instruction) \(input)")
        }
        let wrong = try await agent.attempt(question("the sum", "[1, 2]", "4"), with: functions)
        #expect(wrong.score == 0 && wrong.function == "total")
    }

    @Test func `nothing fits, nothing is there, or it fails: no answer`() async throws {
        let agent = FunctionAgent(chooser: FunctionAgent.wordChooser)
        let functions = try FunctionSet([spread, AgentFunction(name: "broken", body: "sum(")])
        for (instruction, function) in [("unheard of", nil), ("broken", "broken"), ("spread", "spread")]
            as [(String, String?)]
        {
            let attempt = try await agent.attempt(question(instruction, "7"), with: functions)
            #expect(attempt.score == 0 && attempt.function == function)
        }
        #expect(try await agent.attempt(question("spread", "[1]"), with: FunctionSet()).function == nil)
    }

    @Test func `a model chooses among the names`() async throws {
        let model = TableModel(logProbability: { name, prompt in
            guard case .chat(let messages) = prompt, messages[1].content.contains("sum") else { return -9 }
            return name == "total" ? -1 : -2
        })
        let agent = FunctionAgent(chooser: FunctionAgent.chooser(model))
        let attempt = try await agent.attempt(question("sum", "[1, 4]", "5"), with: try FunctionSet([spread, total]))
        #expect(attempt.score == 1 && attempt.function == "total")
        // A single function is not asked about.
        let only = try await agent.attempt(question("sum", "[1, 4]", "3"), with: try FunctionSet([spread]))
        #expect(only.score == 1)
    }

    @Test(arguments: [
        ("maximum(x) - minimum(x)", 5), ("sum(filter(x, n -> n % 2 == 0))", 3), ("reverse(sort(x))[1]", 4),
        ("sum(map(x, n -> n * n))", 3), ("x[0] + reverse(x)[0]", 5),
    ]) func `the search finds a calculation that fits, as small as any`(_ body: String, _ size: Int) throws {
        var random = Random(seed: 5)
        func example() throws -> (input: String, output: String) {
            let list = "[" + random.sample(5, outOf: 30).map { "\($0 - 9)" }.joined(separator: ", ") + "]"
            return (list, try Script("let x = \(list); \(body)").run().description)
        }
        let examples = try (0..<6).map { _ in try example() }
        let found = try #require(ScriptSearch().find(examples))
        for (input, output) in examples + (try (0..<20).map { _ in try example() }) {
            #expect(try Script("let x = \(input); \(found)").run().description == output, "\(found)")
        }
        var small = ScriptSearch()
        small.maximumSize = size - 1
        #expect(small.find(examples) == nil)
    }

    @Test func `what is excluded is not found again, and what can't be is not found`() throws {
        let search = ScriptSearch()
        let first = try #require(search.find([("[4]", "4")]))
        let second = try #require(search.find([("[4]", "4")], excluding: [first]))
        #expect(second != first && search.find([]) == nil)
        var bounded = search
        bounded.maximumCount = 300
        #expect(bounded.find([("[1, 2]", "987654321")]) == nil)
    }

    @Test func `training adds functions until all questions are answered`() async throws {
        let questions = [
            question("largest less smallest", "[3, 9, 4]", "6"), question("largest less smallest", "[7, 2, 2]", "5"),
            question("largest less smallest", "[1, -4]", "5"), question("total of all", "[3, 9, 4]", "16"),
            question("total of all", "[-2, 5]", "3"),
        ]
        let optimizer = AgentOptimizer(
            task: FunctionAgent(chooser: FunctionAgent.wordChooser), proposer: SearchProposer())
        var random = Random(seed: 2)
        let state = try await optimizer.optimize(FunctionSet(), training: questions, using: &random)
        #expect(state.ending == .perfect && state.best.functions.count == 2)
        #expect(state.best["total_of_all"]?.body == "sum(x)")
    }

    @Test func `what a model writes is a function where the sandbox can read it`() async throws {
        let failed = AgentAttempt(question("total of all", "[3, 4]", "7"), score: 0)
        var random = Random(seed: 2)
        for (text, edits) in [
            (
                " sum(x)",
                [FunctionEdit.add(AgentFunction(name: "total_of_all", summary: "total of all", body: "sum(x)"))]
            ),
            (" the sum of", []), ("", []),
        ] {
            let proposer = WrittenProposer(TableModel(write: { _ in [GeneratedToken(text, 0.5)] }))
            #expect(
                try await proposer.edits(to: FunctionSet(), after: [failed], withdrawn: [], using: &random) == edits)
        }
    }
}
