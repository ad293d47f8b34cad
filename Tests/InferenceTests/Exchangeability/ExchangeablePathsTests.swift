import Foundation
import Inference
import Probability
import Testing

/// All sequences of `length` numbers below `base`.
func sequences(_ length: Int, below base: Int) -> [[Int]] {
    (0..<length).reduce([[]]) { parts, _ in parts.flatMap { part in (0..<base).map { part + [$0] } } }
}

@Suite struct `excursion blocks` {
    @Test func `cut a path at its visits and put it together again`() {
        let blocks = ExcursionBlocks([1, 2, 0, 1, 1, 0, 0, 2], anchor: 0)
        #expect(blocks.head == 0..<3 && blocks.blocks == [3..<6, 6..<7] && blocks.tail == 7..<8)
        #expect(blocks.positions(in: [0, 1]) == Array(0..<8))
        #expect(blocks.positions(in: [1, 0]) == [0, 1, 2, 6, 3, 4, 5, 7])
        let none = ExcursionBlocks([1, 2], anchor: 0)
        #expect(none.head == 0..<2 && none.blocks.isEmpty && none.tail.isEmpty)
    }

    @Test func `keep the start, the end and all transitions in any order`() throws {
        var random = Random(seed: 2)
        for _ in 0..<200 {
            let path = (0..<30).map { _ in random.integer(below: 3) }
            let order = ExcursionBlocks(path, anchor: path[29]).shuffled(using: &random)
            #expect(order.sorted() == Array(0..<30))
            #expect(
                try TransitionCounts(order.map { path[$0] }, stateCount: 3) == TransitionCounts(path, stateCount: 3))
        }
    }
}

@Suite struct `exchangeable paths` {
    @Test func `are counted by the formula as by enumeration`() throws {
        // Every class of paths of length 7 over 3 states, some with loops and some without.
        let classes = try Dictionary(grouping: sequences(7, below: 3)) { try TransitionCounts($0, stateCount: 3) }
        #expect(classes.count > 300)
        for (counts, paths) in classes {
            #expect(abs(try counts.logPathCount() - log(Double(paths.count))) < 1e-10)
        }
    }

    @Test func `are drawn with equal frequency from the whole class`() throws {
        let path = [0, 1, 2, 0, 0, 1, 1, 2, 1, 0, 2]
        let counts = try TransitionCounts(path, stateCount: 3)
        let size = Int(exp(try counts.logPathCount()).rounded())
        #expect(size > 50 && size < 1000)
        let sampler = try ExchangeablePaths(path, stateCount: 3)
        var random = Random(seed: 3)
        var hits: [[Int]: Int] = [:]
        let draws = 200 * size
        for _ in 0..<draws {
            let order = sampler.sample(using: &random)
            #expect(order.count == path.count && Set(order).count == path.count)
            hits[order.map { path[$0] }, default: 0] += 1
        }
        #expect(hits.count == size)
        for key in hits.keys { #expect(try TransitionCounts(key, stateCount: 3) == counts) }
        // Chi-square with size - 1 degrees of freedom, which is nearly normal: 6 standard deviations and some for its skew.
        let statistic = hits.values.reduce(0.0) { $0 + pow(Double($1) - 200, 2) / 200 }
        let freedom = Double(size - 1)
        #expect(statistic < freedom + 7.5 * (2 * freedom).squareRoot())
        #expect(statistic > freedom - 6 * (2 * freedom).squareRoot())
    }

    @Test func `refuse an empty path and states that don't exist`() {
        #expect(throws: InferenceError.empty(what: "the path")) { try ExchangeablePaths([], stateCount: 2) }
        #expect(
            throws: InferenceError.improperParameter(
                name: "the state at position 1", value: "2", expected: "0 to 1")
        ) { try ExchangeablePaths([0, 2], stateCount: 2) }
        #expect(throws: InferenceError.self) { try TransitionCounts([], stateCount: 2) }
    }
}
