import Cascades
import Foundation
import Testing

@Suite struct `evidence` {
    @Test func `keeps the written order and finds numbers by name`() {
        let evidence: Evidence = ["margin": 0.5, "entropy": 1.5]
        #expect(evidence.names == ["margin", "entropy"])
        #expect(evidence["entropy"] == 1.5 && evidence["other"] == nil)
        #expect(evidence.ordered(as: ["entropy", "margin"]) == [1.5, 0.5])
        #expect(evidence.ordered(as: ["margin"]) == nil)
        #expect(evidence.ordered(as: ["margin", "other"]) == nil)
    }

    @Test func `of class probabilities is top, margin and entropy`() throws {
        let evidence = try Evidence.classProbabilities([0.2, 0.5, 0.3])
        #expect(evidence["topProbability"] == 0.5)
        #expect(abs((evidence["margin"] ?? 0) - 0.2) < 1e-15)
        #expect(abs((evidence["entropy"] ?? 0) + 0.2 * log(0.2) + 0.5 * log(0.5) + 0.3 * log(0.3)) < 1e-15)
        #expect(try Evidence.classProbabilities([1, 0]).values == [1, 1, 0])
        #expect(try Evidence.classProbabilities([0.5, 0.5]).values == [0.5, 0, log(2)])
        #expect(try Evidence.classProbabilities([1]).values == [1, 1, 0])
    }

    @Test(arguments: [[], [0.5, 0.4], [1.2, -0.2], [.nan, 1], [.infinity, 0]] as [[Double]])
    func `is not made of what are no probabilities`(numbers: [Double]) {
        #expect(throws: CascadeError.self) { try Evidence.classProbabilities(numbers) }
    }

    @Test func `of token log-probabilities is mean, minimum and length`() throws {
        #expect(try Evidence.tokens(logProbabilities: [-1, -3]).values == [-2, -3, 2])
        let empty = try Evidence.tokens(logProbabilities: [])
        #expect(empty.values[0].isNaN && empty.values[1].isNaN && empty["length"] == 0)
        #expect(throws: CascadeError.self) { try Evidence.tokens(logProbabilities: [-1, 0.1]) }
        #expect(throws: CascadeError.self) { try Evidence.tokens(logProbabilities: [.nan]) }
    }

    @Test func `survives JSON with missing and infinite numbers`() throws {
        let evidence: Evidence = ["a": .nan, "b": -.infinity, "c": 0.1, "d": .infinity]
        let decoded = try JSONDecoder().decode(Evidence.self, from: JSONEncoder().encode(evidence))
        #expect(decoded.values[0].isNaN && decoded.values[1...].elementsEqual(evidence.values[1...]))
        #expect(throws: DecodingError.self) {
            try JSONDecoder().decode(Evidence.self, from: Data(#"{"names":["a"],"values":["big"]}"#.utf8))
        }
        #expect(throws: DecodingError.self) {
            try JSONDecoder().decode(Evidence.self, from: Data(#"{"names":["a","a"],"values":[1,2]}"#.utf8))
        }
    }
}
