public import Probability

/// What can go wrong when a program runs.
public enum ProgramError: Error, Equatable, Sendable {
    /// Two choices, observations or factors of one run have the same address.
    case duplicateAddress(Address)
    /// A factor or the density of an observation is `NaN` or +infinity.
    case badWeight(address: Address, value: Double)
    /// The density of a choice is `NaN` or +infinity.
    case badDensity(address: Address, value: Double)
    /// A kernel offered weights that can't be chosen from.
    case badChoice(address: Address, reason: WeightError)
    /// A choice that has no finite list of outcomes was to be enumerated.
    case notEnumerable(address: Address, kernel: String)
    /// The program does not make the choice that a trace holds.
    case traceMismatch(address: Address, expected: String, found: String)
    /// A program that asks stages was run without `await`.
    case needsAwait(address: Address?)
    /// A stage threw an error.
    case stageFailed(address: Address, stage: String, failure: StageFailure)
    /// A stage was asked for an answer and gave none.
    case abstained(address: Address, stage: String)
    /// The budget is spent.
    case budgetSpent(address: Address, resource: Budget.Resource)
}

extension ProgramError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .duplicateAddress(let address):
            "two choices have the address \(address). Index the address in a loop, or nest it."
        case .badWeight(let address, let value):
            "the log-weight at \(address) is \(value): expected a finite number, or -inf for what is impossible."
        case .badDensity(let address, let value):
            "the log-density at \(address) is \(value): expected a finite number, or -inf for what is impossible."
        case .badChoice(let address, let reason): "the choice at \(address) can't be made: \(reason)."
        case .notEnumerable(let address, let kernel):
            "the choice at \(address) can't be enumerated: \(kernel) has no finite list of outcomes. "
                + "Use a ChoiceKernel, a discrete distribution of finite support, or a method that samples."
        case .traceMismatch(let address, let expected, let found):
            "the trace does not fit at \(address): expected \(expected), found \(found). "
                + "Replay it with the program and input that it was recorded with."
        case .needsAwait(let address):
            "a program that asks stages" + (address.map { " is called at \($0)" } ?? "")
                + ": it must be run with `await`."
        case .stageFailed(let address, let stage, let failure): "stage '\(stage)' failed at \(address): \(failure)"
        case .abstained(let address, let stage):
            "stage '\(stage)' abstained at \(address). Use `consult` to get abstentions as values."
        case .budgetSpent(let address, let resource): "the budget's \(resource) ran out before \(address)."
        }
    }
}
