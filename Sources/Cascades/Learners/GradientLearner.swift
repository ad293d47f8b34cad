/// The learner of a smooth map: gradient descent on the error of its output, which is read as a mean.
///
///     E(θ, x, y) = sum_j e(f_j(θ, x), y_j),   e(m, y) = -ln p(y | mean m)
///     update:  θ - rate * dE/dθ
///     request: x_i - V(x_i) dE/dx_i,  where  de/dm = (m - y) / V(m)
///
/// The request inverts `de/dm` at the input, so that the next learner's error has there the gradient that this one's
/// has: hence `GradientLearner(f >>> g)` is `GradientLearner(f) >>> GradientLearner(g)`, and the same for `***`, for one
/// rate and one family. Gaussian with variance 1 is squared error.
/// Source: Fong, Spivak and Tuyéras (2019), "Backprop as functor"; with likelihoods: Shiebler (2021), "Categorical
/// stochastic processes and likelihood".
public struct GradientLearner<Map: SmoothMap>: OpenLearner {
    public typealias Parameters = [Double]
    public typealias Input = [Double]
    public typealias Output = [Double]

    /// What answers.
    public var map: Map
    /// Measures the error, of outputs and, by the request, of inputs.
    public var family: MeanFamily
    /// The step down the gradient.
    public var rate: Double

    /// The learner of `map`.
    @inlinable
    public init(_ map: Map, family: MeanFamily = .gaussian(variance: 1), rate: Double) {
        self.map = map
        self.family = family
        self.rate = rate
    }

    @inlinable
    public func implement(_ parameters: [Double], _ input: [Double]) -> [Double] { map(parameters, input) }

    @inlinable
    public func update(_ parameters: [Double], _ input: [Double], toward target: [Double]) -> [Double] {
        learn(parameters, input) { _ in target }.parameters
    }

    @inlinable
    public func request(_ parameters: [Double], _ input: [Double], toward target: [Double]) -> [Double] {
        learn(parameters, input) { _ in target }.request
    }

    @inlinable
    public func learn(
        _ parameters: [Double], _ input: [Double], in context: (_ output: [Double]) -> [Double]
    ) -> Lesson<[Double], [Double]> {
        let output = map(parameters, input)
        let target = context(output)
        precondition(target.count == output.count, "a target has as many numbers as the output")
        let errors = output.indices.map { -family.score(of: target[$0], mean: output[$0]) }
        let back = map.pullback(errors, parameters: parameters, input: input)
        return Lesson(
            parameters: parameters.indices.map { parameters[$0] - rate * back.first[$0] },
            request: input.indices.map { input[$0] - family.variance(at: input[$0]) * back.second[$0] })
    }

    /// The parameters after `passes` over the examples, in their order.
    /// - Throws: `SmoothMapError` where there are no examples, a count doesn't fit, or the parameters diverge.
    public func trained(
        _ parameters: [Double], on examples: [Pair<[Double], [Double]>], passes: Int
    ) throws(SmoothMapError) -> [Double] {
        precondition(parameters.count == map.parameterCount, "a learner was given a wrong number of parameters")
        if examples.isEmpty { throw .noData(what: "the list of examples") }
        for (index, example) in examples.enumerated() {
            if example.first.count != map.inputCount {
                throw .wrongCount(
                    what: "the input of example \(index)", found: example.first.count, expected: "\(map.inputCount)")
            }
            if example.second.count != map.outputCount {
                throw .wrongCount(
                    what: "the target of example \(index)", found: example.second.count,
                    expected: "\(map.outputCount)")
            }
        }
        var parameters = parameters
        for pass in 0..<passes {
            for (index, example) in examples.enumerated() {
                parameters = update(parameters, example.first, toward: example.second)
                if !parameters.allSatisfy(\.isFinite) {
                    throw .notFinite(what: "a parameter", place: "pass \(pass), example \(index)")
                }
            }
        }
        return parameters
    }
}
