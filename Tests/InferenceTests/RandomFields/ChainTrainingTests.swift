import Foundation
import NumericalMethods
import Probability
import Testing

@testable import Inference

@Suite struct `linear chains` {
    static let options: [ChainFeatureOptions] = [
        .init(), .init(allStates: true, transitions: .all), .init(transitions: .none), .init(minimumFrequency: 2),
        .init(conditioning: .prefixed("t:")), .init(allStates: true, conditioning: .all),
    ]

    /// Five labels pad the vectors, one label is the least.
    @Test(arguments: options.indices, [1, 3, 4, 5])
    func `have the gradient of finite differences and the log-partition of enumeration`(_ index: Int, _ labels: Int)
        throws
    {
        let data = try ChainFixtures.data(sequences: 12, longest: 5, labels: labels, seed: UInt64(index))
        let features = try ChainFeatures(of: data, Self.options[index])
        var likelihood = try ChainLikelihood(data, features: features)
        let weights = ChainFixtures.weights(features.count, scale: 0.7, seed: 9)
        var gradient: [Double] = []
        let value = try likelihood.evaluate(weights, gradient: &gradient)
        let field = try LinearChainField(
            labelNames: data.labelNames, attributeNames: data.attributeNames, features: features, weights: weights)
        var exact = 0.0
        for sequence in 0..<data.count {
            let chain = try field.potentials(of: sequence, in: data)
            let paths = ChainFixtures.paths(length: chain.length, labels: labels)
            exact += log(paths.reduce(0) { $0 + exp(chain.score(of: $1)) })
            exact -= chain.score(of: data.labels(of: sequence).map(Int.init))
        }
        #expect(abs(value - exact) < 1e-10 * max(1, abs(exact)))
        #expect(abs(try field.logLikelihood(of: data) + exact) < 1e-10 * max(1, abs(exact)))
        var ignored: [Double] = []
        for k in stride(from: 0, to: features.count, by: max(1, features.count / 40)) {
            let step = 1e-5
            var (up, down) = (weights, weights)
            up[k] += step
            down[k] -= step
            let difference =
                (try likelihood.evaluate(up, gradient: &ignored) - (try likelihood.evaluate(down, gradient: &ignored)))
                / (2 * step)
            #expect(abs(difference - gradient[k]) < 1e-7 * max(1, abs(gradient[k])), "feature \(k)")
        }
    }

    @Test func `score a hand-made field by its definition`() throws {
        var data = TaggedSequences()
        try data.append([[.init("a", 2)], [.init("a"), .init("b", -1)]], labels: ["x", "y"])
        let features = try ChainFeatures(of: data, .init(allStates: true, transitions: .all))
        // State weights a-x, a-y, b-x, b-y, then transitions xx, xy, yx, yy.
        let field = try LinearChainField(
            labelNames: data.labelNames, attributeNames: data.attributeNames, features: features,
            weights: [1, 2, 10, 20, 0.1, 0.2, 0.3, 0.4])
        let chain = try field.potentials(of: 0, in: data)
        #expect(chain.states == [2, 4, 1 - 10, 2 - 20])
        #expect(chain.transitions == [0.1, 0.2, 0.3, 0.4])
        #expect(features.state(attribute: 1, label: 1) == 3)
        #expect(features.transition(from: 1, to: 0) == 6)
    }

