public import Probability

/// A kernel that can list its outcomes, though it draws by other means.
public protocol FiniteKernel<Input, Output>: Kernel {
    /// Every outcome with its log-probability; nil where they are not finitely many.
    func outcomes(given input: Input) throws -> [Weighted<Output>]?
}

/// A stage that can list its outcomes, so that programs that ask it can be enumerated. Other stages are asked, and a
/// program's enumeration is exact given their answers.
public protocol FiniteStage<Input, Output>: Stage {
    /// Every outcome with its log-probability; nil where they are not finitely many.
    func outcomes(given input: Input) async throws -> ListedOutcomes<Output>?
}

/// Everything that a stage may answer.
public struct ListedOutcomes<Output: Sendable>: Sendable {
    /// Every outcome with its log-probability.
    public var runs: [Weighted<Run<Output>>]
    /// What it took to list them.
    public var cost: Cost

    /// These outcomes.
    public init(_ runs: [Weighted<Run<Output>>], cost: Cost = .zero) {
        self.runs = runs
        self.cost = cost
    }
}

extension DistributionKernel: FiniteKernel where Base: DiscreteDistribution {
    public func outcomes(given input: Input) throws -> [Weighted<Int>]? { finiteOutcomes(distribution(input)) }
}

extension KernelStage: FiniteStage {
    public func outcomes(given input: Base.Input) throws -> ListedOutcomes<Base.Output>? {
        guard let all = try finiteOutcomes(kernel, input) else { return nil }
        return ListedOutcomes(
            try all.map { Weighted(Run(try answer($0.value, to: input)), logWeight: $0.logWeight) })
    }
}

/// A support beyond this is not walked.
private let largestSupport = 1 << 20

/// The values that `distribution` can take; nil where they are not finitely many.
@usableFromInline
func finiteOutcomes<D: DiscreteDistribution>(_ distribution: D) -> [Weighted<Int>]? {
    let support = distribution.support
    guard support.upperBound < Int.max,
        support.upperBound.subtractingReportingOverflow(support.lowerBound).partialValue < largestSupport
    else { return nil }
    return support.compactMap { value in
        let density = distribution.logDensity(value)
        return density > -.infinity ? Weighted(value, logWeight: density) : nil
    }
}

/// The outcomes of `kernel` given `input`; nil where it can't list them.
@usableFromInline
func finiteOutcomes<K: Kernel>(_ kernel: K, _ input: K.Input) throws -> [Weighted<K.Output>]? {
    if let finite = kernel as? any FiniteKernel<K.Input, K.Output> { return try finite.outcomes(given: input) }
    if let choosing = kernel as? any ChoiceKernel<K.Input, K.Output> { return try choosing.paths(given: input) }
    return nil
}
