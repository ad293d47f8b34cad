import NumericalMethods
import Probability
import Testing

import Inference

@Suite("the worked examples of the exact methods") struct ExactExamplesTests {
    @Test("hidden Markov models") func hiddenMarkov() throws {
        let truth = try HiddenMarkovModel(
            initial: [0.5, 0.5], transition: Matrix(rows: [[0.95, 0.05], [0.1, 0.9]]),
            emissions: GaussianEmissions(means: Matrix(rows: [[-2], [2]]), covariances: .spherical([1, 1])))
        var random = Random(seed: 1)
        let sequences = (0..<5).map { _ in truth.simulate(length: 500, using: &random).observations }

        let start = try HiddenMarkovModel.clustered(sequences, states: 2, covariances: .spherical)
        let fit = try BaumWelch(emissionPrior: GaussianEmissions.Prior(variance: 1, weight: 1)).fit(
            from: start, to: sequences)
        let path = try fit.model.mostProbablePath(of: sequences[0])
        #expect(fit.hasConverged)
        #expect(path.states.count == 500)
        let means = fit.model.emissions.means.storage.sorted()
        // Some 800 and 1700 points: six standard errors are below 0.25.
        #expect(abs(means[0] + 2) < 0.25 && abs(means[1] - 2) < 0.25)
    }

    @Test("linear Gaussian chains") func linearGaussian() throws {
        let one = Matrix.identity(1)
        let level = try LinearGaussianModel(
            initialMean: [0], initialCovariance: one * 10,
            transition: .init(matrix: one, noise: one * 0.1), observation: .init(matrix: one, noise: one))
        var random = Random(seed: 1)
        var series = try level.simulate(length: 100, using: &random).observations
        series[40, 0] = .nan

        let smoothed = try level.smooth(series)
        let learner = LinearGaussianLearner(learned: [.transitionNoise, .observationNoise])
        let fit = try learner.fit(from: level, to: [series])
        #expect(smoothed.covariances[40][0, 0] > smoothed.covariances[39][0, 0])
        #expect(fit.hasConverged)
        #expect(try fit.model.filter(series).logLikelihood > smoothed.logLikelihood)
    }

    @Test("factor graphs") func factorGraphs() throws {
        let rain = DiscreteFactor([0], values: [0.8, 0.2])
        let sprinkler = DiscreteFactor([0, 1], values: [0.6, 0.4, 0.99, 0.01])
        let grass = DiscreteFactor([0, 1, 2], values: [1, 0, 0.1, 0.9, 0.2, 0.8, 0.01, 0.99])
        let graph = try FactorGraph(cardinalities: [2, 2, 2], factors: [rain, sprinkler, grass])

        let wet = try graph.observing([2: 1])
        let raining = try VariableElimination(wet).marginal(of: [0])[1]
        let approximate = try BeliefPropagation().run(on: wet).converged()
        let joint = 0.2 * (0.99 * 0.8 + 0.01 * 0.99)
        #expect(abs(raining - joint / (joint + 0.8 * 0.4 * 0.9)) < 1e-14)
        #expect(!approximate.isExact)
        #expect(abs(approximate.marginals[0][1] - raining) > 0.2)
    }
}
