public import Probability

/// What a program acts through: it draws, asks, observes and weighs, each at an address of its own.
///
/// Who interprets it (a simulation, a replay, a sampler that conditions, an enumeration) is behind
/// ``ScopeInterpreter`` and can't be seen from the program. One scope serves one run.
public final class Scope {
    // Kernels, which get the chance of the run in place, can't reach the scope: no access can overlap another.
    /// The chance of the run.
    @exclusivity(unchecked) @usableFromInline var random: Random
    @usableFromInline let interpreter: (any ScopeInterpreter)?
    @usableFromInline let needs: ScopeNeeds
    @exclusivity(unchecked) @usableFromInline var claimed: ClaimedAddresses
    /// What all addresses are in at present.
    @exclusivity(unchecked) @usableFromInline var prefix: AddressNode?
    /// The error that ended the run; a program that catches it gets it again at once.
    @exclusivity(unchecked) @usableFromInline var halt: (any Error)?
    let meter: BudgetMeter?
    /// What this history took, remembered answers included.
    public internal(set) var cost = Cost.zero
    /// What this run took: remembered answers are free.
    public internal(set) var spent = Cost.zero

    /// A scope that draws from `random`.
    /// - Parameters:
    ///   - interpreter: what interprets the run; without one the run is a simulation, and weights have no effect.
    ///   - needs: what the interpreter takes part in.
    ///   - meter: what the run may spend.
    ///   - expected: how many addresses the run is likely to use; more is fine.
    public init(
        random: Random, interpreter: (any ScopeInterpreter)? = nil, needs: ScopeNeeds = [], meter: BudgetMeter? = nil,
        expected: Int = 0
    ) {
        precondition(interpreter != nil || needs.isEmpty, "needs are an interpreter's")
        self.random = random
        claimed = ClaimedAddresses(expected: expected)
        self.interpreter = interpreter
        self.needs = needs
        self.meter = meter
    }

    deinit { claimed.deallocate() }

    /// Ends the run with `error`: whatever the program does with it, nothing more happens in this scope.
    @usableFromInline
    func stop(_ error: any Error) -> any Error {
        if halt == nil { halt = error }
        return error
    }

    /// The hash of `address` as seen from outside, which from now on is used.
    @inlinable @inline(__always)
    func claim(_ address: Address) throws -> UInt64 {
        if let halt { throw halt }
        let hash = address.hash(under: prefix)
        if !claimed.insert(hash) { throw stop(ProgramError.duplicateAddress(absolute(address))) }
        return hash
    }

    /// `address` as seen from outside.
    @usableFromInline
    func absolute(_ address: Address) -> Address { prefix.map(address.under) ?? address }

    /// Runs `body` with all its addresses inside `address`: the body of a loop, a part of a model.
    ///
    ///     for t in 0..<10 { try scope.nested(.at("step", t)) { x = try scope.sample("x", walk, x) } }
    @inlinable
    public func nested<Result>(_ address: Address, _ body: () throws -> Result) rethrows -> Result {
        let outer = prefix
        prefix = AddressNode(absolute(address))
        defer { prefix = outer }
        return try body()
    }

    /// Runs `body` with all its addresses inside `address`.
    public func nested<Result>(_ address: Address, _ body: () async throws -> Result) async rethrows -> Result {
        let outer = prefix
        prefix = AddressNode(absolute(address))
        defer { prefix = outer }
        return try await body()
    }

    /// Runs `program` as a part of this one, its addresses inside `address`.
    /// - Throws: ``ProgramError/needsAwait(address:)`` where it asks stages; also what it throws.
    public func call<Input, Output>(
        _ address: Address, _ program: Program<Input, Output>, _ input: Input
    ) throws -> Output {
        guard case .immediate(let body) = program.body else {
            throw stop(ProgramError.needsAwait(address: absolute(address)))
        }
        return try nested(address) { try body(self, input) }
    }

    /// Runs `program` as a part of this one, its addresses inside `address`.
    public func call<Input, Output>(
        _ address: Address, _ program: Program<Input, Output>, _ input: Input
    ) async throws -> Output {
        switch program.body {
        case .immediate(let body): return try nested(address) { () throws -> Output in try body(self, input) }
        case .suspending(let body):
            let outer = prefix
            prefix = AddressNode(absolute(address))
            defer { prefix = outer }
            return try await body(self, input)
        }
    }

    /// Notes that the program itself took `cost` (its own arithmetic, a lookup), which counts in the budget.
    public func spend(_ address: Address, _ cost: Cost) throws {
        if let halt { throw halt }
        do { try meter?.admit(absolute(address)) } catch { throw stop(error) }
        record(cost, isSpent: true)
    }

    func record(_ cost: Cost, isSpent: Bool) {
        self.cost += cost
        if isSpent { spend(cost) }
    }

    /// Counts what no answer of this history took.
    func spend(_ cost: Cost) {
        spent += cost
        meter?.spend(cost)
    }
}

/// Scopes belong to one run at a time.
@available(*, unavailable)
extension Scope: Sendable {}
