import Cascades
import CascadesTesting
import Foundation
import Probability
import Testing

@Suite struct `likelihoods` {
    @Test func `of a composition are the sum of the parts', and gradients lie side by side`() throws {
        let model = JointKernel(line, steep)
        let likelihood = LogLikelihood(model, data: sampled(model, 50, seed: 1))
        let parts = likelihood.parts()
        let p = [0.3, -0.1, 0.2, 1.1, 0, -0.3]
        let (one, two) = (try parts.first.value(Array(p[..<3])), try parts.second.value(Array(p[3...])))
        #expect(abs(try likelihood.value(p) - one - two) < 1e-10)
        let (left, right) = (
            likelihood.gradient(p), parts.first.gradient(Array(p[..<3])) + parts.second.gradient(Array(p[3...]))
        )
        #expect(left == right)
        #expect(try LogLikelihood(model, data: []).value(p) == 0)
    }

    @Test func `of a Gaussian chain have the gradient in closed form, and their maximum at the regressions`() throws {
        let model = JointKernel(JointKernel(line, steep), LastOf(line: line))
        let data = sampled(model, 400, seed: 2)
        let likelihood = LogLikelihood(model, data: data)
        // Three lines: x to a, a to b, b to c.
        let pairs = [
            data.map { ($0.first, $0.second.first.first) },
            data.map { ($0.second.first.first, $0.second.first.second) },
            data.map { ($0.second.first.second, $0.second.second) },
        ]
        let p = [0.3, -0.1, 0.2, 1.1, 0, -0.3, 0, 0.4, 0.1]
        let gradient = likelihood.gradient(p)
        let fitted = try likelihood.maximized().parameters
        for (index, points) in pairs.enumerated() {
            let n = Double(points.count)
            let (slope, intercept, logScale) = (p[3 * index], p[3 * index + 1], p[3 * index + 2])
            let residuals = points.map { $0.1 - slope * $0.0 - intercept }
            let variance = exp(2 * logScale)
            let closed = [
                zip(points, residuals).reduce(0) { $0 + $1.0.0 * $1.1 } / variance,
                residuals.reduce(0, +) / variance, residuals.reduce(0) { $0 + $1 * $1 } / variance - n,
            ]
            for part in 0..<3 { #expect(abs(gradient[3 * index + part] - closed[part]) < 1e-9 * n) }

            let (meanX, meanY) = (points.reduce(0) { $0 + $1.0 } / n, points.reduce(0) { $0 + $1.1 } / n)
            let sxx = points.reduce(0) { $0 + ($1.0 - meanX) * ($1.0 - meanX) }
            let best = points.reduce(0) { $0 + ($1.0 - meanX) * ($1.1 - meanY) } / sxx
            let squares = points.reduce(0) {
                let r = $1.1 - meanY - best * ($1.0 - meanX)
                return $0 + r * r
            }
            let expected = [best, meanY - best * meanX, 0.5 * log(squares / n)]
            for part in 0..<3 { #expect(abs(fitted[3 * index + part] - expected[part]) < 1e-5) }
        }
    }

    @Test func `of a series with state have the autoregression at their maximum`() throws {
        let traced = Autoregression(line: LinearGaussianKernel(slope: 0.6, intercept: 0.3, logScale: -1)).traced(
            from: 0)
        var random = Random(seed: 3)
        let inputs = (0..<500).map { _ in random.normal() }
        let series = traced.sample(inputs, using: &random)
        let fitted = try LogLikelihood(traced, data: [Pair(inputs, series)]).maximized().parameters
        let points = series.indices.map { (($0 == 0 ? 0 : series[$0 - 1].second) + inputs[$0], series[$0].second) }
        let n = Double(points.count)
        let (meanX, meanY) = (points.reduce(0) { $0 + $1.0 } / n, points.reduce(0) { $0 + $1.1 } / n)
        let slope =
            points.reduce(0) { $0 + ($1.0 - meanX) * ($1.1 - meanY) }
            / points.reduce(0) { $0 + ($1.0 - meanX) * ($1.0 - meanX) }
        #expect(abs(fitted[0] - slope) < 1e-5 && abs(fitted[1] - (meanY - slope * meanX)) < 1e-5)
    }

    @Test func `name the item without a density`() {
        let likelihood = LogLikelihood(line, data: [Pair(1, 2), Pair(.nan, 0)])
        #expect(throws: SmoothMapError.notFinite(what: "the log-density", place: "item 1")) {
            try likelihood.value(line.parameters)
        }
        #expect(throws: SmoothMapError.noData(what: "the data of a likelihood")) {
            try LogLikelihood(line, data: []).maximized()
        }
        let impossible = LogLikelihood(kernel(.poisson, [0]), data: [Pair([1, 1], [0.5, 0])])
        #expect(throws: SmoothMapError.notFinite(what: "the log-density", place: "item 0")) {
            try impossible.maximized()
        }
    }
}

