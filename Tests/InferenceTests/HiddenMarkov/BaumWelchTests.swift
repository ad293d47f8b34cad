import Foundation
import NumericalMethods
import Probability
import Testing

@testable import Inference

@Suite("Baum-Welch") struct BaumWelchTests {
    @Test("never lowers its objective", arguments: GaussianEmissions.Kind.allCases, [0.0, 2.0])
    func monotone(kind: GaussianEmissions.Kind, weight: Double) throws {
        var random = Random(seed: 5)
        let truth = try RandomModels.gaussian(states: 3, dimension: 2, kind: kind, using: &random)
        let sequences = [40, 90, 3, 130].map { truth.simulate(length: $0, using: &random).observations }
        let start = try RandomModels.gaussian(states: 3, dimension: 2, kind: kind, using: &random)
        let method = BaumWelch<GaussianEmissions>(
            initialPseudoCount: weight / 10, transitionPseudoCount: weight / 5,
            emissionPrior: .init(variance: 0.5, weight: weight), tolerance: -1, steps: 30)
        let fit = try method.fit(from: start, to: sequences)
        #expect(fit.history.count == 30)
        for (before, after) in zip(fit.history, fit.history.dropFirst()) {
            #expect(after.objective >= before.objective - 1e-9 * abs(before.objective))
        }
        #expect(fit.history.last!.objective > fit.history[0].objective + 1)
    }

