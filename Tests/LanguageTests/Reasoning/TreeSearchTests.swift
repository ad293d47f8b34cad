import Cascades
import Foundation
import Language
import Probability
import Testing

@Suite struct `tree search` {
    /// A tree of three levels of three, whose leaves' values are known; the reward is 0 or 1 with that mean.
    struct KnownTree: SearchSpace {
        var values: [Double]
        var isNoisy = true
        func successors(of state: [Int], using random: inout Random) async throws -> [Weighted<[Int]>] {
            state.count == 3 ? [] : (0..<3).map { Weighted(state + [$0], logWeight: -log(3)) }
        }
        func value(of state: [Int], using random: inout Random) async throws -> Double {
            // Before a leaf: the leaf that chance leads to.
            let path = state + (state.count..<3).map { _ in random.integer(below: 3) }
            let value = values[path.reduce(0) { 3 * $0 + $1 }]
            return isNoisy ? (random.bernoulli(value) ? 1 : 0) : value
        }
        static func make(_ seed: UInt64) -> KnownTree {
            var random = Random(seed: seed)
            var values = (0..<27).map { _ in 0.1 + 0.4 * random.uniform() }
            values[random.integer(below: 27)] = 0.9
            return KnownTree(values: values)
        }
        var best: Int { values.indices.max { values[$0] < values[$1] }! }
    }

