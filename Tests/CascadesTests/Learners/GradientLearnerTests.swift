import Cascades
import CascadesTesting
import Probability
import Testing

private let tanhLayer = AffineMap(inputs: 2, outputs: 3) >>> ElementwiseMap(.hyperbolicTangent, count: 3)
private let tanhHead = AffineMap(inputs: 3, outputs: 2) >>> ElementwiseMap(.hyperbolicTangent, count: 2)

@Suite struct `gradient descent as a functor` {
    @Test func `takes compositions to compositions, for every family`() {
        var random = Random(seed: 1)
        #expect(
            checkGradientFunctor(tanhLayer, tanhHead, family: .gaussian(variance: 1), rate: 0.1, using: &random) == [])
        #expect(
            checkGradientFunctor(tanhLayer, tanhHead, family: .gaussian(variance: 2.5), rate: 0.1, using: &random) == []
        )
        // Everything that passes must be a mean that the family has.
        func logistic(_ inputs: Int, _ outputs: Int) -> SmoothSequence<AffineMap, ElementwiseMap> {
            AffineMap(inputs: inputs, outputs: outputs) >>> ElementwiseMap(.logistic, count: outputs)
        }
        #expect(
            checkGradientFunctor(
                logistic(2, 3), logistic(3, 2), family: .bernoulli, rate: 0.1,
                prepared: { $0.map { ElementaryFunction.logistic($0) } }, using: &random) == [])
        func positive(_ inputs: Int, _ outputs: Int) -> SmoothSequence<
            SmoothSequence<AffineMap, ElementwiseMap>, ElementwiseMap
        > {
            AffineMap(inputs: inputs, outputs: outputs) >>> ElementwiseMap(.hyperbolicTangent, count: outputs)
                >>> ElementwiseMap(.exponential, count: outputs)
        }
        for family in [MeanFamily.poisson, .exponential] {
            #expect(
                checkGradientFunctor(
                    positive(2, 3), positive(3, 2), family: family, rate: 0.1,
                    prepared: { $0.map { ElementaryFunction.exponential($0) } }, using: &random) == [], "\(family)")
        }
    }

    @Test func `is exact on numbers that don't round`() {
        // Whole parameters and inputs and a rate of 1/4: every number is a multiple of 1/4 below 2^50.
        let (f, g, h) = (
            AffineMap(inputs: 1, outputs: 2), AffineMap(inputs: 2, outputs: 2), AffineMap(inputs: 2, outputs: 1)
        )
        func learner<Map: SmoothMap>(_ map: Map) -> GradientLearner<Map> { GradientLearner(map, rate: 0.25) }
        var random = Random(seed: 2)
        func whole(_ count: Int) -> [Double] { (0..<count).map { _ in Double(random.integer(below: 7) - 3) } }
        let parameters = (0..<30).map { _ in whole(f.parameterCount + g.parameterCount + h.parameterCount) }
        let (first, second) = (f.parameterCount, f.parameterCount + g.parameterCount)
        let parts = (learner(f) >>> learner(g)) >>> learner(h)
        #expect(
            checkSameLearner(
                "gradient descent respects composition", learner(f >>> g >>> h), parts, parameters: parameters,
                inputs: [[1], [-2], [3]], targets: [[0], [5]]
            ) { Pair(Pair(Array($0[..<first]), Array($0[first..<second])), Array($0[second...])) } == [])
        #expect(
            checkLearnerComposition(
                learner(f), learner(g), learner(h),
                parameters: ([whole(4), whole(4)], [whole(6), whole(6)], [whole(3), whole(3)]), inputs: [[1], [-2]],
                middles: [[1, 2], [0, -3]], targets: [[4], [-1]]) == [])
    }

    @Test func `is no functor where families or rates differ`() {
        var random = Random(seed: 3)
        let f = AffineMap(inputs: 1, outputs: 1)
        let p = (0..<4).map { _ in random.normal() }
        func differs(_ one: MeanFamily, _ two: MeanFamily) -> Bool {
            let whole = GradientLearner(f >>> f, family: two, rate: 0.125)
            let parts =
                GradientLearner(f, family: one, rate: 0.125) >>> GradientLearner(f, family: two, rate: 0.125)
            let left = whole.update(p, [0.5], toward: [1])
            let right = parts.update(Pair(Array(p[..<2]), Array(p[2...])), [0.5], toward: [1])
            return zip(left, right.first + right.second).contains { abs($0 - $1) > 1e-9 }
        }
        #expect(!differs(.gaussian(variance: 2), .gaussian(variance: 2)))
        #expect(differs(.gaussian(variance: 1), .gaussian(variance: 2)))
    }

    @Test func `rests on all examples at once at the least squares`() {
        // y = 2 x + 1 + r with residuals r = (1, -2, 1), orthogonal to 1 and x: an exact least-squares fit.
        let batch = CausalMap(AffineMap(inputs: 1, outputs: 1)).unrolled(steps: 3)
        let learner = GradientLearner(batch, rate: 0.25)
        let (x, y) = ([-1.0, 0, 1], [0.0, -1, 4])
        #expect(learner.update([2, 1], x, toward: y) == [2, 1])
        #expect(learner.game.isEquilibrium([2, 1], observing: x) { _ in y })
        for other in [[2, 1.5], [1.75, 1], [0, 0]] {
            #expect(!learner.game.isEquilibrium(other, observing: x) { _ in y })
        }
    }

    @Test func `trains a recurrent network by backpropagation through time`() throws {
        // To give back what came in one step before: the error falls to a hundredth.
        var random = Random(seed: 4)
        let (steps, rnn) = (8, CausalMap.elman(inputs: 1, hidden: 4) >>> CausalMap(AffineMap(inputs: 4, outputs: 1)))
        let learner = GradientLearner(rnn.unrolled(steps: steps), rate: 0.05)
        let examples = (0..<20).map { _ in
            let x = (0..<steps).map { _ in random.uniform() - 0.5 }
            return Pair(x, [0] + x.dropLast())
        }
        let start = (0..<rnn.parameterCount).map { _ in 0.5 * random.normal() }
        func error(_ p: [Double]) -> Double {
            var total = 0.0
            for example in examples {
                let answer = learner.implement(p, example.first)
                for (left, right) in zip(answer, example.second) { total += (left - right) * (left - right) }
            }
            return total
        }
        let trained = try learner.trained(start, on: examples, passes: 400)
        #expect(error(trained) < 0.01 * error([Double](repeating: 0, count: start.count)))
    }

    @Test func `says which example it stumbles over`() {
        let learner = GradientLearner(AffineMap(inputs: 1, outputs: 1), rate: 0.25)
        #expect(throws: SmoothMapError.noData(what: "the list of examples")) {
            try learner.trained([0, 0], on: [], passes: 1)
        }
        #expect(throws: SmoothMapError.notFinite(what: "a parameter", place: "pass 0, example 1")) {
            try learner.trained([0, 0], on: [Pair([1], [1]), Pair([1], [.nan])], passes: 3)
        }
        #expect(throws: SmoothMapError.wrongCount(what: "the target of example 0", found: 2, expected: "1")) {
            try learner.trained([0, 0], on: [Pair([1], [1, 2])], passes: 1)
        }
        #expect(throws: SmoothMapError.wrongCount(what: "the input of example 0", found: 0, expected: "1")) {
            try learner.trained([0, 0], on: [Pair([], [1])], passes: 1)
        }
    }
}
