import Cascades
import Foundation
import Inference
import Probability
import Testing

@Suite struct `guided discrete chains` {
    // Node 0 is the root; 1 has the leaves 2 and 3; 4 hangs on the root.
    let parents: [Int?] = [nil, 0, 1, 1, 0]
    let matrices: [[Double]] = {
        var random = Random(seed: 11)
        return (0..<4).map { _ in
            (0..<3).flatMap { _ in
                let row = (0..<3).map { _ in 0.05 + random.uniform() }
                return row.map { $0 / row.reduce(0, +) }
            }
        }
    }()
    let likelihoods: [Int: [Double]] = [
        1: [0.5, 1, 0.2], 2: [0.9, 0.1, 0.3], 3: [0.2, 0.7, 0.7], 4: [0.1, 0.1, 0.9],
    ]

    /// P(states, observations) by node states with the root in state 0.
    private func joint(_ states: [Int]) -> Double {
        var result = 1.0
        for node in 1..<5 {
            result *= matrices[node - 1][states[parents[node]!] * 3 + states[node]] * likelihoods[node]![states[node]]
        }
        return result
    }

    private var observations: [Int: TableFunction] {
        get throws { try likelihoods.mapValues { try TableFunction(logValues: $0.map { log($0) }) } }
    }

    private var configurations: [[Int]] {
        (0..<81).map { code in [0] + (0..<4).map { code / [1, 3, 9, 27][$0] % 3 } }
    }

    @Test func `give the evidence exactly and the posterior by sampling`() throws {
        let tree = try GuidedTree(
            parents: parents, edges: matrices.map { try DiscreteGuide(transition: $0, inputs: 3) })
        let filtered = try tree.filtered(root: 0, observations: observations)
        let evidence = configurations.reduce(0) { $0 + joint($1) }
        #expect(abs(filtered.rootLogValue - log(evidence)) < 1e-13)
        var random = Random(seed: 12)
        let cloud = try GuidedCloud(of: filtered, count: 40_000, using: &random)
        // Exact rules: every weight is the evidence.
        #expect(cloud.logWeights.allSatisfy { abs($0 - log(evidence)) < 1e-12 })
        // 81 z-tests at 6.5: below 1e-8 together.
        for states in configurations {
            let p = joint(states) / evidence
            let share = Double(cloud.outputs.count { $0 == states }) / 40_000
            #expect(abs(share - p) < 6.5 * (p * (1 - p) / 40_000).squareRoot() + 3 / 40_000)
        }
    }

    @Test func `are right in the mean with a stand-in that is wrong`() throws {
        let flat = [Double](repeating: 1.0 / 3, count: 9)
        let tree = try GuidedTree(
            parents: parents, edges: matrices.map { try DiscreteGuide(transition: $0, inputs: 3, auxiliary: flat) })
        let filtered = try tree.filtered(root: 0, observations: observations)
        let evidence = configurations.reduce(0) { $0 + joint($1) }
        #expect(abs(filtered.rootLogValue - log(evidence)) > 0.01)
        var random = Random(seed: 13)
        let cloud = try GuidedCloud(of: filtered, count: 40_000, using: &random)
        #expect(cloud.relativeError < 0.01)
        #expect(abs(exp(cloud.logEvidence) / evidence - 1) < 6 * cloud.relativeError)
        let exact = configurations.reduce(0) { $0 + ($1[1] == 2 ? joint($1) : 0) } / evidence
        let share = cloud.mean { $0[1] == 2 ? 1 : 0 }
        #expect(abs(share.value - exact) < 6 * share.standardError)
        #expect(cloud.effectiveSampleSize < 40_000 && cloud.effectiveSampleSize > 1_000)
    }

    @Test func `compose as rules to what the tree is, in any grouping`() throws {
        let edges = try matrices.map { try DiscreteGuide(transition: $0, inputs: 3) }
        let tables = try observations
        let evidence = EvidenceRule(tables[1]!)
        typealias Copy = CopyRule<TableFunction>
        // Root - 1 (observed) - leaves 2 and 3.
        let late = SequenceRule(Copy(), ParallelRule(edges[1], edges[2]))
        let left = SequenceRule(SequenceRule(edges[0], evidence), late)
        let right = SequenceRule(edges[0], SequenceRule(evidence, late))
        let leaves = PairFunction(tables[2]!, tables[3]!)
        let runs = (try GuidedRun(left, from: 0, to: leaves), try GuidedRun(right, from: 0, to: leaves))
        let tree = try GuidedTree(parents: [nil, 0, 1, 1], edges: Array(edges[..<3]))
        let filtered = try tree.filtered(root: 0, observations: tables.filter { $0.key < 4 })
        var random = Random(seed: 14)
        #expect(runs.0.innovationCount == 3 && filtered.innovationCount == 3)
        for _ in 0..<100 {
            let innovations = (0..<3).map { _ in random.normal() }
            let (a, b, c) = innovations.withUnsafeBufferPointer {
                (runs.0.run($0.baseAddress!), runs.1.run($0.baseAddress!), filtered.run($0.baseAddress!))
            }
            #expect(a == b && a.value == Pair(c.value[2], c.value[3]))
            #expect(abs(a.logWeight - c.logWeight) < 1e-13)
        }
    }

