import Foundation
import NumericalMethods
import Probability
import Testing

@testable import Inference

@Suite("hidden Markov models against all paths") struct HiddenMarkovModelTests {
    private func compare<Emissions: EmissionModel>(
        _ model: HiddenMarkovModel<Emissions>, _ observations: Emissions.Observations
    ) throws {
        let truth = try AllPaths(model, observations)
        let posterior = try model.posterior(of: observations)
        #expect(abs(posterior.logLikelihood - truth.logLikelihood) < 1e-10 * max(1, abs(truth.logLikelihood)))
        #expect(abs(try model.logLikelihood(of: observations) - truth.logLikelihood) < 1e-9)
        #expect(distance(posterior.marginals, truth.marginals) < 1e-11)
        let pairs = try model.pairwisePosterior(of: observations)
        #expect(pairs.count == truth.pairs.count)
        var sum = Matrix(rows: model.states, columns: model.states)
        for (pair, expected) in zip(pairs, truth.pairs) {
            #expect(distance(pair, expected) < 1e-10)
            sum = sum + expected
        }
        #expect(distance(posterior.expectedTransitions, sum) < 1e-10)
        let path = try model.mostProbablePath(of: observations)
        #expect(abs(path.logDensity - truth.best.logDensity) < 1e-10 * max(1, abs(truth.best.logDensity)))
        #expect(abs(try model.logDensity(of: path.states, and: observations) - truth.best.logDensity) < 1e-9)
        let logged = try LogRecursions(model: model).smooth(observations, name: "s") { _, _ in }
        #expect(abs(logged.logLikelihood - truth.logLikelihood) < 1e-9)
        #expect(distance(logged.transitionMatrix(model.states), sum) < 1e-10)
    }

    @Test("posteriors, pairs, best paths and likelihoods of symbols agree", arguments: 0..<40)
    func categorical(seed: Int) throws {
        var random = Random(seed: UInt64(seed))
        let model = try RandomModels.categorical(
            states: 1 + seed % 5, symbols: 3, zeros: seed % 2 == 0 ? 0 : 0.3, using: &random)
        try compare(model, model.simulate(length: 1 + seed % 6, using: &random).observations)
    }

    @Test("posteriors, pairs, best paths and likelihoods of points agree", arguments: 0..<48)
    func gaussian(seed: Int) throws {
        var random = Random(seed: UInt64(100 + seed))
        let model = try RandomModels.gaussian(
            states: 1 + seed % 4, dimension: 1 + seed % 3, kind: GaussianEmissions.Kind.allCases[seed % 4],
            zeros: seed % 3 == 0 ? 0.3 : 0, using: &random)
        try compare(model, model.simulate(length: 1 + seed % 5, using: &random).observations)
    }

    @Test("more than eight and more than sixteen states take the wide recursions", arguments: [9, 11, 17])
    func wide(states: Int) throws {
        var random = Random(seed: UInt64(states))
        let model = try RandomModels.gaussian(states: states, dimension: 2, kind: .full, using: &random)
        try compare(model, model.simulate(length: 3, using: &random).observations)
        // Against the logarithms on a sequence of many blocks.
        let long = model.simulate(length: 700, using: &random).observations
        let scaled = try model.posterior(of: long)
        let logged = try LogRecursions(model: model).smooth(long, name: "s") { _, _ in }
        #expect(abs(scaled.logLikelihood - logged.logLikelihood) < 1e-10 * abs(logged.logLikelihood))
        #expect(distance(scaled.expectedTransitions, logged.transitionMatrix(states)) < 1e-8)
    }

    @Test("each coordinate's density is that of the multivariate normal", arguments: GaussianEmissions.Kind.allCases)
    func densities(kind: GaussianEmissions.Kind) throws {
        var random = Random(seed: 5)
        for dimension in 1...4 {
            let model = try RandomModels.gaussian(states: 3, dimension: dimension, kind: kind, using: &random)
            let points = model.simulate(length: 6, using: &random).observations
            for state in 0..<3 {
                let law = try MultivariateNormal(
                    mean: Array(model.emissions.means.row(state)), covariance: model.emissions.covariance(of: state))
                let path = [Int](repeating: state, count: 6)
                let chain = log(model.initial[state]) + 5 * log(model.transition[state, state])
                let expected = (0..<6).reduce(chain) { $0 + law.logDensity(Array(points.row($1))) }
                #expect(abs(try model.logDensity(of: path, and: points) - expected) < 1e-9 * max(1, abs(expected)))
            }
        }
    }