    @Test func `fall back to logarithms where scaling fails, with the same result`() throws {
        let data = try ChainFixtures.data(sequences: 10, labels: 3, seed: 3)
        let features = try ChainFeatures(of: data, .init(allStates: true, transitions: .all))
        var likelihood = try ChainLikelihood(data, features: features)
        // Scores some thousand nats apart.
        let weights = ChainFixtures.weights(features.count, scale: 2000, seed: 2)
        var gradient: [Double] = []
        let value = try likelihood.evaluate(weights, gradient: &gradient)
        let field = try LinearChainField(
            labelNames: data.labelNames, attributeNames: data.attributeNames, features: features, weights: weights)
        var expected = features.counts(in: data).map { -$0 }
        for sequence in 0..<data.count {
            let marginals = try field.marginals(of: sequence, in: data)
            for (t, position) in data.positions(of: sequence).enumerated() {
                for k in data.attributeStarts[position]..<data.attributeStarts[position + 1] {
                    for y in 0..<3 {
                        expected[Int(data.attributes[k]) * 3 + y] +=
                            data.values[k] * marginals.probability(position: t, label: y)
                    }
                }
            }
            for (k, p) in marginals.pairs.enumerated() { expected[features.transitionBase + k % 9] += p }
        }
        #expect(abs(value + (try field.logLikelihood(of: data))) < 1e-9 * abs(value))
        for k in gradient.indices { #expect(abs(gradient[k] - expected[k]) < 1e-9) }
    }

    @Test func `get the same sums on any number of threads`() throws {
        let data = try ChainFixtures.data(sequences: 600, longest: 12, seed: 8)
        let features = try ChainFeatures(of: data)
        let weights = ChainFixtures.weights(features.count, scale: 1, seed: 2)
        var likelihood = try ChainLikelihood(data, features: features)
        let threads = Parallel.threads
        defer { Parallel.threads = threads }
        var results: [[Double]] = []
        for count in [1, 2, 5] {
            Parallel.threads = count
            var gradient: [Double] = []
            let value = try likelihood.evaluate(weights, gradient: &gradient)
            results.append(gradient + [value])
        }
        #expect(results[0] == results[1] && results[0] == results[2])
    }

    @Test func `tag with the labelling that enumeration finds`() throws {
        for options in [ChainFeatureOptions(), .init(conditioning: .prefixed("t:"))] {
            let data = try ChainFixtures.data(sequences: 80, labels: 5, words: 30, seed: 12)
            let features = try ChainFeatures(of: data, options)
            let field = try LinearChainField(
                labelNames: data.labelNames, attributeNames: data.attributeNames, features: features,
                weights: ChainFixtures.weights(features.count, scale: 1, seed: 1))
            let tags = try field.tag(data)
            for sequence in 0..<data.count {
                let chain = try field.potentials(of: sequence, in: data)
                let best = ChainFixtures.paths(length: chain.length, labels: 5)
                    .max { chain.score(of: $0) < chain.score(of: $1) }
                #expect(data.positions(of: sequence).map { Int(tags[$0]) } == best)
            }
        }
    }

    @Test func `reach the same optimum from any start`() throws {
        let data = try ChainFixtures.data(sequences: 60, seed: 5)
        let training = QuasiNewtonTraining(
            penalty: ElasticNet(squares: 0.3),
            search: LimitedMemoryBFGS(gradientTolerance: 1e-7, valueTolerance: 0, maximumSteps: 500))
        let first = try training.fit(data)
        #expect(first.isConverged)
        for seed in 1...3 {
            let start = ChainFixtures.weights(first.field.weights.count, scale: 3, seed: UInt64(seed))
            let other = try training.fit(data, from: start)
            #expect(abs(other.loss - first.loss) < 1e-9 * first.loss)
            for (a, b) in zip(first.field.weights, other.field.weights) { #expect(abs(a - b) < 1e-5) }
        }
    }

    @Test func `with absolute values penalised meet the conditions of the optimum`() throws {
        let data = try ChainFixtures.data(sequences: 60, seed: 6)
        let penalty = ElasticNet(absolute: 1.5, squares: 0.1)
        let fit = try QuasiNewtonTraining(
            penalty: penalty, search: LimitedMemoryBFGS(gradientTolerance: 1e-8, valueTolerance: 0, maximumSteps: 2000)
        ).fit(data)
        var likelihood = try ChainLikelihood(data, features: fit.field.features)
        var gradient: [Double] = []
        let loss = try likelihood.evaluate(fit.field.weights, gradient: &gradient)
        #expect(abs(loss + penalty.value(of: fit.field.weights) - fit.loss) < 1e-9 * fit.loss)
        var zeros = 0
        for (k, w) in fit.field.weights.enumerated() {
            let slope = gradient[k] + 2 * penalty.squares * w
            if w == 0 {
                zeros += 1
                #expect(abs(slope) <= 1.5 + 1e-5)
            } else {
                #expect(abs(slope + (w > 0 ? 1.5 : -1.5)) < 1e-5)
            }
        }
        #expect(zeros > 3 && zeros < fit.field.weights.count)
    }

    @Test func `come to the same optimum by stochastic descent`() throws {
        let data = try ChainFixtures.data(sequences: 300, seed: 7)
        let exact = try QuasiNewtonTraining(
            penalty: ElasticNet(squares: 1), search: LimitedMemoryBFGS(gradientTolerance: 1e-8, valueTolerance: 0)
        ).fit(data)
        var random = Random(seed: 1)
        for averages in [true, false] {
            let fit = try StochasticTraining(squares: 1, epochs: 60, averages: averages).fit(data, using: &random)
            #expect(fit.loss >= exact.loss * (1 - 1e-9))
            #expect(fit.loss < exact.loss * (averages ? 1.001 : 1.01), "\(fit.loss) \(exact.loss)")
        }
    }

    @Test func `of stochastic descent are the same for the same seed`() throws {
        let data = try ChainFixtures.data(sequences: 40, seed: 7)
        func fit(_ seed: UInt64) throws -> [Double] {
            var random = Random(seed: seed)
            return try StochasticTraining(epochs: 3).fit(data, using: &random).field.weights
        }
        #expect(try fit(3) == fit(3))
        #expect(try fit(3) != fit(4))
    }

    @Test func `only have features that were seen, unless all are asked for`() throws {
        var data = TaggedSequences()
        try data.append([[.init("a")], [.init("b")]], labels: ["x", "y"])
        try data.append([[.init("a")], [.init("a")]], labels: ["y", "y"])
        let seen = try ChainFeatures(of: data)
        #expect(seen.stateStarts == [0, 2, 3] && seen.stateLabels == [0, 1, 1] && seen.transitions == [1, 3])
        let all = try ChainFeatures(of: data, .init(allStates: true, transitions: .all))
        #expect(all.count == 4 + 4)
        let often = try ChainFeatures(of: data, .init(minimumFrequency: 2))
        #expect(often.stateStarts == [0, 1, 1] && often.stateLabels == [1] && often.transitions.isEmpty)
        let conditioned = try ChainFeatures(of: data, .init(conditioning: .prefixed("b")))
        #expect(conditioned.conditionedStarts == [0, 0, 1] && conditioned.conditionedPairs == [1])
    }

    @Test func `refuse bad data and settings`() throws {
        var data = TaggedSequences()
        #expect(throws: InferenceError.empty(what: "the training data")) { try QuasiNewtonTraining().fit(data) }
        try data.append([[.init("a")]], labels: ["x"])
        try data.append([[.init("a")], [.init("b")]])
        #expect {
            try QuasiNewtonTraining().fit(data)
        } throws: { error in
            guard case InferenceError.unsupported(_, let place, _) = error else { return false }
            return place == "sequence 1, position 0"
        }
        let sound = data.subset([0])
        #expect(throws: InferenceError.self) { try QuasiNewtonTraining(penalty: ElasticNet(squares: -1)).fit(sound) }
        #expect(throws: InferenceError.self) { try QuasiNewtonTraining(penalty: ElasticNet(absolute: .nan)).fit(sound) }
        #expect(throws: InferenceError.self) { try QuasiNewtonTraining().fit(sound, from: [1, 2, 3]) }
        var random = Random(seed: 1)
        #expect(throws: InferenceError.self) { try StochasticTraining(squares: 0).fit(sound, using: &random) }
        #expect(throws: InferenceError.self) { try StochasticTraining(epochs: 0).fit(sound, using: &random) }
        #expect(throws: InferenceError.self) {
            try StochasticTraining(features: .init(minimumFrequency: .nan)).fit(sound, using: &random)
        }
        let field = try QuasiNewtonTraining().fit(sound).field
        #expect(throws: InferenceError.self) { try field.marginals(of: 0, in: TaggedSequences()) }
        #expect(throws: InferenceError.self) {
            try LinearChainField(
                labelNames: field.labelNames, attributeNames: field.attributeNames, features: field.features,
                weights: [.nan] + field.weights.dropFirst())
        }
        #expect(throws: InferenceError.self) { try data.append([[.init("a", .infinity)]], labels: ["x"]) }
        #expect(throws: InferenceError.self) { try data.append([[.init("a")]], labels: ["x", "y"]) }
        #expect(throws: InferenceError.self) { try data.append([]) }
    }

    @Test func `tag what they have never seen`() throws {
        let data = try ChainFixtures.data(sequences: 30, seed: 9)
        let field = try QuasiNewtonTraining().fit(data).field
        var other = TaggedSequences()
        try other.append([[.init("never seen")], []], labels: ["L0", "unheard of"])
        let report = try field.evaluate(on: other)
        #expect(report.positions == 2 && report.labels["unheard of"]?.recall == 0)
        #expect(try field.tag(TaggedSequences()).isEmpty)
    }
}
