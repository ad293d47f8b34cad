import Foundation
import NumericalMethods
import Probability
import Testing

@testable import Inference

@Suite("bad input to hidden Markov models") struct HiddenMarkovBadInputTests {
    private func model() throws -> HiddenMarkovModel<CategoricalEmissions> {
        try HiddenMarkovModel(
            initial: [1, 0], transition: Matrix(rows: [[0.5, 0.5], [0, 1]]),
            emissions: CategoricalEmissions(probabilities: Matrix(rows: [[0.5, 0.5, 0], [0, 0.5, 0.5]])))
    }

    @Test("an impossible observation is named with its sequence and time")
    func impossible() throws {
        let model = try model()
        // State 1 is left never, and shows no 0.
        let symbols = [0, 2, 1, 0]
        let expected = InferenceError.impossibleObservation(place: "the sequence, time 3")
        #expect(throws: expected) { try model.posterior(of: symbols) }
        #expect(throws: expected) { try model.pairwisePosterior(of: symbols) }
        #expect(throws: expected) { try model.mostProbablePath(of: symbols) }
        #expect(throws: expected) { try model.filter(symbols) }
        #expect(throws: expected) { try model.logLikelihood(of: symbols) }
        #expect(throws: expected) {
            var random = Random(seed: 0)
            return try model.samplePaths(of: symbols, count: 1, using: &random)
        }
        #expect(throws: InferenceError.impossibleObservation(place: "sequence 1, time 2")) {
            try model.logLikelihood(of: [[0, 0], [0, 2, 0], [2]])
        }
        let method = BaumWelch<CategoricalEmissions>(emissionPrior: .none)
        #expect(throws: InferenceError.impossibleObservation(place: "sequence 2, time 0")) {
            try method.fit(from: model, to: [[0, 1], [1, 1], [2]])
        }
    }

    @Test("empty sequences and lists are refused")
    func empty() throws {
        let model = try model()
        let method = BaumWelch<CategoricalEmissions>(emissionPrior: .none)
        #expect(throws: InferenceError.empty(what: "the sequence")) { try model.posterior(of: []) }
        #expect(throws: InferenceError.empty(what: "the list of sequences")) { try method.fit(from: model, to: []) }
        #expect(throws: InferenceError.empty(what: "sequence 1")) { try method.fit(from: model, to: [[0], []]) }
        #expect(throws: InferenceError.empty(what: "the list of sequences")) {
            try HiddenMarkovModel.clustered([], states: 2, covariances: .full)
        }
    }

    @Test("symbols and points that are none are named")
    func observations() throws {
        #expect(
            throws: InferenceError.improperParameter(
                name: "the observation at the sequence, time 1", value: "3", expected: "a symbol in 0 ..< 3")
        ) { try model().posterior(of: [0, 3]) }
        let gaussian = try HiddenMarkovModel(
            initial: [1], transition: .identity(1),
            emissions: GaussianEmissions(means: Matrix(rows: [[0, 0]]), covariances: .tied(.identity(2))))
        let error = #expect(throws: InferenceError.self) {
            try gaussian.posterior(of: Matrix(rows: [[0, 0], [1, .nan]]))
        }
        #expect("\(error!)".contains("the sequence, time 1, coordinate 1"))
        #expect(throws: InferenceError.self) { try gaussian.posterior(of: Matrix(rows: [[0], [1]])) }
        #expect(throws: InferenceError.self) {
            try gaussian.logDensity(of: [0, 1], and: Matrix(rows: [[0, 0], [1, 1]]))
        }
        #expect(throws: InferenceError.self) {
            try gaussian.logDensity(of: [0], and: Matrix(rows: [[0, 0], [1, 1]]))
        }
    }

    @Test("improper parameters are named")
    func parameters() throws {
        func message(_ body: () throws -> some Any) -> String {
            do {
                _ = try body()
                return "none"
            } catch { return "\(error)" }
        }
        let emissions = try CategoricalEmissions(probabilities: Matrix(rows: [[1, 0], [0, 1]]))
        #expect(
            message { try HiddenMarkovModel(initial: [0.5, 0.6], transition: .identity(2), emissions: emissions) }
                .contains("initial distribution"))
        #expect(
            message {
                try HiddenMarkovModel(
                    initial: [0.5, 0.5], transition: Matrix(rows: [[1, 0], [1.5, -0.5]]), emissions: emissions)
            }.contains("from state 1, element 1"))
        #expect(
            message { try HiddenMarkovModel(initial: [1], transition: .identity(2), emissions: emissions) }
                .contains("initial"))
        #expect(
            message { try CategoricalEmissions(probabilities: Matrix(rows: [[1, 0], [.nan, 1]])) }.contains("state 1"))
        #expect(
            message {
                try GaussianEmissions(
                    means: Matrix(rows: [[0, 0]]), covariances: .full([Matrix(rows: [[1, 2], [2, 1]])]))
            }.contains("positive definite"))
        #expect(
            message {
                try GaussianEmissions(
                    means: Matrix(rows: [[0, 0]]), covariances: .full([Matrix(rows: [[1, 0.5], [0.4, 1]])]))
            }.contains("symmetric"))
        #expect(
            message {
                try GaussianEmissions(means: Matrix(rows: [[0, 0]]), covariances: .diagonal(Matrix(rows: [[1, 0]])))
            }.contains("state 0, coordinate 1"))
        #expect(
            message { try GaussianEmissions(means: Matrix(rows: [[0]]), covariances: .spherical([1, 2])) }
                .contains("list of variances"))
    }

    @Test("a covariance that collapses is an error that names its state, and a prior prevents it")
    func collapse() throws {
        let model = try HiddenMarkovModel(
            initial: [1], transition: .identity(1),
            emissions: GaussianEmissions(means: Matrix(rows: [[0, 0]]), covariances: .full([.identity(2)])))
        let points = Matrix(rows: [[1, 1], [2, 2], [4, 4]])
        let error = #expect(throws: InferenceError.self) {
            try BaumWelch<GaussianEmissions>(emissionPrior: .none).fit(from: model, to: [points])
        }
        #expect("\(error!)".contains("state 0"))
        let fit = try BaumWelch<GaussianEmissions>(emissionPrior: .init(variance: 1, weight: 1))
            .fit(from: model, to: [points])
        #expect(fit.hasConverged)
    }

    @Test("a stationary distribution solves the balance, even where it is tiny", arguments: 0..<20)
    func stationary(seed: Int) throws {
        var random = Random(seed: UInt64(seed))
        var matrix = RandomModels.matrix(5, 5, zeros: 0.2, using: &random)
        // A ring, so that all states communicate.
        for state in 0..<5 { matrix[state, (state + 1) % 5] += 0.01 }
        for state in 0..<5 {
            let total = matrix.row(state).reduce(0, +)
            for next in 0..<5 { matrix[state, next] /= total }
        }
        let law = try MarkovChain.stationaryDistribution(of: matrix)
        let next = matrix.multiplied(by: law, transposingSelf: true)
        for state in 0..<5 { #expect(abs(next[state] - law[state]) < 1e-14) }
        #expect(abs(law.reduce(0, +) - 1) < 1e-14)
    }

    @Test("transient states have no stationary mass; several closed classes are an error")
    func classes() throws {
        let transient = Matrix(rows: [[0.5, 0.5, 0], [0, 0.25, 0.75], [0, 0.5, 0.5]])
        let law = try MarkovChain.stationaryDistribution(of: transient)
        #expect(law[0] == 0)
        #expect(abs(law[1] - 0.4) < 1e-15)
        let error = #expect(throws: InferenceError.self) {
            try MarkovChain.stationaryDistribution(of: Matrix(rows: [[1, 0, 0], [0.2, 0.4, 0.4], [0, 0, 1]]))
        }
        #expect(error == .disconnected(what: "the chain", parts: ["states 0", "states 2"]))
        let tiny = try MarkovChain.stationaryDistribution(of: Matrix(rows: [[1 - 1e-16, 1e-16], [1, 0]]))
        #expect(abs(tiny[1] / 1e-16 - 1) < 1e-12)
    }
}