    @Test func `draw the same on any number of threads, and accept every move of a chain`() throws {
        let tree = try GuidedTree(chain: matrices.map { try DiscreteGuide(transition: $0, inputs: 3) })
        let filtered = try tree.filtered(root: 1, observations: [4: .at(2, of: 3)])
        var random = Random(seed: 15)
        let chain = try InnovationChain(filtered, persistence: 0.5)
        var state = try chain.start(using: &random)
        var visits = [0, 0, 0]
        for _ in 0..<20_000 {
            #expect(try chain.step(&state, using: &random).isAccepted)
            #expect(state.output[4] == 2)
            visits[state.output[2]] += 1
        }
        func matrix(_ index: Int, _ i: Int, _ j: Int) -> Double { matrices[index][i * 3 + j] }
        func weight(_ middle: Int) -> Double {
            (0..<3).reduce(0) { $0 + matrix(0, 1, $1) * matrix(1, $1, middle) }
                * (0..<3).reduce(0) { $0 + matrix(2, middle, $1) * matrix(3, $1, 2) }
        }
        let total = (0..<3).reduce(0) { $0 + weight($1) }
        for middle in 0..<3 {
            let p = weight(middle) / total
            // Correlations of at most 1/2 per step triple the variance at worst.
            #expect(abs(Double(visits[middle]) / 20_000 - p) < 6 * (3 * p * (1 - p) / 20_000).squareRoot())
        }
    }

    @Test func `name what is wrong`() throws {
        #expect(throws: InferenceError.self) { try DiscreteGuide(transition: [0.5, 0.4, 0.5, 0.5], inputs: 2) }
        #expect(throws: InferenceError.self) { try DiscreteGuide(transition: [1, 0, 0], inputs: 2) }
        #expect(throws: InferenceError.impossibleObservation(place: "every state of a table")) {
            try TableFunction(logValues: [-.infinity, -.infinity])
        }
        #expect(throws: InferenceError.self) { try TableFunction(logValues: [.nan]) }
        let edge = try DiscreteGuide(transition: [1, 0, 0, 1], inputs: 2)
        let tree = try GuidedTree(parents: [nil, 0, 0], edges: [edge, edge])
        #expect(throws: InferenceError.self) { try GuidedTree(parents: [nil, 1], edges: [edge]) }
        #expect(throws: InferenceError.self) { try GuidedTree(parents: [nil, 0], edges: [edge, edge]) }
        #expect {
            try tree.filtered(root: 0, observations: [1: .at(0, of: 2)])
        } throws: {
            if case InferenceError.unsupported(_, "node 2", _) = $0 { true } else { false }
        }
        #expect(throws: InferenceError.impossibleObservation(place: "every state of a table")) {
            try tree.filtered(root: 0, observations: [1: .at(0, of: 2), 2: .at(1, of: 2)])
        }
        #expect(throws: InferenceError.impossibleObservation(place: "the leaves")) {
            try tree.filtered(root: 0, observations: [1: .at(1, of: 2), 2: .at(1, of: 2)])
        }
        #expect(throws: InferenceError.self) {
            try tree.filtered(root: 0, observations: [1: .at(0, of: 2), 2: .at(0, of: 2), 5: .at(0, of: 2)])
        }
        #expect(throws: InferenceError.self) { try tree.filtered(root: 0, observations: [1: .flat(3), 2: .flat(2)]) }
        // A stand-in that forbids what happens.
        let blind = try DiscreteGuide(transition: [0.5, 0.5, 0.5, 0.5], inputs: 2, auxiliary: [1, 0, 0, 1])
        #expect(throws: InferenceError.self) {
            try GuidedTree(chain: [blind, blind]).filtered(root: 0, observations: [2: .at(0, of: 2)])
        }
        let chain = try GuidedTree(chain: [edge]).filtered(root: 0, observations: [1: .flat(2)])
        var random = Random(seed: 1)
        #expect(throws: InferenceError.empty(what: "the cloud")) {
            try GuidedCloud(of: chain, count: 0, using: &random)
        }
        #expect(throws: InferenceError.self) { try InnovationChain(chain, persistence: 1) }
    }
}
