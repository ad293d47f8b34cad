public import Probability
import Synchronization

/// A kernel as a stage: every kernel lifts.
///
///     let stage = KernelStage("guess", kernel, seed: 1)
///
/// In a cascade it draws from the request's stream. Asked directly, call `i` draws from stream `i` of its seed.
public struct KernelStage<Base: Kernel>: Stage where Base.Input: Sendable, Base.Output: Sendable {
    public let name: String
    public let evidenceNames: [String]
    /// The kernel that answers.
    public let kernel: Base

    private let score: (@Sendable (Base.Output, Base.Input) -> Double)?
    private let evidence: @Sendable (Base.Output, Base.Input) throws -> Evidence
    private let cost: @Sendable (Base.Output, Base.Input) -> Cost
    private let root: Random
    private let calls = CallCounter()

    /// `kernel` as the stage `name`.
    /// - Parameters:
    ///   - seed: seeds the streams of the calls made outside a cascade.
    ///   - evidenceNames: the names of what `evidence` gives.
    ///   - evidence: what the stage says of an output, given the input.
    ///   - cost: what an output took, given the input.
    public init(
        _ name: String, _ kernel: Base, seed: UInt64, evidenceNames: [String] = [],
        evidence: @escaping @Sendable (Base.Output, Base.Input) throws -> Evidence = { _, _ in [:] },
        cost: @escaping @Sendable (Base.Output, Base.Input) -> Cost = { _, _ in .zero }
    ) {
        self.init(name, kernel, seed, evidenceNames, evidence, cost, score: nil)
    }

    private init(
        _ name: String, _ kernel: Base, _ seed: UInt64, _ evidenceNames: [String],
        _ evidence: @escaping @Sendable (Base.Output, Base.Input) throws -> Evidence,
        _ cost: @escaping @Sendable (Base.Output, Base.Input) -> Cost,
        score: (@Sendable (Base.Output, Base.Input) -> Double)?
    ) {
        self.name = name
        self.kernel = kernel
        self.evidenceNames = evidenceNames
        self.evidence = evidence
        self.cost = cost
        self.score = score
        root = Random(seed: seed)
    }

    public func answer(_ input: Base.Input) async throws -> Answer<Base.Output> {
        var random = root.split(calls.next())
        return try answer(input, using: &random)
    }

    public func run(_ input: Base.Input, using random: inout Random) async throws -> Run<Base.Output> {
        Run(try answer(input, using: &random))
    }

    private func answer(_ input: Base.Input, using random: inout Random) throws -> Answer<Base.Output> {
        try answer(kernel.sample(input, using: &random), to: input)
    }

    /// The answer with the output `output`.
    func answer(_ output: Base.Output, to input: Base.Input) throws -> Answer<Base.Output> {
        Answer(
            output, evidence: try evidence(output, input), cost: cost(output, input), logScore: score?(output, input))
    }
}

extension KernelStage where Base: DensityKernel {
    /// `kernel` as the stage `name`; its answers know their log-density.
    public init(
        _ name: String, _ kernel: Base, seed: UInt64, evidenceNames: [String] = [],
        evidence: @escaping @Sendable (Base.Output, Base.Input) throws -> Evidence = { _, _ in [:] },
        cost: @escaping @Sendable (Base.Output, Base.Input) -> Cost = { _, _ in .zero }
    ) {
        self.init(
            name, kernel, seed, evidenceNames, evidence, cost, score: { kernel.logDensity(of: $0, given: $1) })
    }
}

/// Numbers the calls of a stage or cascade and its copies.
final class CallCounter: Sendable {
    private let count = Atomic<UInt64>(0)
    func next() -> UInt64 { count.wrappingAdd(1, ordering: .relaxed).oldValue }
}