    @Test("a long sequence gives the same posterior on one thread and on two, and as by logarithms")
    func threads() throws {
        var random = Random(seed: 8)
        let model = try RandomModels.gaussian(states: 3, dimension: 2, kind: .full, using: &random)
        let points = model.simulate(length: 10_001, using: &random).observations
        let usual = try model.posterior(of: points)
        let before = Parallel.threads
        Parallel.threads = 1
        let single = try model.posterior(of: points)
        Parallel.threads = before
        #expect(usual == single)
        let logged = try LogRecursions(model: model).smooth(points, name: "s") { _, _ in }
        #expect(abs(usual.logLikelihood - logged.logLikelihood) < 1e-11 * abs(logged.logLikelihood))
        #expect(distance(usual.expectedTransitions, logged.transitionMatrix(3)) < 1e-7)
        #expect(abs(try model.logLikelihood(of: points) - logged.logLikelihood) < 1e-11 * abs(logged.logLikelihood))
    }

    @Test("evidence that turns after a thousand nats is not lost to underflow")
    func underflow() throws {
        // Two chains that never meet: the first half of the data favours one by e^-1250, the second half the other.
        let model = try HiddenMarkovModel(
            initial: [0.5, 0.5], transition: .identity(2),
            emissions: GaussianEmissions(means: Matrix(rows: [[0], [1]]), covariances: .spherical([0.02, 0.02])))
        let points = Matrix(rows: 110, columns: 1, storage: (0..<110).map { $0 < 50 ? 0.0 : 1.0 })
        let posterior = try model.posterior(of: points)
        // Each observation on the wrong side costs 25 nats: state 1 errs 50 times, state 0 sixty times.
        #expect(abs(posterior.marginals[0, 1] - 1) < 1e-11)
        let law = 110 * (-0.5 * log(2 * Double.pi * 0.02)) - 50 * 25 + log(0.5)
        #expect(abs(posterior.logLikelihood - law) < 1e-9)
        #expect(abs(try model.logLikelihood(of: points) - law) < 1e-9)
        var random = Random(seed: 1)
        #expect(try model.samplePaths(of: points, count: 3, using: &random).allSatisfy { $0.allSatisfy { $0 == 1 } })
        #expect(try model.mostProbablePath(of: points).states.allSatisfy { $0 == 1 })
    }

    @Test("filtered states are the posteriors of the sequence so far")
    func filtering() throws {
        var random = Random(seed: 11)
        let model = try RandomModels.categorical(states: 3, symbols: 4, using: &random)
        let symbols = model.simulate(length: 6, using: &random).observations
        let filtered = try model.filter(symbols)
        for time in 0..<6 {
            let truth = try AllPaths(model, Array(symbols[...time]))
            for state in 0..<3 { #expect(abs(filtered[time, state] - truth.marginals[time, state]) < 1e-12) }
        }
    }

    @Test("sampled paths follow the posterior of paths")
    func sampling() throws {
        var random = Random(seed: 21)
        let model = try RandomModels.categorical(states: 2, symbols: 2, using: &random)
        let symbols = model.simulate(length: 4, using: &random).observations
        let truth = try AllPaths(model, symbols)
        let count = 40_000
        var seen: [[Int]: Int] = [:]
        for path in try model.samplePaths(of: symbols, count: count, using: &random) { seen[path, default: 0] += 1 }
        // 16 normal deviates beyond 6.4: false alarm below 3e-9.
        for (path, probability) in truth.probabilities {
            let error = (probability * (1 - probability) / Double(count)).squareRoot()
            #expect(abs(Double(seen[path] ?? 0) / Double(count) - probability) < 6.4 * error + 1e-4)
        }
    }

    @Test("simulated states, transitions and points have the model's frequencies")
    func simulation() throws {
        var random = Random(seed: 31)
        let model = try RandomModels.gaussian(states: 2, dimension: 2, kind: .full, using: &random)
        let sample = model.simulate(length: 60_000, using: &random)
        for state in 0..<2 {
            let times = (0..<59_999).filter { sample.states[$0] == state }
            let moved = times.count { sample.states[$0 + 1] == 0 }
            let p = model.transition[state, 0]
            // 2 deviates beyond 6: 4e-9.
            let error = (p * (1 - p) / Double(times.count)).squareRoot()
            #expect(abs(Double(moved) / Double(times.count) - p) < 6 * error)
            for i in 0..<2 {
                let mean = times.reduce(0) { $0 + sample.observations[$1, i] } / Double(times.count)
                let spread = model.emissions.covariance(of: state)[i, i].squareRoot()
                #expect(abs(mean - model.emissions.means[state, i]) < 6.2 * spread / Double(times.count).squareRoot())
            }
            let product = times.reduce(0) {
                $0 + (sample.observations[$1, 0] - model.emissions.means[state, 0])
                    * (sample.observations[$1, 1] - model.emissions.means[state, 1])
            }
            let c = model.emissions.covariance(of: state)
            let productError = ((c[0, 0] * c[1, 1] + c[0, 1] * c[0, 1]) / Double(times.count)).squareRoot()
            #expect(abs(product / Double(times.count) - c[0, 1]) < 6.2 * productError)
        }
    }
}
