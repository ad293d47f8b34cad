import Foundation
import NumericalMethods
import Probability
import Testing

@testable import Inference

@Suite("learning linear Gaussian chains") struct LinearGaussianLearnerTests {
    @Test("never lowers the likelihood, with and without gaps, whatever is learned", arguments: 0..<10)
    func monotone(seed: Int) throws {
        var random = Random(seed: UInt64(seed))
        let truth = try RandomChains.model(dimension: 2, outputs: 2, length: nil, using: &random)
        let series = try [30, 1, 45].map {
            RandomChains.gaps(
                try truth.simulate(length: $0, using: &random).observations, share: seed % 2 == 0 ? 0 : 0.3,
                using: &random)
        }
        let start = try RandomChains.model(dimension: 2, outputs: 2, length: nil, using: &random)
        let choices: [LinearGaussianLearner.Parameters] = [
            [.initialMean, .initialCovariance], [.transitionMatrix], [.transitionOffset, .transitionNoise],
            [.observationMatrix, .observationNoise], .all,
        ]
        let learner = LinearGaussianLearner(learned: choices[seed / 2], tolerance: -1, steps: 15)
        let fit = try learner.fit(from: start, to: series)
        for (before, after) in zip(fit.history, fit.history.dropFirst()) {
            #expect(after.logLikelihood >= before.logLikelihood - 1e-8 * abs(before.logLikelihood))
        }
        #expect(fit.history.last!.logLikelihood > fit.history[0].logLikelihood)
    }

    @Test("reaches the maximum of the likelihood that a search finds")
    func maximum() throws {
        var random = Random(seed: 5)
        let unit = Matrix.identity(1)
        func level(_ move: Double, _ view: Double) throws -> LinearGaussianModel {
            try LinearGaussianModel(
                initialMean: [0], initialCovariance: unit, transition: .init(matrix: unit, noise: unit * move),
                observation: .init(matrix: unit, noise: unit * view))
        }
        var series = try level(0.5, 1).simulate(length: 200, using: &random).observations
        for time in 60..<80 { series[time, 0] = .nan }
        let learner = LinearGaussianLearner(
            learned: [.transitionNoise, .observationNoise], tolerance: 1e-13, steps: 3000)
        let fit = try learner.fit(from: try level(1, 1), to: [series])
        let best = try minimize(
            { -(try level(exp($0[0]), exp($0[1])).filter(series).logLikelihood) }, from: [0, 0], method: .bobyqa,
            tolerance: 1e-12)
        #expect(abs(fit.model.transitions[0].noise[0, 0] - exp(best.point[0])) < 1e-3)
        #expect(abs(fit.model.observations[0].noise[0, 0] - exp(best.point[1])) < 1e-3)
        #expect(abs(fit.history.last!.logLikelihood + best.value) < 1e-6)
    }
}