    @Test("one step gives the ratios of expected counts over all paths")
    func oneStep() throws {
        var random = Random(seed: 9)
        let model = try RandomModels.categorical(states: 3, symbols: 3, using: &random)
        let sequences = [5, 1, 6].map { model.simulate(length: $0, using: &random).observations }
        var first = [Double](repeating: 0, count: 3)
        var transitions = Matrix(rows: 3, columns: 3)
        var shown = Matrix(rows: 3, columns: 3)
        for sequence in sequences {
            let paths = try AllPaths(model, sequence)
            for (time, symbol) in sequence.enumerated() {
                for state in 0..<3 { shown[state, symbol] += paths.marginals[time, state] }
            }
            for state in 0..<3 { first[state] += paths.marginals[0, state] }
            for pair in paths.pairs { transitions = transitions + pair }
        }
        let method = BaumWelch<CategoricalEmissions>(emissionPrior: .none)
        var state = try method.start(model)
        let info = try method.step(&state, on: sequences)
        let total = try sequences.reduce(0) { try $0 + AllPaths(model, $1).logLikelihood }
        #expect(abs(info.logLikelihood - total) < 1e-10)
        for i in 0..<3 {
            #expect(abs(state.model.initial[i] - first[i] / 3) < 1e-12)
            for j in 0..<3 {
                #expect(abs(state.model.transition[i, j] - transitions[i, j] / transitions.row(i).reduce(0, +)) < 1e-12)
                #expect(
                    abs(state.model.emissions.probabilities[i, j] - shown[i, j] / shown.row(i).reduce(0, +)) < 1e-12)
            }
        }
    }

    @Test("one step gives weighted means and covariances", arguments: GaussianEmissions.Kind.allCases)
    func oneGaussianStep(kind: GaussianEmissions.Kind) throws {
        var random = Random(seed: 14)
        for dimension in [1, 2, 3] {
            let model = try RandomModels.gaussian(states: 2, dimension: dimension, kind: kind, using: &random)
            let points = model.simulate(length: 60, using: &random).observations
            let weights = try model.posterior(of: points).marginals
            let method = BaumWelch<GaussianEmissions>(emissionPrior: .none)
            var state = try method.start(model)
            _ = try method.step(&state, on: [points])
            var shared = Matrix(rows: dimension, columns: dimension)
            for k in 0..<2 {
                let fit = try Covariance(of: points, weights: weights.column(k), degreesOfFreedomLost: 0)
                for i in 0..<dimension { #expect(abs(state.model.emissions.means[k, i] - fit.mean[i]) < 1e-10) }
                let found = state.model.emissions.covariance(of: k)
                switch kind {
                case .full: #expect(distance(found, fit.matrix) < 1e-10)
                case .diagonal: for i in 0..<dimension { #expect(abs(found[i, i] - fit.matrix[i, i]) < 1e-10) }
                case .spherical:
                    let mean = fit.matrix.diagonal.reduce(0, +) / Double(dimension)
                    #expect(abs(found[0, 0] - mean) < 1e-10)
                case .tied: shared = shared + fit.matrix * (weights.column(k).reduce(0, +) / 60)
                }
            }
            if kind == .tied { #expect(distance(state.model.emissions.covariance(of: 0), shared) < 1e-10) }
        }
    }

    @Test("recovers well separated states from a clustered start")
    func recovery() throws {
        var random = Random(seed: 3)
        let truth = try HiddenMarkovModel(
            initial: [0.5, 0.5], transition: Matrix(rows: [[0.95, 0.05], [0.1, 0.9]]),
            emissions: GaussianEmissions(
                means: Matrix(rows: [[-3, 0], [3, 1]]), covariances: .full([.identity(2), .identity(2) * 2])))
        let sequences = (0..<4).map { _ in truth.simulate(length: 5_000, using: &random).observations }
        let start = try HiddenMarkovModel.clustered(sequences, states: 2, covariances: .full, seed: 1)
        let fit = try BaumWelch<GaussianEmissions>(emissionPrior: .none).fit(from: start, to: sequences)
        #expect(fit.hasConverged)
        let low = fit.model.emissions.means[0, 0] < 0 ? 0 : 1
        // About 13,000 and 7,000 points, so six standard errors are near 0.06 for means and 0.03 for transitions.
        #expect(abs(fit.model.emissions.means[low, 0] + 3) < 0.1)
        #expect(abs(fit.model.emissions.means[1 - low, 0] - 3) < 0.12)
        #expect(abs(fit.model.transition[low, 1 - low] - 0.05) < 0.02)
        #expect(abs(fit.model.transition[1 - low, low] - 0.1) < 0.03)
    }

    @Test("what is not to be learned stays")
    func frozen() throws {
        var random = Random(seed: 6)
        let model = try RandomModels.categorical(states: 2, symbols: 3, using: &random)
        let symbols = [0, 1, 2, 2, 1, 0, 0]
        let method = BaumWelch<CategoricalEmissions>(learned: [.transition], emissionPrior: .none, steps: 5)
        let fitted = try method.fit(from: model, to: [symbols]).model
        #expect(fitted.initial == model.initial)
        #expect(fitted.emissions == model.emissions)
        #expect(fitted.transition != model.transition)
    }

    @Test("a state without data keeps its parameters and is reported")
    func emptyState() throws {
        let model = try HiddenMarkovModel(
            initial: [1, 0], transition: .identity(2),
            emissions: GaussianEmissions(means: Matrix(rows: [[0], [5]]), covariances: .spherical([1, 2])))
        let points = Matrix(rows: [[0.1], [0.4], [-0.3]])
        let method = BaumWelch<GaussianEmissions>(emissionPrior: .none)
        var state = try method.start(model)
        #expect(try method.step(&state, on: [points]).emptyStates == [1])
        #expect(state.model.emissions.means[1, 0] == 5)
        #expect(state.model.emissions.covariance(of: 1)[0, 0] == 2)
    }

    @Test("gives the same bits on any number of threads")
    func threads() throws {
        var random = Random(seed: 12)
        let truth = try RandomModels.gaussian(states: 3, dimension: 2, kind: .full, using: &random)
        let sequences = [9_000, 20, 5_000, 1].map { truth.simulate(length: $0, using: &random).observations }
        let method = BaumWelch<GaussianEmissions>(emissionPrior: .none, steps: 3)
        let usual = try method.fit(from: truth, to: sequences).model
        let before = Parallel.threads
        Parallel.threads = 1
        let single = try method.fit(from: truth, to: sequences).model
        Parallel.threads = before
        #expect(usual == single)
    }
}
