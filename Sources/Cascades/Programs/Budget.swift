import Synchronization

/// The most that a run, or all runs of an inference, may take. Checked before every question: since what an answer
/// takes is known only after it, a budget is exceeded by one answer at most.
public struct Budget: Sendable, Hashable {
    /// US dollars.
    public var money: Double
    /// Tokens read and written.
    public var tokens: Double
    /// Seconds, as the answers state them.
    public var seconds: Double
    /// Multiply-adds.
    public var operations: Double

    /// A budget; what is left out has no limit.
    public init(
        money: Double = .infinity, tokens: Double = .infinity, seconds: Double = .infinity,
        operations: Double = .infinity
    ) {
        self.money = money
        self.tokens = tokens
        self.seconds = seconds
        self.operations = operations
    }

    /// What can run out.
    public enum Resource: String, Sendable, CustomStringConvertible {
        case money, tokens, seconds, operations
        public var description: String { rawValue }
    }

    /// What of this budget is spent by `cost`, if anything.
    public func resource(spentBy cost: Cost) -> Resource? {
        if cost.money >= money { return .money }
        if cost.tokensIn + cost.tokensOut >= tokens { return .tokens }
        if cost.seconds >= seconds { return .seconds }
        if cost.operations >= operations { return .operations }
        return nil
    }
}

/// What is spent of a budget, shared by all runs under it.
public final class BudgetMeter: Sendable {
    /// The budget.
    public let budget: Budget
    private let total = Mutex(Cost.zero)

    /// Nothing spent yet of `budget`.
    public init(_ budget: Budget) { self.budget = budget }

    /// What was spent so far.
    public var spent: Cost { total.withLock { $0 } }

    /// What has run out, if anything.
    public var resource: Budget.Resource? { budget.resource(spentBy: spent) }

    /// - Throws: ``ProgramError/budgetSpent(address:resource:)`` where nothing is left for a question at `address`.
    func admit(_ address: Address) throws(ProgramError) {
        if let resource { throw .budgetSpent(address: address, resource: resource) }
    }

    func spend(_ cost: Cost) { total.withLock { $0 += cost } }
}
