import Cascades
import CascadesTesting
import Foundation
import Probability
import Testing

@Suite struct `smooth maps` {
    @Test func `have derivatives that agree with differences, their transposes and their records`() {
        var random = Random(seed: 1)
        #expect(checkSmoothMap(Knot(), using: &random) == [])
        #expect(checkSmoothMap(AffineMap(inputs: 3, outputs: 2), using: &random) == [])
        #expect(checkSmoothMap(Rewiring(inputCount: 3, sources: [2, 0, 0, 1]), using: &random) == [])
        #expect(checkSmoothMap(Knot() >>> AffineMap(inputs: 2, outputs: 3), using: &random) == [])
        #expect(checkSmoothMap(Knot() *** AffineMap(inputs: 2, outputs: 3), using: &random) == [])
        #expect(checkSmoothMap(GatedRecurrentCell(inputs: 2, hidden: 3), using: &random) == [])
        // The derivative of a map is a map again.
        #expect(checkSmoothMap(Knot().tangent, tolerance: 1e-5, using: &random) == [])
        for function in ElementaryFunction.allCases {
            // Square root and logarithm want numbers above 0.
            let map = ElementwiseMap(.exponential, count: 2) >>> ElementwiseMap(function, count: 2)
            #expect(checkSmoothMap(map, scale: 0.7, using: &random) == [], "\(function)")
        }
    }

    @Test func `compose by the laws, and so do their derivatives`() {
        var random = Random(seed: 2)
        #expect(checkSmoothComposition(Knot(), Knot(), Knot(), using: &random) == [])
        let layer = AffineMap(inputs: 2, outputs: 3) >>> ElementwiseMap(.hyperbolicTangent, count: 3)
        #expect(checkSmoothComposition(Knot(), layer, AffineMap(inputs: 3, outputs: 1), using: &random) == [])
    }

    @Test func `respect the laws to the last bit on whole numbers`() {
        // No operation rounds, so the chain rule and the brackets may not cost a bit.
        let (f, g) = (Multiplication() *** Multiplication(), Multiplication())
        let x = interleaved([2, 3, -5, 7], [1, 0, -1, 4])
        #expect((f >>> g).tangent([], x) == (f.tangent >>> g.tangent)([], x))
        let whole = f >>> g
        #expect(whole.tangent([], x) == [-210.0, -267.0])
        let back = whole.pullback([1], parameters: [], input: [2, 3, -5, 7]).second
        #expect(back == [-105.0, -70.0, 42.0, -30.0])
    }

    @Test func `give second derivatives by taking the tangent twice`() {
        // d2(x y) / dx dy = 1: at x = 3, y = 5 in the directions (1, 0) and (0, 1).
        let result = Multiplication().tangent.tangent([], [3, 1, 0, 0, 5, 0, 1, 0])
        #expect(result == [15, 5, 3, 1])
    }

    @Test func `are rejected with a wrong pullback`() {
        var random = Random(seed: 3)
        #expect(checkSmoothMap(WrongPullback(factor: 1), using: &random) == [])
        let laws = Set(checkSmoothMap(WrongPullback(), using: &random).map(\.law))
        #expect(
            laws == ["the pullback is the derivative's transpose", "the pullback equals that of the record"])
    }

    @Test func `a tape adds up what a variable does in several places, and knows constants`() {
        let tape = Tape()
        let (x, y) = (tape.variable(2), tape.variable(3))
        let outputs = [x * y + x, TapedScalar(4) * y, TapedScalar(1)]
        #expect(Array(tape.adjoints(of: outputs, cotangent: [1, 10, 100].span)[..<2]) == [4, 42])
    }
}
