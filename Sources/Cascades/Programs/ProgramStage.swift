public import Probability

/// A program as a stage: it answers with a run under the prior.
///
/// Its answers cost what the stages that it asked took. To answer under the posterior, give the program of an inference.
public struct ProgramStage<Input: Sendable, Output: Sendable>: Stage {
    public let name: String
    /// The program that answers.
    public let program: Program<Input, Output>
    private let root: Random
    private let calls = CallCounter()

    public var evidenceNames: [String] { [] }

    /// `program` as the stage `name`; calls made outside a cascade draw from the streams of `seed`.
    public init(_ name: String, _ program: Program<Input, Output>, seed: UInt64) {
        self.name = name
        self.program = program
        root = Random(seed: seed)
    }

    public func answer(_ input: Input) async throws -> Answer<Output> {
        var random = root.split(calls.next())
        return try await answer(input, using: &random)
    }

    public func run(_ input: Input, using random: inout Random) async throws -> Run<Output> {
        Run(try await answer(input, using: &random))
    }

    private func answer(_ input: Input, using random: inout Random) async throws -> Answer<Output> {
        let scope = Scope(random: random)
        defer { random = scope.random }
        let output = try await program.run(in: scope, input)
        return Answer(output, cost: scope.cost)
    }
}

/// A program of kernels as a kernel: it draws from the program's prior.
public struct ProgramKernel<Input: Sendable, Output: Sendable>: Kernel {
    /// The program that draws.
    public let program: Program<Input, Output>

    /// `program` as a kernel.
    /// - Throws: ``ProgramError/needsAwait(address:)`` where it asks stages.
    public init(_ program: Program<Input, Output>) throws(ProgramError) {
        if program.isAsynchronous { throw .needsAwait(address: nil) }
        self.program = program
    }

    /// A run of the program. A program that throws is a programmer's mistake here; run it itself to get its error.
    public func sample(_ input: Input, using random: inout Random) -> Output {
        do {
            return try program.simulate(input, using: &random)
        } catch {
            preconditionFailure("a program used as a kernel threw an error: \(error)")
        }
    }
}
