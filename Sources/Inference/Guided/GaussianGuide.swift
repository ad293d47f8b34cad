public import Cascades
public import NumericalMethods

/// A Gaussian transition y ~ N(f(x), Q): exact where f is linear, else guided by a linear stand-in.
public struct GaussianGuide: GuidedKernel {
    /// The transition that the backward map uses.
    public let auxiliary: GaussianTransition
    /// f, where it isn't the auxiliary's mean.
    public let mean: (@Sendable ([Double]) -> [Double])?
    let root: Matrix

    /// The linear transition itself; weights are 1.
    public init(_ transition: GaussianTransition) {
        auxiliary = transition
        mean = nil
        root = transition.root
    }

    /// N(`mean`(x), `covariance`) guided by `auxiliary`.
    /// - Parameters:
    ///   - mean: f; `[inputs]` to `[outputs]`.
    ///   - covariance: Q; nil for the auxiliary's.
    /// - Throws: `InferenceError.wrongShape`, `.improperParameter`.
    public init(
        mean: @escaping @Sendable ([Double]) -> [Double], covariance: Matrix? = nil, auxiliary: GaussianTransition
    ) throws {
        self.auxiliary = auxiliary
        self.mean = mean
        if let covariance, covariance.rows != auxiliary.offset.count || covariance.columns != auxiliary.offset.count {
            throw InferenceError.wrongShape(
                what: "the covariance", found: "\(covariance.rows) x \(covariance.columns)",
                expected: "\(auxiliary.offset.count) x \(auxiliary.offset.count)")
        }
        root = try covariance.map { try GaussianTransition.root(of: $0) } ?? auxiliary.root
    }

    /// The functions on both sides, and the noise tilted by the later one.
    public struct Message: Sendable {
        let before: CanonicalGaussian
        let after: CanonicalGaussian
        let noise: TiltedNoise
    }

    public var innovationCount: Int { root.columns }

    public func pullBack(_ after: CanonicalGaussian) throws -> PulledBack<CanonicalGaussian, Message> {
        let before = try auxiliary.pulledBack(after)
        return PulledBack(before, Message(before: before, after: after, noise: try TiltedNoise(root: root, after)))
    }

    public func push(_ input: [Double], _ message: Message, _ innovations: inout InnovationReader) -> Weighted<[Double]>
    {
        let centre = mean.map { $0(input) } ?? auxiliary.mean(input)
        var output = message.noise.mean(message.after, mean: centre)
        for column in 0..<message.noise.root.columns {
            let z = innovations.normal()
            for row in output.indices { output[row] += message.noise.root[row, column] * z }
        }
        let logWeight =
            mean == nil
            ? 0 : message.noise.logIntegral(message.after, mean: centre) - message.before.logValue(at: input)
        return Weighted(output, logWeight: logWeight)
    }
}
