public import Probability

/// A kernel without chance: all probability on `body(input)`.
///
/// Its density is with respect to counting measure: 0 nats at the function's value and −infinity elsewhere.
public struct FunctionKernel<Input, Output>: Kernel {
    /// The function.
    public var body: @Sendable (Input) -> Output

    /// The kernel that gives `body(input)`.
    @inlinable
    public init(_ body: @escaping @Sendable (Input) -> Output) { self.body = body }

    @inlinable
    public func sample(_ input: Input, using random: inout Random) -> Output { body(input) }
}

extension FunctionKernel: DensityKernel where Output: Equatable {
    @inlinable
    public func logDensity(of output: Output, given input: Input) -> Double {
        body(input) == output ? 0 : -.infinity
    }
}

extension FunctionKernel: ChoiceKernel {
    @inlinable
    public func choose<Source: ChoiceSource>(
        _ input: Input, using source: inout Source
    ) throws(WeightError) -> Output { body(input) }
}

/// The kernel that gives its input: the unit of `>>>`.
public struct IdentityKernel<Value>: ChoiceKernel {
    public typealias Input = Value
    public typealias Output = Value

    /// The identity.
    @inlinable public init() {}

    @inlinable
    public func sample(_ input: Value, using random: inout Random) -> Value { input }

    @inlinable
    public func choose<Source: ChoiceSource>(_ input: Value, using source: inout Source) throws(WeightError) -> Value {
        input
    }
}

extension IdentityKernel: DensityKernel where Value: Equatable {
    @inlinable
    public func logDensity(of output: Value, given input: Value) -> Double { output == input ? 0 : -.infinity }
}
