public import Probability

/// Both kernels side by side, each on its part of the input.
@inlinable
public func *** <First: Kernel, Second: Kernel>(_ first: First, _ second: Second) -> ProductKernel<First, Second> {
    ProductKernel(first, second)
}

/// Two kernels side by side, independent given the input.
///
///     ln p(y1, y2 | x1, x2) = ln p1(y1 | x1) + ln p2(y2 | x2)
///
/// Parameters are the first kernel's, then the second's.
public struct ProductKernel<First: Kernel, Second: Kernel>: Kernel {
    /// What runs on the first part.
    public var first: First
    /// What runs on the second part.
    public var second: Second

    /// `first` beside `second`.
    @inlinable
    public init(_ first: First, _ second: Second) {
        self.first = first
        self.second = second
    }

    @inlinable
    public func sample(
        _ input: Pair<First.Input, Second.Input>, using random: inout Random
    ) -> Pair<First.Output, Second.Output> {
        let left = first.sample(input.first, using: &random)
        return Pair(left, second.sample(input.second, using: &random))
    }
}

extension ProductKernel: DensityKernel where First: DensityKernel, Second: DensityKernel {
    @inlinable
    public func logDensity(
        of output: Pair<First.Output, Second.Output>, given input: Pair<First.Input, Second.Input>
    ) -> Double {
        first.logDensity(of: output.first, given: input.first)
            + second.logDensity(of: output.second, given: input.second)
    }
}

extension ProductKernel: ParametricKernel where First: ParametricKernel, Second: ParametricKernel {
    @inlinable public var parameterCount: Int { first.parameterCount + second.parameterCount }
    @inlinable public var parameters: [Double] { first.parameters + second.parameters }

    @inlinable
    public func with(parameters: [Double]) -> ProductKernel {
        let (head, tail) = split(parameters, first.parameterCount, second.parameterCount)
        return ProductKernel(first.with(parameters: head), second.with(parameters: tail))
    }

    @inlinable
    public func addGradient(
        of output: Pair<First.Output, Second.Output>, given input: Pair<First.Input, Second.Input>, scale: Double,
        to gradient: inout [Double], at offset: Int
    ) {
        first.addGradient(of: output.first, given: input.first, scale: scale, to: &gradient, at: offset)
        second.addGradient(
            of: output.second, given: input.second, scale: scale, to: &gradient, at: offset + first.parameterCount)
    }
}

extension ProductKernel: ChoiceKernel where First: ChoiceKernel, Second: ChoiceKernel {
    @inlinable
    public func choose<Source: ChoiceSource>(
        _ input: Pair<First.Input, Second.Input>, using source: inout Source
    ) throws(WeightError) -> Pair<First.Output, Second.Output> {
        let left = try first.choose(input.first, using: &source)
        return Pair(left, try second.choose(input.second, using: &source))
    }
}
