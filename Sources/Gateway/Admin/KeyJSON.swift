import Storage

/// Keys and budgets as JSON. No secret is in it, nor a hash of one.
enum KeyJSON {
    /// What is told of `key`, with the spending of the windows of `now`.
    static func object(
        _ key: KeyRecord, _ spending: [LedgerRepository.Account: LeaseAnswer], at now: Double
    ) -> JSONTree {
        [
            "id": .string(key.id), "prefix": .string(key.prefix), "name": .string(key.name),
            "roles": .array(key.roles.map(\.rawValue).sorted().map { .string($0) }),
            "models": .array(key.models.map { .string($0) }), "created": .number(key.created),
            "revoked": key.revoked.map { .number($0) } ?? .null,
            "limits": .array(
                key.limits.map { limit in
                    let start = limit.window.start(at: now)
                    let account = LedgerRepository.Account(key: key.id, account: limit.account, window: start)
                    return budget(limit, start, spending[account])
                }),
        ]
    }

    /// A limit and what was spent of it, in dollars, tokens or requests.
    static func budget(_ limit: Limit, _ start: Int64, _ spent: LeaseAnswer?) -> JSONTree {
        [
            "limit": .string(limit.description), "measure": .string(limit.measure.rawValue),
            "window": .string(limit.window.rawValue), "amount": amount(limit.amount, limit),
            "spent": amount(spent?.settled ?? 0, limit), "reserved": amount(spent?.outstanding ?? 0, limit),
            "since": .number(Double(start)),
            "until": limit.window.end(of: start).map { .number(Double($0)) } ?? .null,
        ]
    }

    private static func amount(_ amount: Int64, _ limit: Limit) -> JSONTree {
        .number(limit.measure == .money ? Double(amount) / 1e9 : Double(amount))
    }
}