    @Test(arguments: TreeSearch<KnownTree>.Rule.allCases) func `finds the best leaf, and its regret shrinks`(
        rule: TreeSearch<KnownTree>.Rule
    ) async throws {
        var found = 0
        var early = 0.0
        var late = 0.0
        let trees = 20
        for seed in 0..<trees {
            let space = KnownTree.make(UInt64(seed))
            let search = try TreeSearch(space, rule: rule, exploration: 1)
            var random = Random(seed: UInt64(100 + seed))
            var tree = search.start([])
            for step in 0..<3000 {
                let info = try await search.step(&tree, using: &random)
                let leaf = tree.nodes[info.path.last!].state
                guard leaf.count == 3 else { continue }
                let regret = 0.9 - space.values[leaf.reduce(0) { 3 * $0 + $1 }]
                if step < 300 { early += regret / 300 } else if step >= 2700 { late += regret / 300 }
            }
            let path = tree.mostVisitedPath
            #expect(path.count == 4)
            if tree.nodes[path[3]].state.reduce(0, { 3 * $0 + $1 }) == space.best { found += 1 }
            // Visits and values add up along the tree.
            for (index, node) in tree.nodes.enumerated() {
                guard let children = node.children, !children.isEmpty else { continue }
                let visits = children.reduce(0) { $0 + tree.nodes[$1].visits }
                let total = children.reduce(0.0) { $0 + tree.nodes[$1].total }
                // Its own first visit went no further.
                #expect(
                    visits == node.visits - 1 && total <= node.total + 1e-9 && total >= node.total - 1 - 1e-9,
                    "\(index)")
            }
        }
        // By chance one in 27 would be found.
        #expect(found >= trees - 2)
        #expect(late < early / 2)
    }

    @Test func `with exact values visits everything once and knows the best leaf for certain`() async throws {
        var space = KnownTree.make(5)
        space.isNoisy = false
        let search = try TreeSearch(space, rule: .uct, exploration: 2)
        var random = Random(seed: 1)
        let tree = try await search.run([], simulations: 6000, using: &random)
        let leaves = tree.nodes.filter { $0.state.count == 3 }
        #expect(leaves.count == 27 && leaves.allSatisfy { $0.visits > 0 })
        for leaf in leaves { #expect(abs(leaf.mean - space.values[leaf.state.reduce(0) { 3 * $0 + $1 }]) < 1e-12) }
        #expect(tree.nodes[tree.bestPath.last!].state.reduce(0) { 3 * $0 + $1 } == space.best)
        #expect(tree.nodes[tree.mostVisitedPath.last!].state.reduce(0) { 3 * $0 + $1 } == space.best)
    }

    @Test func `refuses what is no value or no exploration`() async throws {
        struct Bad: SearchSpace {
            func successors(of state: Int, using random: inout Random) async throws -> [Weighted<Int>] { [] }
            func value(of state: Int, using random: inout Random) async throws -> Double { 2 }
        }
        #expect(throws: LanguageError.self) { try TreeSearch(Bad(), exploration: -1) }
        let search = try TreeSearch(Bad())
        var tree = search.start(0)
        var random = Random(seed: 1)
        await #expect(throws: LanguageError.self) { try await search.step(&tree, using: &random) }
        #expect(tree.nodes.count == 1 && tree.nodes[0].visits == 0)
        #expect(tree.mostVisitedPath == [0])
    }

    /// Sums of three digits, a running total a step: a step is right with probability 0.6, else one too many.
    static func adder() -> ReasoningTable {
        ReasoningTable(log: { field, text, prompt in
            let digits = prompt.split(separator: "\n")[0].split { !$0.isNumber }.compactMap { Int($0) }
            let works = prompt.components(separatedBy: "Work: ").dropFirst().compactMap {
                Int($0.prefix { $0.isNumber })
            }
            let last = works.last ?? 0
            if field == "Answer" { return text == "\(last)" ? 0 : -20 }
            guard works.count < 3 else { return text == "done" ? 0 : -20 }
            let right = last + digits[works.count]
            return text == "\(right)" ? log(0.6) : text == "\(right + 1)" ? log(0.4) : -20
        })
    }

    static func space(_ reward: @escaping @Sendable (ReasoningState) async throws -> Double) -> ReasoningSpace {
        let form = Form()
        let model = RememberingLanguageModel(adder().model)
        let numbers = (0..<31).map { "\($0)" }
        return ReasoningSpace(
            step: form.chosen("Work", among: numbers + ["done"], by: model),
            answer: form.chosen("Answer", among: numbers, by: model), maximumSteps: 3, reward: reward)
    }

    @Sendable static func sum(_ question: String) -> String {
        "\(question.split { !$0.isNumber }.compactMap { Int($0) }.reduce(0, +))"
    }

    @Test func `questions that nothing solves do not teach a reward to like unlikely steps`() async throws {
        var random = Random(seed: 4)
        var trees: [SearchTree<ReasoningState>] = []
        // Searches of hard questions visit likely steps often and unlikely ones seldom, all in vain.
        for (number, question) in ["1 + 2 + 3", "4 + 1 + 5", "7 + 2 + 2", "3 + 3 + 8", "2 + 6 + 1"].enumerated() {
            let space = Self.space { number == 4 && $0.answer == Self.sum($0.question) ? 1 : 0 }
            let start = ReasoningState(question: question)
            trees.append(try await TreeSearch(space).run(start, simulations: 40, using: &random))
        }
        let reward = try await ProcessReward(trees: trees)
        let space = Self.space { _ in 0 }
        for question in ["5 + 1 + 4", "2 + 2 + 2", "1 + 8 + 3"] {
            let start = ReasoningState(question: question)
            let right = try await reward.value(of: try await space.likeliest(start))
            var chain = try await space.rollOut(start, using: &random)
            while chain.answer == Self.sum(question) { chain = try await space.rollOut(start, using: &random) }
            #expect(try await reward.value(of: chain) < right, "\(question): \(chain.steps)")
        }
    }

    @Test func `searches reasoning, and learns a reward that chooses among finished chains`() async throws {
        let space = Self.space { $0.answer == Self.sum($0.question) ? 1 : 0 }
        let search = try TreeSearch(space)
        var random = Random(seed: 2)
        var trees: [SearchTree<ReasoningState>] = []
        for question in ["1 + 2 + 3", "4 + 1 + 5", "7 + 2 + 2", "3 + 3 + 8"] {
            let tree = try await search.run(ReasoningState(question: question), simulations: 60, using: &random)
            let best = tree.nodes[tree.mostVisitedPath.last!].state
            #expect(best.answer == Self.sum(question), "\(best.fields)")
            trees.append(tree)
        }
        // A right step has ln 0.6, a wrong one ln 0.4: the log-probabilities tell.
        let reward = try await ProcessReward(trees: trees)
        var right = (single: 0, best: 0)
        for a in 1...5 {
            let question = "\(a) + 4 + \(9 - a)"
            var chains: [ReasoningState] = []
            for _ in 0..<8 {
                chains.append(try await space.rollOut(ReasoningState(question: question), using: &random))
            }
            right.single += chains.count { $0.answer == Self.sum(question) }
            if try await reward.best(of: chains)?.answer == Self.sum(question) { right.best += 1 }
        }
        // A sample is right with probability 0.6^3 (or two errors can't cancel); one of 8 with 0.86.
        #expect(right.best >= 3 && Double(right.single) / 40 < 0.5)
        let good = try await space.likeliest(ReasoningState(question: "2 + 2 + 2"))
        #expect(good.answer == "6" && good.steps == ["2", "4", "6"])
        #expect(try await reward.best(of: []) == nil)
        await #expect(throws: LanguageError.self) { try await ProcessReward(trees: []) }
    }
}
