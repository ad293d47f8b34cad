public import NumericalMethods
public import Probability

precedencegroup KernelSequencePrecedence {
    associativity: left
    lowerThan: AdditionPrecedence
    higherThan: RangeFormationPrecedence
}

precedencegroup KernelProductPrecedence {
    associativity: left
    higherThan: KernelSequencePrecedence
    lowerThan: AdditionPrecedence
}

infix operator >>> : KernelSequencePrecedence
infix operator *** : KernelProductPrecedence

/// `first`, then `second` on what it gave.
@inlinable
public func >>> <First: Kernel, Second: Kernel>(_ first: First, _ second: Second) -> SequenceKernel<First, Second>
where First.Output == Second.Input {
    SequenceKernel(first, second)
}

/// One kernel after another; what passes between them is forgotten.
///
///     p(y | x) = ∫ p2(y | m) p1(m | x) dm
///
/// The density needs the sum over all `m`: it is exact where `first` chooses from finitely many (its cost is one
/// density of `second` a path), and otherwise there is ``joint``, which keeps `m`.
/// Composition is associative; ``IdentityKernel`` is its unit.
public struct SequenceKernel<First: Kernel, Second: Kernel>: Kernel where First.Output == Second.Input {
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
    public func sample(_ input: First.Input, using random: inout Random) -> Second.Output {
        second.sample(first.sample(input, using: &random), using: &random)
    }

    /// The same kernel, which also gives what passed between the two.
    @inlinable
    public var joint: JointKernel<First, Second> { JointKernel(first, second) }
}

extension SequenceKernel: DensityKernel where First: ChoiceKernel, Second: DensityKernel {
    /// The exact marginal, by walking every path of the first kernel.
    @inlinable
    public func logDensity(of output: Second.Output, given input: First.Input) -> Double {
        var enumerator = Enumerator()
        var total = -Double.infinity
        repeat {
            do {
                let middle = try first.choose(input, using: &enumerator)
                total = logSumExp(total, enumerator.logProbability + second.logDensity(of: output, given: middle))
            } catch {
                preconditionFailure("a choice kernel offered weights that can't be chosen from: \(error)")
            }
        } while enumerator.advance()
        return total
    }
}

extension SequenceKernel: ChoiceKernel where First: ChoiceKernel, Second: ChoiceKernel {
    @inlinable
    public func choose<Source: ChoiceSource>(
        _ input: First.Input, using source: inout Source
    ) throws(WeightError) -> Second.Output {
        let middle = try first.choose(input, using: &source)
        return try second.choose(middle, using: &source)
    }
}
