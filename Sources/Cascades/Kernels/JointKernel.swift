public import Probability

/// One kernel after another; gives what passed between them (`first`) along with the output (`second`).
///
///     ln p(m, y | x) = ln p1(m | x) + ln p2(y | m)
///
/// Parameters are the first kernel's, then the second's.
public struct JointKernel<First: Kernel, Second: Kernel>: Kernel where First.Output == Second.Input {
    /// What runs first.
    public var first: First
    /// What runs on its output.
    public var second: Second

    /// `first`, then `second`.
    @inlinable
    public init(_ first: First, _ second: Second) {
        self.first = first
        self.second = second
    }

    @inlinable
    public func sample(_ input: First.Input, using random: inout Random) -> Pair<First.Output, Second.Output> {
        let middle = first.sample(input, using: &random)
        return Pair(middle, second.sample(middle, using: &random))
    }
}

extension JointKernel: DensityKernel where First: DensityKernel, Second: DensityKernel {
    @inlinable
    public func logDensity(of output: Pair<First.Output, Second.Output>, given input: First.Input) -> Double {
        first.logDensity(of: output.first, given: input) + second.logDensity(of: output.second, given: output.first)
    }
}

extension JointKernel: ParametricKernel where First: ParametricKernel, Second: ParametricKernel {
    @inlinable public var parameterCount: Int { first.parameterCount + second.parameterCount }
    @inlinable public var parameters: [Double] { first.parameters + second.parameters }

    @inlinable
    public func with(parameters: [Double]) -> JointKernel {
        let (head, tail) = split(parameters, first.parameterCount, second.parameterCount)
        return JointKernel(first.with(parameters: head), second.with(parameters: tail))
    }

    @inlinable
    public func addGradient(
        of output: Pair<First.Output, Second.Output>, given input: First.Input, scale: Double,
        to gradient: inout [Double], at offset: Int
    ) {
        first.addGradient(of: output.first, given: input, scale: scale, to: &gradient, at: offset)
        second.addGradient(
            of: output.second, given: output.first, scale: scale, to: &gradient, at: offset + first.parameterCount)
    }
}

extension JointKernel: ChoiceKernel where First: ChoiceKernel, Second: ChoiceKernel {
    @inlinable
    public func choose<Source: ChoiceSource>(
        _ input: First.Input, using source: inout Source
    ) throws(WeightError) -> Pair<First.Output, Second.Output> {
        let middle = try first.choose(input, using: &source)
        return Pair(middle, try second.choose(middle, using: &source))
    }
}

/// `parameters` cut after `first` numbers; there must be `first + second`.
@usableFromInline
func split(_ parameters: [Double], _ first: Int, _ second: Int) -> ([Double], [Double]) {
    precondition(
        parameters.count == first + second,
        "a kernel has \(first + second) parameters and was given \(parameters.count)")
    return (Array(parameters[..<first]), Array(parameters[first...]))
}
