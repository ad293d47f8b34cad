public import Probability

/// A probabilistic program: a closure that draws, asks, observes and weighs through a ``Scope``, with Swift's own
/// control flow in between, and with no idea who interprets it.
///
///     let coin = Program<Int, Bool> { scope, flips in
///         let isFair = try scope.flip("fair", 0.5)
///         let heads = try Bernoulli(probability: isFair ? 0.5 : 0.9)
///         for flip in 0..<flips { try scope.observe(.at("flip", flip), heads, 1) }
///         return isFair
///     }
///
/// All its chance and all its questions go through the scope: given what they gave, it does the same again. A program
/// whose closure is not `async` can't ask; it runs synchronously, at tens of nanoseconds a choice.
public struct Program<Input: Sendable, Output: Sendable>: Sendable {
    @usableFromInline
    enum Body: Sendable {
        case immediate(@Sendable (Scope, Input) throws -> Output)
        case suspending(@Sendable (Scope, Input) async throws -> Output)
    }

    @usableFromInline let body: Body

    /// A program of kernels.
    public init(_ body: @escaping @Sendable (Scope, Input) throws -> Output) { self.body = .immediate(body) }

    /// A program that asks stages.
    public init(_ body: @escaping @Sendable (Scope, Input) async throws -> Output) { self.body = .suspending(body) }

    /// Whether it must be run with `await`.
    public var isAsynchronous: Bool { if case .suspending = body { true } else { false } }

    /// Runs in `scope`.
    /// - Throws: ``ProgramError/needsAwait(address:)`` where it asks stages; also whatever ended the scope's run, even
    ///   where the program caught it.
    public func run(in scope: Scope, _ input: Input) throws -> Output {
        guard case .immediate(let body) = body else { throw ProgramError.needsAwait(address: nil) }
        let output: Output
        do { output = try body(scope, input) } catch { throw scope.halt ?? error }
        if let halt = scope.halt { throw halt }
        return output
    }

    /// Runs in `scope`.
    /// - Throws: also whatever ended the scope's run, even where the program caught it.
    public func run(in scope: Scope, _ input: Input) async throws -> Output {
        let output: Output
        do {
            switch body {
            case .immediate(let body): output = try body(scope, input)
            case .suspending(let body): output = try await body(scope, input)
            }
        } catch { throw scope.halt ?? error }
        if let halt = scope.halt { throw halt }
        return output
    }

    /// A run under the prior: observations and factors have no effect.
    public func simulate(_ input: Input, using random: inout Random) throws -> Output {
        let scope = Scope(random: random)
        defer { random = scope.random }
        return try run(in: scope, input)
    }

    /// A run under the prior: observations and factors have no effect.
    public func simulate(_ input: Input, using random: inout Random) async throws -> Output {
        let scope = Scope(random: random)
        defer { random = scope.random }
        return try await run(in: scope, input)
    }

    /// This program, then `next` on its output.
    public func then<Next>(_ next: Program<Output, Next>) -> Program<Input, Next> {
        let first = self
        if isAsynchronous || next.isAsynchronous {
            return Program<Input, Next> { scope, input in
                let middle = try await scope.call("first", first, input)
                return try await scope.call("second", next, middle)
            }
        }
        return Program<Input, Next> { scope, input throws in
            try scope.call("second", next, try scope.call("first", first, input))
        }
    }
}
