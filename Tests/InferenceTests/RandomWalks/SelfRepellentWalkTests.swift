import Foundation
import Inference
import NumericalMethods
import Probability
import Testing

@Suite struct `walks on graphs` {
    private func path(_ count: Int) throws -> WalkGraph {
        try WalkGraph(nodeCount: count, edges: (1..<count).map { ($0 - 1, $0) })
    }

    @Test func `are reversible with the stationary distribution that they say`() throws {
        let graph = try WalkGraph.ringOfCliques(3, of: 4)
        let weights = (0..<12).map { 1 + Double($0 % 5) }
        for walk in [
            try ReversibleWalk.simple(on: graph), try .metropolisHastings(on: graph),
            try .metropolisHastings(on: graph, weights: weights),
        ] {
            let p = walk.transitionMatrix
            for i in 0..<12 {
                #expect(abs(p.row(i).reduce(0, +) - 1) < 1e-12)
                for j in 0..<12 {
                    #expect(abs(walk.stationary[i] * p[i, j] - walk.stationary[j] * p[j, i]) < 1e-15)
                }
            }
            #expect(abs(walk.stationary.reduce(0, +) - 1) < 1e-12)
        }
    }

    @Test func `refuse graphs that fall apart, naming the parts`() {
        #expect(throws: InferenceError.disconnected(what: "the graph", parts: ["0, 1", "2, 3", "4"])) {
            try WalkGraph(nodeCount: 5, edges: [(0, 1), (2, 3)])
        }
        #expect(throws: InferenceError.empty(what: "the graph")) { try WalkGraph(nodeCount: 0, edges: []) }
        #expect(
            throws: InferenceError.improperParameter(name: "edge 1", value: "(1, 2)", expected: "nodes from 0 to 1")
        ) { try WalkGraph(nodeCount: 2, edges: [(0, 1), (1, 2)]) }
        #expect(
            throws: InferenceError.improperParameter(name: "edge 0", value: "(1, 1)", expected: "two different nodes")
        ) { try WalkGraph(nodeCount: 2, edges: [(1, 1)]) }
        #expect(throws: InferenceError.self) { try ReversibleWalk.simple(on: WalkGraph(nodeCount: 1, edges: [])) }
    }

    @Test func `refuse parameters out of range`() throws {
        let walk = try ReversibleWalk.simple(on: path(3))
        let schedule = try PowerSchedule(exponent: 1)
        for repulsion in [-1, .infinity, Double.nan] {
            #expect(throws: InferenceError.self) {
                try SelfRepellentWalk(base: walk, repulsion: repulsion, schedule: schedule)
            }
        }
        for exponent in [0.5, 1.1, .nan] {
            #expect(throws: InferenceError.self) { try PowerSchedule(exponent: exponent) }
        }
        let repellent = try SelfRepellentWalk(base: walk, repulsion: 1, schedule: schedule)
        #expect(throws: InferenceError.self) { try repellent.start(at: 3) }
        #expect(throws: InferenceError.self) { try repellent.start(at: 0, visits: [1, 0, 1]) }
        #expect(throws: InferenceError.self) { try ReversibleWalk.metropolisHastings(on: path(3), weights: [1, 1]) }
    }

    @Test func `choose the next node by the repelled probabilities`() throws {
        // On a path of 3 the middle node's choice is free: (x₀/π₀)^−α against (x₂/π₂)^−α.
        let walk = try SelfRepellentWalk(
            base: .simple(on: path(3)), repulsion: 2, schedule: PowerSchedule(exponent: 1))
        let visits = [0.2, 0.5, 0.3]
        let rows = try walk.transitionProbabilities(visits: visits)
        let expected = pow(0.2, -2.0) / (pow(0.2, -2.0) + pow(0.3, -2.0))
        #expect(abs(rows[1][0] - expected) < 1e-12 && rows[0] == [0, 1, 0])
        // 40,000 steps: 6 standard errors, a false alarm of 2e-9.
        var random = Random(seed: 1)
        var count = 0.0
        let start = try walk.start(at: 1, visits: visits)
        for _ in 0..<40000 {
            var state = start
            walk.step(&state, using: &random)
            if state.node == 0 { count += 1 }
        }
        let error = (expected * (1 - expected) / 40000).squareRoot()
        #expect(abs(count / 40000 - expected) < 6 * error)
    }

    @Test func `keep visit shares that follow their recursion`() throws {
        let walk = try SelfRepellentWalk(
            base: .metropolisHastings(on: .ringOfCliques(2, of: 3)), repulsion: 3,
            schedule: PowerSchedule(exponent: 0.8))
        var state = try walk.start(at: 0)
        var random = Random(seed: 2)
        var shares = state.visits
        for n in 1...3000 {
            walk.step(&state, using: &random)
            let size = pow(Double(n + 1), -0.8)
            for i in shares.indices { shares[i] += size * ((i == state.node ? 1 : 0) - shares[i]) }
        }
        for (a, b) in zip(shares, state.visits) { #expect(abs(a - b) < 1e-12) }
    }

    @Test func `stay in range under a huge repulsion`() throws {
        let walk = try SelfRepellentWalk(
            base: .metropolisHastings(on: .ringOfCliques(3, of: 3)), repulsion: 5000,
            schedule: PowerSchedule(exponent: 1))
        var state = try walk.start(at: 0)
        var random = Random(seed: 3)
        for _ in 0..<20000 { walk.step(&state, using: &random) }
        for share in state.visits { #expect(abs(share - 1.0 / 9) < 0.01) }
    }

    @Test func `never go straight back where there is another way`() throws {
        let walk = try NonBacktrackingWalk(on: .ringOfCliques(2, of: 3))
        var random = Random(seed: 4)
        var (previous, node) = (-1, 0)
        var visits = [Double](repeating: 0, count: 6)
        for _ in 0..<60000 {
            let next = walk.next(node, from: previous, using: &random)
            #expect(next != previous)
            (previous, node) = (node, next)
            visits[node] += 1.0 / 60000
        }
        // In proportion to degrees (2, 2, 3 or 2, 3, 3 ...); the shares' standard error is below 0.003.
        for i in 0..<6 {
            #expect(abs(visits[i] - Double(walk.graph.degree(i)) / Double(walk.graph.neighbours.count)) < 0.02)
        }
        let line = try NonBacktrackingWalk(on: path(2))
        #expect(line.next(1, from: 0, using: &random) == 0)
    }
}