@Suite struct `maximum likelihood as a functor` {
    @Test(arguments: [MeanFamily.gaussian(variance: 1), .gaussian(variance: 0.3), .bernoulli, .poisson, .exponential])
    func `gives learners that climb the log-density`(family: MeanFamily) {
        var random = Random(seed: 4)
        let inputs = (0..<5).map { _ in [random.normal(), random.normal()] }
        let model = kernel(family, (0..<6).map { _ in 0.5 * random.normal() })
        #expect(checkGradient(model, inputs: inputs, using: &random) == [])
        func draws<M: ParametricKernel>(_ model: M) -> [Pair<M.Input, M.Output>] where M.Input == [Double] {
            inputs.map { Pair($0, model.sample($0, using: &random)) }
        }
        #expect(checkMaximumLikelihood(model, data: draws(model)) == [])
        let other = kernel(family, (0..<6).map { _ in 0.5 * random.normal() })
        #expect(checkMaximumLikelihood(JointKernel(model, other), data: draws(JointKernel(model, other))) == [])
        let beside = inputs.map { x in
            Pair(Pair(x, x), (model *** other).sample(Pair(x, x), using: &random))
        }
        #expect(checkMaximumLikelihood(model *** other, data: beside) == [])
    }

    @Test(arguments: [MeanFamily.gaussian(variance: 0.3), .bernoulli, .poisson, .exponential])
    func `takes means that are taken on to learners that follow one another`(family: MeanFamily) throws {
        var random = Random(seed: 5)
        let (one, two) = (
            kernel(family, (0..<6).map { _ in 0.5 * random.normal() }),
            kernel(family, (0..<6).map { _ in 0.5 * random.normal() })
        )
        let whole = try one.meansThen(two)
        let parts = one.learner(rate: 0.125) >>> two.learner(rate: 0.125)
        for _ in 0..<20 {
            let x = one.map(one.parameters, [random.normal(), random.normal()])
            let y = whole.sample(x, using: &random)
            let climbed = zip(whole.parameters, whole.gradient(of: y, given: x)).map { $0 + 0.125 * $1 }
            let next = parts.update(Pair(one.parameters, two.parameters), x, toward: y)
            let size = climbed.reduce(1) { max($0, abs($1)) }
            for (left, right) in zip(climbed, next.first + next.second) { #expect(abs(left - right) <= 1e-12 * size) }
        }
        #expect(
            checkMaximumLikelihood(whole, data: [Pair([0.2, 0.4], whole.sample([0.2, 0.4], using: &random))]) == [])
    }

    @Test func `is rejected for a learner that climbs something else`() {
        let model = kernel(.bernoulli, [0.5, -0.25])
        let other = Misled(base: model)
        let data = [Pair([0.5, 1.0], [0.0, 1.0])]
        #expect(checkMaximumLikelihood(model, data: data) == [])
        #expect(
            Set(checkMaximumLikelihood(other, data: data).map(\.law)) == ["a lesson is a step up the log-density"])
    }

    @Test func `asks for kernels with the same noise`() {
        let (one, two) = (kernel(.poisson, [0]), kernel(.bernoulli, [0]))
        #expect(throws: SmoothMapError.differentNoise(first: "poisson", second: "bernoulli")) { try one.meansThen(two) }
        let narrow = MeanKernel(AffineMap(inputs: 1, outputs: 1), family: .poisson, parameters: [0, 1])
        #expect(throws: SmoothMapError.wrongCount(what: "the first kernel's output", found: 2, expected: "1")) {
            try one.meansThen(narrow)
        }
    }
}

