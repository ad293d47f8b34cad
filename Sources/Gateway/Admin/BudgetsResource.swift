import Storage

/// `/admin/api/budgets`: every limit of every key that is good, with what was spent and is reserved of it now.
struct BudgetsResource: AdminResource {
    static let name = "budgets"

    let services: StoreServices
    let time: @Sendable () -> Double

    func read(_ call: AdminCall) async throws -> JSONTree {
        let now = time()
        let spending = try await services.store.ledger.spending(at: now)
        var budgets: [JSONTree] = []
        for key in try await services.store.keys.all() where key.isValid {
            for limit in key.limits {
                let start = limit.window.start(at: now)
                let account = LedgerRepository.Account(key: key.id, account: limit.account, window: start)
                guard case .object(let members) = KeyJSON.budget(limit, start, spending[account]) else { continue }
                budgets.append(
                    .object(
                        [JSONTree.Member("key", .string(key.id)), JSONTree.Member("name", .string(key.name))] + members
                    ))
            }
        }
        return ["object": "list", "data": .array(budgets)]
    }
}
