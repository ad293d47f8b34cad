import Cascades
import Probability
import Testing

@Suite struct `the example of the page on laws` {
    @Test func `trains a recurrent network to give back what came before`() throws {
        var random = Random(seed: 4)
        let network = CausalMap.elman(inputs: 1, hidden: 4) >>> CausalMap(AffineMap(inputs: 4, outputs: 1))
        let examples = (0..<20).map { _ in
            let x = (0..<8).map { _ in random.uniform() - 0.5 }
            return Pair(x, [0] + x.dropLast())
        }
        let start = (0..<network.parameterCount).map { _ in 0.5 * random.normal() }

        let learner = GradientLearner(network.unrolled(steps: 8), rate: 0.05)
        let trained = try learner.trained(start, on: examples, passes: 400)
        let answer = try network.run([0.1, 0.4, -0.2], parameters: trained)
        for (left, right) in zip(answer, [0, 0.1, 0.4]) { #expect(abs(left - right) < 0.1) }

        let (x, y) = (examples[0].first, examples[0].second)
        #expect(!learner.game.isEquilibrium(trained, observing: x) { _ in y })
        // What it answers itself leaves nothing to learn.
        #expect(learner.game.isEquilibrium(trained, observing: x) { $0 })

        let zeros = [Double](repeating: 0, count: trained.count)
        let direction = [1.0] + [Double](repeating: 0, count: 7)
        let derivative = try network.derivative(
            x, inputTangents: direction, parameters: trained, parameterTangents: zeros)
        // The second output follows the first input.
        #expect(derivative.count == 8 && abs(derivative[1] - 1) < 0.2)
    }
}