@Suite struct `noise around a mean` {
    @Test func `has densities that samples follow`() {
        var random = Random(seed: 6)
        func one(_ family: MeanFamily, _ mean: Double) -> MeanKernel<AffineMap> {
            MeanKernel(AffineMap(inputs: 0, outputs: 1), family: family, parameters: [mean])
        }
        #expect(checkKernel(one(.bernoulli, 0.3), inputs: [[]], outputs: [[0], [1]], using: &random) == [])
        let counts = (0...60).map { [Double($0)] }
        #expect(checkKernel(one(.poisson, 3.5), inputs: [[]], outputs: counts, using: &random) == [])
        #expect(
            checkKernel(Single(base: one(.gaussian(variance: 0.5), 1)), inputs: [0], range: -6...8, using: &random)
                == [])
        // The density jumps at 0, where the range begins.
        #expect(checkKernel(Single(base: one(.exponential, 2)), inputs: [0], range: 0...80, using: &random) == [])
    }

    @Test func `has the score that its variance function says`() {
        let cases: [(MeanFamily, Double, Double)] = [
            (.gaussian(variance: 2), 0.3, 1.5), (.bernoulli, 0.3, 1), (.bernoulli, 0.3, 0), (.poisson, 2.5, 4),
            (.exponential, 1.5, 0.4),
        ]
        for (family, mean, value) in cases {
            let step = 1e-5
            let slope =
                (family.logDensity(of: value, mean: mean + step) - family.logDensity(of: value, mean: mean - step))
                / (2 * step)
            #expect(abs(family.score(of: value, mean: mean) - slope) < 1e-7, "\(family)")
        }
        #expect(MeanFamily.bernoulli.score(of: 1, mean: 1) == 0)
    }

    @Test func `makes impossible what it doesn't have`() {
        #expect(MeanFamily.poisson.logDensity(of: 1.5, mean: 2) == -.infinity)
        #expect(MeanFamily.poisson.logDensity(of: 1, mean: -2) == -.infinity)
        #expect(MeanFamily.bernoulli.logDensity(of: 0.5, mean: 0.5) == -.infinity)
        #expect(MeanFamily.bernoulli.logDensity(of: 1, mean: 0) == -.infinity)
        #expect(MeanFamily.exponential.logDensity(of: -1, mean: 1) == -.infinity)
        #expect(MeanFamily.gaussian(variance: -1).logDensity(of: 0, mean: 0) == -.infinity)
        #expect(MeanFamily.gaussian(variance: 1).logDensity(of: .nan, mean: 0) == -.infinity)
        #expect(!MeanFamily.poisson.allows(mean: .nan))
    }
}

/// A layer of two means in the range of the family; parameters are repeated to six.
private func kernel(
    _ family: MeanFamily, _ parameters: [Double]
) -> MeanKernel<SmoothSequence<SmoothSequence<AffineMap, ElementwiseMap>, ElementwiseMap>> {
    let range: ElementaryFunction =
        switch family {
        case .gaussian: .sine
        case .bernoulli: .logistic
        case .poisson, .exponential: .exponential
        }
    let map =
        AffineMap(inputs: 2, outputs: 2) >>> ElementwiseMap(.hyperbolicTangent, count: 2)
        >>> ElementwiseMap(range, count: 2)
    return MeanKernel(map, family: family, parameters: (0..<6).map { parameters[$0 % parameters.count] })
}

/// Draws from a model whose input is a number.
private func sampled<M: ParametricKernel>(_ model: M, _ count: Int, seed: UInt64) -> [Pair<Double, M.Output>]
where M.Input == Double {
    var random = Random(seed: seed)
    return (0..<count).map { _ in
        let x = random.normal()
        return Pair(x, model.sample(x, using: &random))
    }
}

/// A kernel of one number as one on numbers.
private struct Single: DensityKernel {
    var base: MeanKernel<AffineMap>
    func sample(_ input: Int, using random: inout Random) -> Double { base.sample([], using: &random)[0] }
    func logDensity(of output: Double, given input: Int) -> Double { base.logDensity(of: [output], given: []) }
}

/// A model whose learner takes its noise for Gaussian.
private struct Misled: MaximumLikelihoodModel {
    typealias Map = SmoothSequence<SmoothSequence<AffineMap, ElementwiseMap>, ElementwiseMap>
    var base: MeanKernel<Map>
    func sample(_ input: [Double], using random: inout Random) -> [Double] { base.sample(input, using: &random) }
    func logDensity(of output: [Double], given input: [Double]) -> Double { base.logDensity(of: output, given: input) }
    var parameterCount: Int { base.parameterCount }
    var parameters: [Double] { base.parameters }
    func with(parameters: [Double]) -> Misled { Misled(base: base.with(parameters: parameters)) }
    func addGradient(
        of output: [Double], given input: [Double], scale: Double, to gradient: inout [Double], at offset: Int
    ) {
        base.addGradient(of: output, given: input, scale: scale, to: &gradient, at: offset)
    }
    func learner(rate: Double) -> GradientLearner<Map> { GradientLearner(base.map, rate: rate) }
    var learnerParameters: [Double] { parameters }
    func with(learnerParameters: [Double]) -> Misled { with(parameters: learnerParameters) }
}

/// A line on the last of two numbers.
private struct LastOf: ParametricKernel {
    var line: LinearGaussianKernel
    func sample(_ input: Pair<Double, Double>, using random: inout Random) -> Double {
        line.sample(input.second, using: &random)
    }
    func logDensity(of output: Double, given input: Pair<Double, Double>) -> Double {
        line.logDensity(of: output, given: input.second)
    }
    var parameterCount: Int { line.parameterCount }
    var parameters: [Double] { line.parameters }
    func with(parameters: [Double]) -> LastOf { LastOf(line: line.with(parameters: parameters)) }
    func addGradient(
        of output: Double, given input: Pair<Double, Double>, scale: Double, to gradient: inout [Double], at offset: Int
    ) {
        line.addGradient(of: output, given: input.second, scale: scale, to: &gradient, at: offset)
    }
}
