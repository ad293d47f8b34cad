import Synchronization

/// The limits of one key in this gateway: a ``BudgetMachine`` behind a lock.
public final class KeyBudget: Sendable {
    private struct State {
        var machine: BudgetMachine
        /// What asks the ledger just now; others wait for it instead of asking too.
        var asking: Task<BudgetKeeper.Asked, Never>?
    }

    /// The key.
    public let key: String
    private let state: Mutex<State>

    init(key: String, limits: [Limit], holder: String) {
        self.key = key
        state = Mutex(State(machine: BudgetMachine(key: key, limits: limits, holder: holder)))
    }

    func with<Result: Sendable>(_ body: (inout BudgetMachine) -> Result) -> Result {
        state.withLock { body(&$0.machine) }
    }

    /// Runs `ask` unless it runs already, and says how it went.
    func ask(_ ask: @escaping @Sendable () async -> BudgetKeeper.Asked) async -> BudgetKeeper.Asked {
        let task = state.withLock { state in
            if let asking = state.asking { return asking }
            let task = Task {
                let asked = await ask()
                self.state.withLock { $0.asking = nil }
                return asked
            }
            state.asking = task
            return task
        }
        return await task.value
    }
}
