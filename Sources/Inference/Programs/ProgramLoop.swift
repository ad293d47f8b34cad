import Cascades
import NumericalMethods

/// Many runs of programs, and how they are carried out. Results are in the order of the indices, whatever ran when.
enum ProgramLoop {
    /// The results of `body` for `0 ..< count`: on all cores, or under a meter one after the other until it is spent.
    static func runs<Result: Sendable>(
        _ count: Int, meter: BudgetMeter?, _ body: @Sendable (Int) throws -> Result
    ) throws -> (results: [Result], stop: Budget.Resource?) {
        guard meter != nil else { return (try Parallel.map(count: count, minimumChunk: 4, transform: body), nil) }
        var results: [Result] = []
        for index in 0..<count {
            do {
                results.append(try body(index))
            } catch ProgramError.budgetSpent(_, let resource) { return (results, resource) }
        }
        return (results, nil)
    }

    /// The results of `body` for `0 ..< count`, at most `limit` at a time, begun in order.
    ///
    /// Under a meter they run one after the other: what an answer takes is known only after it. When one fails or the
    /// task is cancelled, the others are cancelled and waited for.
    static func runs<Result: Sendable>(
        _ count: Int, limit: Int, meter: BudgetMeter?, _ body: @escaping @Sendable (Int) async throws -> Result
    ) async throws -> (results: [Result], stop: Budget.Resource?) {
        if meter != nil || limit <= 1 {
            var results: [Result] = []
            for index in 0..<count {
                try Task.checkCancellation()
                do {
                    results.append(try await body(index))
                } catch ProgramError.budgetSpent(_, let resource) { return (results, resource) }
            }
            return (results, nil)
        }
        var results = [Result?](repeating: nil, count: count)
        try await withThrowingTaskGroup(of: (Int, Result).self) { group in
            var next = 0
            func begin() {
                guard next < count else { return }
                let index = next
                next += 1
                group.addTask {
                    try Task.checkCancellation()
                    return (index, try await body(index))
                }
            }
            for _ in 0..<limit { begin() }
            // The first error leaves the group, which cancels the others and waits for them.
            for try await (index, result) in group {
                results[index] = result
                begin()
            }
        }
        return (results.compactMap { $0 }, nil)
    }
}

/// Why an interpreter ended a run.
enum RunEnd: Error {
    /// Its weight is zero from here on.
    case impossible(Address)
    /// It was rejected.
    case rejected
    /// It waits for the others.
    case paused
    /// It is not worth following.
    case pruned
}

/// A run, whether or not it came to an end.
struct Execution<Output: Sendable>: Sendable {
    /// The output; nil when an interpreter ended the run.
    var output: Output?
    /// Where its weight became zero, if it did.
    var impossibleAt: Address?
    /// What this run took.
    var spent: Cost
    /// What its history took.
    var cost: Cost

    init(_ program: Program<some Sendable, Output>, end: RunEnd?, output: Output?, scope: Scope) {
        self.output = output
        if case .impossible(let address) = end { impossibleAt = address }
        spent = scope.spent
        cost = scope.cost
    }

    /// Runs `program` in `scope`.
    static func run<Input>(
        _ program: Program<Input, Output>, _ input: Input, in scope: Scope
    ) throws -> Execution<Output> {
        do {
            return Execution(program, end: nil, output: try program.run(in: scope, input), scope: scope)
        } catch let end as RunEnd {
            return Execution(program, end: end, output: nil, scope: scope)
        }
    }

    /// Runs `program` in `scope`.
    static func run<Input>(
        _ program: Program<Input, Output>, _ input: Input, in scope: Scope
    ) async throws -> Execution<Output> {
        do {
            return Execution(program, end: nil, output: try await program.run(in: scope, input), scope: scope)
        } catch let end as RunEnd {
            return Execution(program, end: end, output: nil, scope: scope)
        }
    }
}

/// - Throws: `InferenceError.improperParameter` unless `value` is at least `least`.
func requireCount(_ value: Int, _ name: String, least: Int = 1) throws(InferenceError) {
    guard value >= least else {
        throw .improperParameter(name: name, value: "\(value)", expected: "\(least) or more")
    }
}
