public import Probability

/// A stochastic map: given an input, a distribution over outputs, from which it samples.
///
/// Kernels are synchronous and meant for loops: keep them generic, not `any`. They compose with ``>>>(_:_:)``
/// (sequence), ``***(_:_:)`` (product), `mixed(by:)` (gate) and `traced(from:)` (feedback).
public protocol Kernel<Input, Output>: Sendable {
    associatedtype Input
    associatedtype Output

    /// An output drawn from the kernel's distribution given `input`.
    func sample(_ input: Input, using random: inout Random) -> Output
}

/// A kernel whose density can be computed.
public protocol DensityKernel<Input, Output>: Kernel {
    /// `ln p(output | input)` in nats, normalised: with respect to counting measure for discrete outputs and Lebesgue
    /// measure for continuous ones. −infinity where the output is impossible; never `NaN` for finite arguments.
    func logDensity(of output: Output, given input: Input) -> Double
}

/// A density kernel with parameters, differentiable in them.
public protocol ParametricKernel<Input, Output>: DensityKernel {
    /// How many parameters there are.
    var parameterCount: Int { get }

    /// The parameters, `[parameterCount]`, without constraints: every vector of finite numbers is legal.
    var parameters: [Double] { get }

    /// The same kernel with the parameters `parameters`, `[parameterCount]`.
    func with(parameters: [Double]) -> Self

    /// Adds `scale * d/dθ ln p(output | input)` to `gradient[offset ..< offset + parameterCount]`.
    ///
    /// Adding in place is what lets compositions give their parts' gradients without a temporary array.
    func addGradient(
        of output: Output, given input: Input, scale: Double, to gradient: inout [Double], at offset: Int)
}

extension ParametricKernel {
    /// `d/dθ ln p(output | input)`, `[parameterCount]`.
    @inlinable
    public func gradient(of output: Output, given input: Input) -> [Double] {
        var gradient = [Double](repeating: 0, count: parameterCount)
        addGradient(of: output, given: input, scale: 1, to: &gradient, at: 0)
        return gradient
    }
}

/// A kernel that draws only by choosing from finite lists (token, route, ancestor, arm).
///
/// All its chance comes from a ``ChoiceSource``: with a `Random` it samples, with an ``Enumerator`` every path that it
/// can take is walked exactly.
public protocol ChoiceKernel<Input, Output>: Kernel {
    /// An output, each choice on the way made by `source`.
    /// - Throws: `WeightError` where the kernel offers no possible choice or a weight is `NaN`.
    func choose<Source: ChoiceSource>(_ input: Input, using source: inout Source) throws(WeightError) -> Output
}

extension ChoiceKernel {
    /// An output chosen by `random`. A kernel that offers impossible weights is a programmer's mistake and stops here;
    /// call `choose` to get it as an error.
    @inlinable
    public func sample(_ input: Input, using random: inout Random) -> Output {
        do {
            return try choose(input, using: &random)
        } catch {
            preconditionFailure("a choice kernel offered weights that can't be chosen from: \(error)")
        }
    }

    /// Every path that the kernel can take on `input`, with its log-probability; the probabilities add up to 1.
    ///
    /// The same output may come by several paths. Exact; the number of paths is the product of the choices.
    @inlinable
    public func paths(given input: Input) throws(WeightError) -> [Weighted<Output>] {
        var enumerator = Enumerator()
        var paths: [Weighted<Output>] = []
        repeat {
            let output = try choose(input, using: &enumerator)
            paths.append(Weighted(output, logWeight: enumerator.logProbability))
        } while enumerator.advance()
        return paths
    }
}

/// A value and its log-weight in nats.
public struct Weighted<Value> {
    /// The value.
    public var value: Value
    /// The natural logarithm of its weight.
    public var logWeight: Double

    /// `value` with weight `exp(logWeight)`.
    @inlinable
    public init(_ value: Value, logWeight: Double) {
        self.value = value
        self.logWeight = logWeight
    }
}

extension Weighted: Sendable where Value: Sendable {}
extension Weighted: Equatable where Value: Equatable {}

/// Two values side by side: what a product kernel takes and gives.
public struct Pair<First, Second> {
    /// The first value.
    public var first: First
    /// The second value.
    public var second: Second

    /// A pair.
    @inlinable
    public init(_ first: First, _ second: Second) {
        self.first = first
        self.second = second
    }
}

extension Pair: Sendable where First: Sendable, Second: Sendable {}
extension Pair: Equatable where First: Equatable, Second: Equatable {}
extension Pair: Hashable where First: Hashable, Second: Hashable {}
extension Pair: Codable where First: Codable, Second: Codable {}
