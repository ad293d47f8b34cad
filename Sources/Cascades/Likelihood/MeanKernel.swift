public import Probability

/// A smooth map with noise: each output is drawn, alone, from a family with the map's output as mean.
///
///     ln p(y | x) = sum_j ln p(y_j | mean f_j(θ, x))
///
/// Where the map gives a mean that the family doesn't have, every output is impossible.
public struct MeanKernel<Map: SmoothMap>: ParametricKernel {
    public typealias Input = [Double]
    public typealias Output = [Double]

    /// Gives the means.
    public var map: Map
    /// The noise.
    public var family: MeanFamily
    /// The map's parameters, `[parameterCount]`.
    public let parameters: [Double]

    /// `map` with `parameters` and the noise of `family`.
    @inlinable
    public init(_ map: Map, family: MeanFamily, parameters: [Double]) {
        precondition(parameters.count == map.parameterCount, "a kernel has its map's parameters")
        self.map = map
        self.family = family
        self.parameters = parameters
    }

    /// This kernel's means, taken on by `next`: noise comes at the end only.
    ///
    /// The composition under which ``MaximumLikelihoodModel/learner(rate:)`` is a functor to learners with `>>>`; with
    /// noise in the middle there is ``SequenceKernel/joint``.
    /// - Throws: `SmoothMapError` where the two have different noise, or their counts don't fit.
    @inlinable
    public func meansThen<Next>(
        _ next: MeanKernel<Next>
    ) throws(SmoothMapError) -> MeanKernel<SmoothSequence<Map, Next>> {
        guard map.outputCount == next.map.inputCount else {
            throw .wrongCount(
                what: "the first kernel's output", found: map.outputCount, expected: "\(next.map.inputCount)")
        }
        guard family == next.family else { throw .differentNoise(first: "\(family)", second: "\(next.family)") }
        return MeanKernel<SmoothSequence<Map, Next>>(
            map >>> next.map, family: family, parameters: parameters + next.parameters)
    }

    @inlinable public var parameterCount: Int { parameters.count }

    @inlinable
    public func with(parameters: [Double]) -> MeanKernel { MeanKernel(map, family: family, parameters: parameters) }

    /// Draws from the family. A mean that the family doesn't have is a programmer's mistake and stops here.
    public func sample(_ input: [Double], using random: inout Random) -> [Double] {
        map(parameters, input).map { mean in
            precondition(family.allows(mean: mean), "a map gave the mean \(mean), which its family doesn't have")
            return family.sample(mean: mean, using: &random)
        }
    }

    @inlinable
    public func logDensity(of output: [Double], given input: [Double]) -> Double {
        let means = map(parameters, input)
        if output.count != means.count { return -.infinity }
        var total = 0.0
        for index in means.indices { total += family.logDensity(of: output[index], mean: means[index]) }
        return total
    }

    @inlinable
    public func addGradient(
        of output: [Double], given input: [Double], scale: Double, to gradient: inout [Double], at offset: Int
    ) {
        let means = map(parameters, input)
        precondition(output.count == means.count, "an output has as many numbers as there are means")
        let errors = means.indices.map { scale * family.score(of: output[$0], mean: means[$0]) }
        _ = map.pullback(
            errors.span, parameters: parameters.span, input: input.span, addingTo: &gradient, at: offset)
    }
}
