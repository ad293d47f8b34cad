import Cascades
import CascadesTesting
import Foundation
import Probability
import Testing

private let elman = CausalMap.elman(inputs: 2, hidden: 3)
private let gated = GatedRecurrentCell(inputs: 3, hidden: 2).causal

@Suite struct `causal maps` {
    @Test func `have derivatives without unrolling that equal backpropagation through the unrolled map`() {
        var random = Random(seed: 1)
        #expect(checkCausalMap(elman, using: &random) == [])
        #expect(checkCausalMap(gated, steps: 40, using: &random) == [])
        #expect(checkCausalMap(elman >>> gated, using: &random) == [])
        #expect(checkCausalMap(elman *** gated, using: &random) == [])
        #expect(checkCausalMap(CausalMap(Knot()), using: &random) == [])
        // Knot's second number fed back.
        #expect(checkCausalMap(CausalMap(Knot(), initial: [0.3]), using: &random) == [])
        // Derivatives of derivatives.
        #expect(checkCausalMap(elman.tangent, tolerance: 1e-5, using: &random) == [])
    }

    @Test func `compose by the laws, and so do their derivatives`() {
        var random = Random(seed: 2)
        #expect(checkCausalComposition(elman, gated, elman, using: &random) == [])
    }

    @Test func `have a delayed trace`() {
        var random = Random(seed: 3)
        // Two numbers fed back and two coming in, all through one affine map without state of its own, and with.
        let mixing = CausalMap(AffineMap(inputs: 4, outputs: 4) >>> ElementwiseMap(.hyperbolicTangent, count: 4))
        let deep = mixing >>> CausalMap.elman(inputs: 4, hidden: 4)
        for seed in 0..<3 {
            let start = [Double(seed) - 0.5, 0.25]
            #expect(
                checkDelayedTrace(
                    mixing, feedback: start, before: elman >>> CausalMap(AffineMap(inputs: 3, outputs: 2)),
                    after: elman, beside: gated, using: &random) == [])
            #expect(
                checkDelayedTrace(
                    deep, feedback: start, before: CausalMap(Knot()), after: CausalMap(Knot()),
                    beside: CausalMap(Knot()), using: &random) == [])
        }
    }

    @Test func `let a map slide past the delay only with its beginning`() throws {
        var random = Random(seed: 4)
        let f = CausalMap(AffineMap(inputs: 4, outputs: 3)) >>> CausalMap.elman(inputs: 3, hidden: 3)
        let g = AffineMap(inputs: 2, outputs: 3)
        let p = (0..<g.parameterCount).map { _ in random.normal() }
        #expect(checkSliding(f, past: g, parameters: p, from: [0.5, -1], using: &random) == [])

        // Dinaturality as of a trace, both from 0, fails where g(0) is not 0.
        let early = (CausalMap(g *** Rewiring.identity(1)) >>> f).delayedTrace(from: [0, 0])
        let late = (f >>> CausalMap(g *** Rewiring.identity(1))).delayedTrace(from: [0, 0, 0])
        let q = (0..<f.parameterCount).map { _ in random.normal() }
        let x = (0..<6).map { _ in random.normal() }
        #expect(try early.run(x, parameters: p + q) != late.run(x, parameters: q + p))
    }

    @Test func `have the gradient that backpropagation through time, written out, has`() throws {
        var random = Random(seed: 5)
        let (inputs, hidden, steps) = (2, 3, 25)
        let p = (0..<elman.parameterCount).map { _ in random.normal() }
        let x = (0..<steps * inputs).map { _ in random.normal() }
        let w = (0..<steps * hidden).map { _ in random.normal() }
        let width = hidden + inputs
        var states = [[Double](repeating: 0, count: hidden)]
        for t in 0..<steps {
            let taken = states[t] + x[t * inputs..<(t + 1) * inputs]
            states.append(
                (0..<hidden).map { i in
                    tanh((0..<width).reduce(p[hidden * width + i]) { $0 + p[i * width + $1] * taken[$1] })
                })
        }
        var gradient = [Double](repeating: 0, count: p.count)
        var carried = [Double](repeating: 0, count: hidden)
        for t in (0..<steps).reversed() {
            let taken = states[t] + x[t * inputs..<(t + 1) * inputs]
            var back = [Double](repeating: 0, count: hidden)
            for i in 0..<hidden {
                let slope = (carried[i] + w[t * hidden + i]) * (1 - states[t + 1][i] * states[t + 1][i])
                for j in 0..<width { gradient[i * width + j] += slope * taken[j] }
                gradient[hidden * width + i] += slope
                for j in 0..<hidden { back[j] += slope * p[i * width + j] }
            }
            carried = back
        }
        let result = try elman.gradient(of: w, inputs: x, parameters: p)
        let size = gradient.reduce(1) { max($0, abs($1)) }
        for (one, two) in zip(result.parameters, gradient) { #expect(abs(one - two) <= 1e-12 * size) }

        // The same, number by number, from derivatives that only ever run forward.
        for index in p.indices {
            var direction = [Double](repeating: 0, count: p.count)
            direction[index] = 1
            let dy = try elman.derivative(
                x, inputTangents: [Double](repeating: 0, count: x.count), parameters: p, parameterTangents: direction)
            #expect(abs(zip(w, dy).reduce(0) { $0 + $1.0 * $1.1 } - gradient[index]) <= 1e-12 * size)
        }
    }

    @Test func `differentiate at a cost per step that does not depend on the step`() {
        #expect(elman.tangent.stateCount == 2 * elman.stateCount)
        func operations<Base: SmoothMap>(_ map: CausalMap<Base>, steps: Int) -> [Int] {
            let counter = CountedScalar.Counter()
            func numbers(_ count: Int) -> [CountedScalar] {
                (0..<count).map { CountedScalar(Double($0) / 50, counter) }
            }
            let parameters = numbers(map.parameterCount)
            var state = map.initial.map { CountedScalar($0, counter) }
            return (0..<steps).map { _ in
                let before = counter.count
                let taken = state + numbers(map.inputCount)
                state = Array(map.base.apply(parameters.span, to: taken.span)[..<map.stateCount])
                return counter.count - before
            }
        }
        let plain = operations(gated, steps: 200)
        let derived = operations(gated.tangent, steps: 200)
        #expect(Set(plain).count == 1 && Set(derived).count == 1 && plain[0] > 0)
        #expect(derived[0] <= 4 * plain[0])
    }

    @Test func `keep a square root of the states with checkpoints`() throws {
        let steps = 100
        let x = (0..<steps * 2).map { sin(Double($0)) }
        let p = (0..<elman.parameterCount).map { cos(Double($0)) }
        let w = [Double](repeating: 1, count: steps * 3)
        let all = try elman.gradient(of: w, inputs: x, parameters: p)
        let sparse = try elman.gradient(of: w, inputs: x, parameters: p, checkpointEvery: 10)
        #expect(all.statesHeld == 100 && sparse.statesHeld == 19)
        #expect(all.parameters == sparse.parameters && all.inputs == sparse.inputs && all.initial == sparse.initial)
    }

    @Test func `give the gradient in where they begin`() throws {
        // s' = 2 s + x, y = s': with three steps y3 = 8 s0 + 4 x1 + 2 x2 + x3.
        let doubling = CausalMap(AffineMap(inputs: 2, outputs: 1) >>> Rewiring.copy(1), initial: [1])
        let result = try doubling.gradient(of: [0, 0, 1], inputs: [5, 6, 7], parameters: [2, 1, 0])
        #expect(result.initial == [8] && result.inputs == [4, 2, 1])
        #expect(try doubling.run([5, 6, 7], parameters: [2, 1, 0]) == [7, 20, 47])
        #expect(try doubling.run([], parameters: [2, 1, 0]) == [])
    }

    @Test func `are rejected with a wrong pullback`() {
        var random = Random(seed: 6)
        let laws = Set(checkCausalMap(CausalMap(WrongPullback()), using: &random).map(\.law))
        #expect(
            laws == [
                "the gradient is the derivative's transpose",
                "the gradient is backpropagation through the unrolled map",
            ])
    }

    @Test func `name the step at which numbers stop being finite, and counts that don't fit`() {
        let p = [Double](repeating: 0.1, count: elman.parameterCount)
        #expect(throws: SmoothMapError.notFinite(what: "the state", place: "step 1")) {
            try elman.run([0, 0, .nan, 0, 0, 0], parameters: p)
        }
        #expect(throws: SmoothMapError.wrongCount(what: "the inputs", found: 3, expected: "a multiple of 2")) {
            try elman.run([0, 0, 0], parameters: p)
        }
        #expect(throws: SmoothMapError.wrongCount(what: "the cotangents", found: 3, expected: "6")) {
            try elman.gradient(of: [1, 1, 1], inputs: [0, 0, 0, 0], parameters: p)
        }
        #expect(throws: SmoothMapError.notFinite(what: "the gradient", place: "step 1")) {
            try elman.gradient(of: [1, 1, 1, 1, .infinity, 1], inputs: [0, 0, 0, 0], parameters: p)
        }
        let growing = CausalMap(AffineMap(inputs: 2, outputs: 1) >>> Rewiring.copy(1), initial: [1])
        #expect(throws: SmoothMapError.notFinite(what: "the state", place: "step 2")) {
            try growing.run([0, 0, 0], parameters: [1e150, 1, 0])
        }
    }
}
