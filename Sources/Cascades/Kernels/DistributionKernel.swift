public import Probability

/// A distribution as a kernel: chosen by the input, or always the same.
///
///     let normals = [try Normal(mean: 0, standardDeviation: 1), try Normal(mean: 3, standardDeviation: 2)]
///     let kernel = DistributionKernel { (index: Int) in normals[index] }
public struct DistributionKernel<Input, Base: Distribution>: DensityKernel {
    public typealias Output = Base.Value

    /// The distribution of the output given an input.
    public var distribution: @Sendable (Input) -> Base

    /// The kernel that draws from `distribution(input)`.
    @inlinable
    public init(_ distribution: @escaping @Sendable (Input) -> Base) { self.distribution = distribution }

    /// The kernel that draws from `distribution`, whatever its input.
    @inlinable
    public init(constant distribution: Base) { self.init { _ in distribution } }

    @inlinable
    public func sample(_ input: Input, using random: inout Random) -> Base.Value {
        distribution(input).sample(using: &random)
    }

    @inlinable
    public func logDensity(of output: Base.Value, given input: Input) -> Double {
        distribution(input).logDensity(output)
    }
}
