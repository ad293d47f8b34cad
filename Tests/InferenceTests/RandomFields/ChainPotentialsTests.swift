import Foundation
import Inference
import Probability
import Testing

@Suite struct `scores of a chain` {
    /// Chains with one transition matrix, with one a step, long, short, with one label.
    static let cases: [(length: Int, labels: Int, perStep: Bool)] = [
        (1, 1, false), (1, 3, false), (5, 1, true), (5, 3, false), (5, 3, true), (4, 5, true), (8, 2, false),
    ]

    @Test(arguments: cases.indices) func `sum as by enumeration`(_ index: Int) throws {
        let (length, labels, perStep) = Self.cases[index]
        var random = Random(seed: UInt64(index))
        let chain = try ChainFixtures.potentials(length: length, labels: labels, perStep: perStep, using: &random)
        let paths = ChainFixtures.paths(length: length, labels: labels)
        let total = log(paths.reduce(0) { $0 + exp(chain.score(of: $1)) })
        let marginals = try chain.marginals()
        #expect(abs(try chain.logPartition() - total) < 1e-12 * max(1, abs(total)))
        #expect(abs(marginals.logPartition - total) < 1e-12 * max(1, abs(total)))
        for t in 0..<length {
            for y in 0..<labels {
                let exact = paths.filter { $0[t] == y }.reduce(0) { $0 + exp(chain.score(of: $1) - total) }
                #expect(abs(marginals.probability(position: t, label: y) - exact) < 1e-12)
                guard t + 1 < length else { continue }
                for z in 0..<labels {
                    let pair = paths.filter { $0[t] == y && $0[t + 1] == z }
                        .reduce(0) { $0 + exp(chain.score(of: $1) - total) }
                    #expect(abs(marginals.pairs[(t * labels + y) * labels + z] - pair) < 1e-12)
                }
            }
        }
    }

    @Test(arguments: cases.indices) func `give the best labellings in order`(_ index: Int) throws {
        let (length, labels, perStep) = Self.cases[index]
        var random = Random(seed: 100 + UInt64(index))
        let chain = try ChainFixtures.potentials(length: length, labels: labels, perStep: perStep, using: &random)
        let sorted = ChainFixtures.paths(length: length, labels: labels)
            .sorted { chain.score(of: $0) > chain.score(of: $1) }
        #expect(try chain.bestPath().path == sorted[0])
        let several = try chain.bestPaths(20)
        #expect(several.count == min(20, sorted.count))
        #expect(several.map(\.path) == Array(sorted.prefix(20)))
        for found in several { #expect(abs(found.score - chain.score(of: found.path)) < 1e-12) }
    }

    @Test func `sample labellings as often as they are probable`() throws {
        var random = Random(seed: 4)
        let chain = try ChainFixtures.potentials(length: 3, labels: 2, perStep: true, scale: 0.7, using: &random)
        let paths = ChainFixtures.paths(length: 3, labels: 2)
        let total = try chain.logPartition()
        let draws = 40_000
        var counts: [[Int]: Int] = [:]
        for _ in 0..<draws { counts[try chain.sample(using: &random), default: 0] += 1 }
        // 8 counts within 6 standard deviations: false alarms below 2e-8.
        for path in paths {
            let p = exp(chain.score(of: path) - total)
            let deviation = (p * (1 - p) * Double(draws)).squareRoot()
            #expect(abs(Double(counts[path] ?? 0) - p * Double(draws)) < 6 * deviation)
        }
    }

    @Test func `under constraints leave only what is allowed`() throws {
        var random = Random(seed: 5)
        let chain = try ChainFixtures.potentials(length: 5, labels: 3, perStep: false, using: &random)
        let allowed = chain.restricted { position, label in !(position == 2 && label != 1) && label != 2 }
        let paths = ChainFixtures.paths(length: 5, labels: 3).filter { $0[2] == 1 && !$0.contains(2) }
        let best = paths.max { chain.score(of: $0) < chain.score(of: $1) }
        #expect(try allowed.bestPath().path == best)
        let total = log(paths.reduce(0) { $0 + exp(chain.score(of: $1)) })
        #expect(abs(try allowed.logPartition() - total) < 1e-12)
        #expect(try allowed.marginals().probability(position: 2, label: 1) == 1)
        #expect(try allowed.bestPaths(100).count == paths.count)
        for _ in 0..<100 { #expect(paths.contains(try allowed.sample(using: &random))) }
    }

    @Test func `that forbid everything are an error`() throws {
        let chain = try ChainPotentials(labelCount: 2, states: [0, 0, 0, 0], transitions: [0, 0, 0, 0])
        let none = chain.restricted { position, _ in position == 0 }
        var random = Random(seed: 1)
        #expect(throws: InferenceError.self) { try none.logPartition() }
        #expect(throws: InferenceError.self) { try none.marginals() }
        #expect(throws: InferenceError.self) { try none.bestPath() }
        #expect(throws: InferenceError.self) { try none.sample(using: &random) }
    }

    @Test func `far apart neither overflow nor vanish`() throws {
        let chain = try ChainPotentials(
            labelCount: 2, states: [5000, -5000, -5000, 5000, 4000, 0], transitions: [0, -9000, 0, 0])
        // 0, 1, 0 scores 14,000 - 9000; 0, 0, 0 scores 5000 - 5000 + 4000; 1, 1, 0 the same.
        let best = try chain.bestPath()
        #expect(best.path == [0, 1, 0] && best.score == 5000)
        #expect(abs(try chain.logPartition() - 5000) < 1e-9)
        #expect(try chain.marginals().nodes.allSatisfy { $0.isFinite })
    }

    @Test func `that don't fit or are no numbers are refused`() {
        #expect(throws: InferenceError.self) {
            try ChainPotentials(labelCount: 2, states: [], transitions: [0, 0, 0, 0])
        }
        #expect(throws: InferenceError.self) {
            try ChainPotentials(labelCount: 2, states: [0], transitions: [0, 0, 0, 0])
        }
        #expect(throws: InferenceError.self) { try ChainPotentials(labelCount: 2, states: [0, 0], transitions: [0]) }
        #expect(
            throws: InferenceError.nonFinite(
                what: "a label's score", place: "row 1, element 0", value: .infinity)
        ) {
            try ChainPotentials(labelCount: 2, states: [0, 0, .infinity, 0], transitions: [0, 0, 0, 0])
        }
        #expect(throws: InferenceError.self) {
            try ChainPotentials(labelCount: 2, states: [0, 0, 0, 0], transitions: [0, .nan, 0, 0])
        }
    }
}
