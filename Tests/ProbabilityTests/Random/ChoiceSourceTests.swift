import Foundation
import Testing

@testable import Probability

@Suite struct `choices by weight` {
    /// Counts of 60,000 choices against 60,000 p: within 6 standard errors, at most 20 of them, 4e-8.
    func check(_ weights: [Double], _ choose: () throws -> Int) rethrows {
        let total = weights.reduce(0, +)
        var counts = [Int](repeating: 0, count: weights.count)
        for _ in 0..<60_000 { counts[try choose()] += 1 }
        for (i, c) in counts.enumerated() {
            let p = weights[i] / total
            #expect(abs(Double(c) - 60_000 * p) <= 6 * (60_000 * p * (1 - p)).squareRoot(), "weight \(i) of \(weights)")
        }
    }

    @Test(arguments: [[1], [0.2, 0.8], [0, 1, 0, 3], [1e-3, 1, 2, 3, 4], [5, 5, 5, 5], [1e-300, 2e-300]])
    func `follow the weights by all three methods`(_ weights: [Double]) throws {
        var random = Random(seed: 21)
        try check(weights) { try random.choose(weights: weights) }
        try check(weights) { try random.choose(logWeights: weights.map { log($0) }) }
        try check(weights) { try random.choose(logWeights: weights.map { log($0) + 700 }) }
        let table = try AliasTable(weights: weights)
        check(weights) { table.sample(using: &random) }
    }

    @Test func `huge weights don't overflow`() throws {
        var random = Random(seed: 22)
        let weights = [Double](repeating: Double.greatestFiniteMagnitude, count: 4)
        try check([1, 1, 1, 1]) { try random.choose(weights: weights) }
        let table = try AliasTable(weights: weights)
        check([1, 1, 1, 1]) { table.sample(using: &random) }
    }

    @Test func `say what is wrong with bad weights`() {
        var random = Random(seed: 23)
        #expect(throws: WeightError.empty) { try random.choose(weights: []) }
        #expect(throws: WeightError.empty) { try random.choose(logWeights: []) }
        #expect(throws: WeightError.empty) { try AliasTable(weights: []) }
        #expect(throws: WeightError.allZero(count: 2)) { try random.choose(weights: [0, 0]) }
        #expect(throws: WeightError.allZero(count: 2)) { try random.choose(logWeights: [-.infinity, -.infinity]) }
        #expect(throws: WeightError.allZero(count: 1)) { try AliasTable(weights: [0]) }
        #expect(throws: WeightError.invalid(index: 1, value: -1)) { try random.choose(weights: [1, -1]) }
        #expect(throws: WeightError.invalid(index: 0, value: .infinity)) {
            try random.choose(logWeights: [.infinity, 0])
        }
        #expect(throws: WeightError.self) { try random.choose(logWeights: [0, .nan]) }
        #expect(throws: WeightError.self) { try random.choose(weights: [.nan]) }
        #expect(throws: WeightError.self) { try AliasTable(weights: [.nan, 1]) }
        #expect(WeightError.invalid(index: 3, value: -1).description.contains("weight 3 is -1.0"))
    }

    @Test func `a target at or past the running total falls to the last possible choice`() {
        let weights = [0.0, 1, 2, 0]
        weights.withUnsafeBufferPointer {
            #expect(Random.index(of: 0, in: $0) == 1)
            #expect(Random.index(of: 1, in: $0) == 2)
            #expect(Random.index(of: 3, in: $0) == 2)
        }
    }
}
