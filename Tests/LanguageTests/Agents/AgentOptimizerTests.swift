import Cascades
import Foundation
import Language
import Probability
import Testing

/// An item is a word; it goes well where a function of its name has it as its body.
private struct WordTask: AgentTask {
    func attempt(_ item: String, with functions: FunctionSet) async throws -> AgentAttempt<String> {
        AgentAttempt(
            item, score: functions[item]?.body == item ? 1 : 0, function: functions[item]?.name,
            cost: Cost(tokensIn: 1))
    }
}

/// Proposes what a list says, step by step.
private struct ListedProposer: FunctionProposer {
    var steps: [[FunctionEdit]]
    let calls = Calls()

    func edits(
        to functions: FunctionSet, after attempts: [AgentAttempt<String>], withdrawn: [FunctionEdit],
        using random: inout Random
    ) async throws -> [FunctionEdit] {
        await calls.add(attempts.map(\.item), withdrawn)
        let step = await calls.shown.count - 1
        return step < steps.count ? steps[step] : []
    }

    actor Calls {
        var shown: [[String]] = []
        var withdrawn: [[FunctionEdit]] = []
        func add(_ items: [String], _ edits: [FunctionEdit]) {
            shown.append(items)
            withdrawn.append(edits)
        }
    }
}

@Suite struct `functions as parameters` {
    private func function(_ name: String, _ body: String? = nil) -> AgentFunction {
        AgentFunction(name: name, body: body ?? name)
    }
    private let items = ["a", "b", "c", "d"]

    @Test func `a set changes by edits, and refuses what can't be`() throws {
        var functions = try FunctionSet([function("b"), function("a")], limit: 3)
        #expect(functions.functions.map(\.name) == ["a", "b"])
        try functions.apply(.add(function("c")))
        try functions.apply(.revise(function("a", "new")))
        #expect(functions["a"]?.body == "new" && functions["x"] == nil)
        let before = functions
        for edit in [.add(function("d")), .remove(name: "x"), .revise(function("x"))] as [FunctionEdit] {
            #expect(throws: LanguageError.self) { try functions.apply(edit) }
        }
        #expect(functions == before)
        try functions.apply(.remove(name: "a"))
        #expect(throws: LanguageError.self) { try functions.apply(.add(function("b"))) }
        #expect(throws: LanguageError.self) { try functions.apply(.add(function(""))) }
        #expect(functions.functions.map(\.name) == ["b", "c"])
    }

    @Test func `a set is the same after writing and reading`() throws {
        let path = NSTemporaryDirectory() + "functions-\(UUID().uuidString).jsonl"
        defer { try? FileManager.default.removeItem(atPath: path) }
        let functions = try FunctionSet([
            function("b"), AgentFunction(name: "a", summary: "é\n\"", body: "x -> [\t]"),
        ])
        try functions.write(to: path)
        #expect(try FunctionSet.read(from: path) == functions)
        try "{\"name\":\"a\",\"summary\":\"\"}\n".write(toFile: path, atomically: true, encoding: .utf8)
        #expect(throws: LanguageError.badRecord(file: path, line: 1, reason: "the key 'body' is missing")) {
            try FunctionSet.read(from: path)
        }
    }

    @Test func `what makes it worse is taken back, and the proposer told`() async throws {
        let bad: [FunctionEdit] = [.remove(name: "a"), .add(function("z"))]
        let proposer = ListedProposer(steps: [[.add(function("a"))], bad, [.add(function("b"))], []])
        var optimizer = AgentOptimizer(task: WordTask(), proposer: proposer)
        optimizer.patience = 2
        var random = Random(seed: 1)
        var infos: [AgentOptimizer<WordTask, ListedProposer>.Info] = []
        let state = try await optimizer.optimize(FunctionSet(), training: items, using: &random) {
            infos.append($1)
            return true
        }
        #expect(infos.map(\.isRolledBack) == [false, true, false, false, false])
        #expect(infos.map(\.score) == [0.25, 0, 0.5, 0.5, 0.5])
        #expect(state.ending == .stale && state.functions.functions.map(\.name) == ["a", "b"])
        #expect(state.best == state.functions && state.bestScore == 0.5)
        #expect(await proposer.calls.withdrawn == [[], [], bad, [], []])
        // Failures are shown first.
        #expect(await Set(proposer.calls.shown[1].prefix(3)) == ["b", "c", "d"])
        // The start and three changes, four items each.
        #expect(state.cost.tokensIn == 16)
    }

    @Test func `without roll-back it goes on from the worse, and still knows the best`() async throws {
        let proposer = ListedProposer(steps: [[.add(function("a"))], [.remove(name: "a")]])
        var optimizer = AgentOptimizer(task: WordTask(), proposer: proposer)
        optimizer.rollsBack = false
        optimizer.patience = nil
        optimizer.maximumSteps = 4
        var random = Random(seed: 1)
        let state = try await optimizer.optimize(FunctionSet(), training: items, using: &random)
        #expect(state.ending == .steps && state.steps == 4 && state.score == 0)
        #expect(state.bestScore == 0.25 && state.best["a"] != nil && state.functions["a"] == nil)
    }

    @Test func `it ends when all goes well, and takes no more edits than allowed`() async throws {
        let proposer = ListedProposer(steps: [
            [.remove(name: "x")] + items.map { .add(function($0)) }, [.add(function("d"))],
        ])
        var optimizer = AgentOptimizer(task: WordTask(), proposer: proposer)
        var random = Random(seed: 1)
        var state = try await optimizer.start(FunctionSet(), training: items)
        let info = try await optimizer.step(&state, using: &random)
        #expect(info.edits.count == 3 && info.refused == [.remove(name: "x")] && info.score == 0.75)
        try await optimizer.step(&state, using: &random)
        #expect(state.ending == .perfect)
        let after = try await optimizer.step(&state, using: &random)
        #expect(after.edits.isEmpty && state.steps == 2)
        optimizer.maximumSteps = 0
        #expect(try await optimizer.start(FunctionSet(), training: items).ending == .steps)
        await #expect(throws: LanguageError.self) { try await optimizer.start(FunctionSet(), training: []) }
    }

    /// Whatever is proposed, with roll-back the training score never falls.
    @Test func `with roll-back the training score never falls`() async throws {
        for seed in 0..<30 as Range<UInt64> {
            var random = Random(seed: seed)
            let steps = (0..<20).map { _ in
                (0..<random.integer(below: 4)).map { _ -> FunctionEdit in
                    let name = items[random.integer(below: 4)]
                    return switch random.integer(below: 3) {
                    case 0: .add(function(name))
                    case 1: .revise(function(name, random.bernoulli(0.5) ? name : "wrong"))
                    default: .remove(name: name)
                    }
                }
            }
            var optimizer = AgentOptimizer(task: WordTask(), proposer: ListedProposer(steps: steps))
            optimizer.patience = nil
            optimizer.maximumSteps = 20
            var last = 0.0
            let state = try await optimizer.optimize(FunctionSet(), training: items, using: &random) { state, info in
                #expect(state.score >= last && state.bestScore == state.score)
                #expect(info.isRolledBack == (info.score < state.score))
                last = state.score
                return true
            }
            #expect(state.bestScore == last)
        }
    }
}
