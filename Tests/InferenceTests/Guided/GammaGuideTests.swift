import Cascades
import Foundation
import Inference
import NumericalMethods
import Probability
import Testing

@Suite struct `guided gamma processes` {
    func chain(_ steps: Int, shape: Double, end: Double, rate: @escaping @Sendable (Double) -> Double) throws
        -> FilteredTree<GammaGuide>
    {
        let edge = try GammaGuide(shape: shape, rate: rate)
        return try GuidedTree(chain: .init(repeating: edge, count: steps)).filtered(
            root: 0.5, observations: [steps: GammaIncrementFunction(shape: shape, rate: 2, point: end)])
    }

    @Test func `of constant rate are beta bridges with constant weights`() throws {
        let filtered = try chain(7, shape: 0.4, end: 3.5, rate: { _ in 2 })
        // 8 increments of shape 0.4 in all.
        let evidence = try Gamma(shape: 3.2, rate: 2).logDensity(3)
        #expect(abs(filtered.rootLogValue - evidence) < 1e-12)
        var random = Random(seed: 41)
        let count = 10_000
        let cloud = try GuidedCloud(of: filtered, count: count, using: &random)
        #expect(cloud.logWeights.allSatisfy { abs($0 - evidence) < 1e-12 })
        // After 3 steps: Beta(1.2, 2.0) of the way. The largest gap of the empirical law, times √n, passes 3.2 with a
        // probability of 2 exp(-2 · 3.2²) = 3e-9.
        let law = try Beta(alpha: 1.2, beta: 2)
        let shares = cloud.outputs.map { ($0[3] - 0.5) / 3 }.sorted()
        let gap = shares.enumerated().map {
            abs(law.cumulative($0.element) - (Double($0.offset) + 0.5) / Double(count))
        }
        .max()!
        #expect(gap * Double(count).squareRoot() < 3.2)
        #expect(cloud.outputs.allSatisfy { states in zip(states, states.dropFirst()).allSatisfy { $0 < $1 } })
    }

    @Test func `of any rate have the evidence as their mean weight`() throws {
        let rate: @Sendable (Double) -> Double = { 1 + 2 / (1 + $0 * $0) }
        func density(_ shape: Double, _ rate: Double, _ x: Double) -> Double {
            x <= 0 ? 0 : exp(shape * log(rate) - logGamma(shape) + (shape - 1) * log(x) - rate * x)
        }
        // One step: the weight does not depend on the draw.
        let single = try chain(1, shape: 2.5, end: 4, rate: rate)
        let exact = try integrate(over: 0.5...4) { density(2.5, rate(0.5), $0 - 0.5) * density(2.5, 2, 4 - $0) }.value
        var random = Random(seed: 42)
        let one = try GuidedCloud(of: single, count: 100, using: &random)
        #expect(one.logWeights.allSatisfy { abs($0 - log(exact)) < 1e-7 })
        // Two steps.
        let double = try chain(2, shape: 2.5, end: 4, rate: rate)
        let legendre = try GaussRule.legendre(60, on: 0...1)
        let twice = legendre.integrate { u in
            let x = 0.5 + 3.5 * u
            return 3.5 * density(2.5, rate(0.5), x - 0.5)
                * legendre.integrate { v in
                    let y = x + (4 - x) * v
                    return (4 - x) * density(2.5, rate(x), y - x) * density(2.5, 2, 4 - y)
                }
        }
        let two = try GuidedCloud(of: double, count: 20_000, using: &random)
        #expect(two.relativeError < 0.01 && two.relativeError > 0)
        #expect(abs(exp(two.logEvidence) / twice - 1) < 6 * two.relativeError + 1e-5)
    }

    // Two z-tests at 6 each: both signs of the tilt.
    @Test(arguments: [0.3, 9.0]) func `draw the tilted beta law`(rate: Double) throws {
        let filtered = try chain(1, shape: 1.5, end: 3, rate: { _ in rate })
        var random = Random(seed: 43)
        let cloud = try GuidedCloud(of: filtered, count: 20_000, using: &random)
        func tilted(_ z: Double) -> Double { (z * (1 - z)).squareRoot() * exp(-(rate - 2) * 2.5 * z) }
        let total = try integrate(over: 0...1, tilted).value
        let mean = try integrate(over: 0...1) { $0 * tilted($0) }.value / total
        let square = try integrate(over: 0...1) { $0 * $0 * tilted($0) }.value / total
        let shares = try Estimate(meanOf: cloud.outputs.map { ($0[1] - 0.5) / 2.5 })
        #expect(abs(shares.value - mean) < 6 * shares.standardError)
        let squares = try Estimate(meanOf: cloud.outputs.map { pow(($0[1] - 0.5) / 2.5, 2) })
        #expect(abs(squares.value - square) < 6 * squares.standardError)
    }

    @Test func `stand tilts too steep for a series`() throws {
        // Tilt (400 - 2) · 2.5 = 995: a gamma law and a weight.
        let filtered = try chain(1, shape: 1.5, end: 3, rate: { _ in 400 })
        var random = Random(seed: 44)
        let cloud = try GuidedCloud(of: filtered, count: 20_000, using: &random)
        // The increment ends within a hundredth of the start: nearly Gamma density at the rest of the way.
        let exact = try integrate(over: 0...0.1) { x in
            x <= 0
                ? 0
                : exp(
                    1.5 * log(400) + 1.5 * log(2) - 2 * logGamma(1.5) + 0.5 * log(x * (2.5 - x)) - 400 * x - 2
                        * (2.5 - x))
        }.value
        #expect(abs(exp(cloud.logEvidence) / exact - 1) < 6 * cloud.relativeError + 1e-6)
        #expect(cloud.relativeError < 1e-3)
        // The other way: a rate of 400 in the function at the end, 2 in the step.
        let back = try GuidedTree(chain: [GammaGuide(shape: 1.5) { _ in 2 }]).filtered(
            root: 0.5, observations: [1: GammaIncrementFunction(shape: 1.5, rate: 400, point: 3)])
        let mirrored = try GuidedCloud(of: back, count: 20_000, using: &random)
        // The integrand is the same with both parts exchanged.
        #expect(abs(exp(mirrored.logEvidence) / exact - 1) < 6 * mirrored.relativeError + 1e-6)
    }

    @Test func `name what is wrong`() throws {
        #expect(throws: InferenceError.self) { try GammaGuide(shape: 0) { _ in 1 } }
        #expect(throws: InferenceError.self) { try GammaIncrementFunction(shape: 1, rate: -1, point: 0) }
        #expect(throws: InferenceError.self) { try GammaIncrementFunction(shape: 1, rate: 1, point: .infinity) }
        let edge = try GammaGuide(shape: 1) { _ in 1 }
        let end = try GammaIncrementFunction(shape: 1, rate: 1, point: 2)
        #expect {
            try GuidedTree(parents: [nil, 0, 1, 1], edges: [edge, edge, edge])
                .filtered(root: 0, observations: [2: end, 3: end])
        } throws: {
            if case InferenceError.unsupported(_, "a branching", _) = $0 { true } else { false }
        }
        #expect(throws: InferenceError.impossibleObservation(place: "the leaves")) {
            try GuidedTree(chain: [edge]).filtered(root: 3, observations: [1: end])
        }
        let negative = try GammaGuide(shape: 1) { _ in -1 }
        let filtered = try GuidedTree(chain: [negative]).filtered(root: 0, observations: [1: end])
        var random = Random(seed: 1)
        #expect(throws: InferenceError.self) { try GuidedCloud(of: filtered, count: 10, using: &random) }
    }
}
