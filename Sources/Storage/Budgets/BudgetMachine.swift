/// The limits of one key in one gateway: a pure state machine. It never waits and never asks; it says what to ask.
struct BudgetMachine: Sendable {
    /// The key.
    let key: String
    /// The limits.
    private(set) var limits: [Limit]
    /// The name under which this gateway holds its leases. Another name: everything held under the old one is gone.
    private(set) var holder: String
    /// The limits, and behind them those that were taken away while something was held of them.
    private(set) var held: [Limit]
    /// By limit of ``held``: the accounts that are not yet empty, the current window's last.
    private(set) var accounts: [[BudgetAccount]]

    /// What to do about a request.
    enum Decision: Sendable {
        /// It may go on.
        case reserved(Reservation)
        /// The ledger must be asked first.
        case lease(LeaseRequest)
        /// It may not.
        case refused(BudgetError)
    }

    init(key: String, limits: [Limit], holder: String) {
        self.key = key
        self.limits = limits
        self.holder = holder
        held = limits
        accounts = limits.map { _ in [] }
    }

    /// Reserves `usage`, of all limits or of none.
    /// - Parameters:
    ///   - time: the time, in seconds since 1970.
    ///   - instant: the gateway's own clock, in seconds.
    ///   - leasesHold: whether what is held may be spent; it may not where others may have taken this gateway for dead.
    ///   - emergency: whether the ledger can't be asked, so that allowances for that case count.
    mutating func reserve(
        _ usage: Usage, time: Double, instant: Double, leasesHold: Bool = true, emergency: Bool = false
    ) -> Decision {
        var fromEmergency: UInt64 = 0
        for index in limits.indices {
            let limit = limits[index]
            let amount = usage[limit.measure]
            if amount == 0 { continue }
            let window = limit.window.start(at: time)
            if amount > limit.amount { return .refused(.tooLarge(limit, asked: amount)) }
            let place = current(index, window)
            let account = accounts[index][place]
            let missing = leasesHold ? amount - account.free : amount
            if missing <= 0 { continue }
            if emergency, account.emergency >= amount {
                fromEmergency |= 1 << UInt64(index)
                continue
            }
            if let refusal = account.refusal, missing > refusal.available, instant < refusal.until {
                return .refused(Self.error(limit, window, refusal.answer, time: time))
            }
            return .lease(LeaseRequest(key: key, limit: limit, window: window, need: missing))
        }
        var parts: [Reservation.Part] = []
        parts.reserveCapacity(limits.count)
        for index in limits.indices {
            let limit = limits[index]
            // What needs nothing now may still spend: a request whose tokens were not known beforehand.
            let amount = usage[limit.measure]
            let window = limit.window.start(at: time)
            let place = current(index, window)
            let isEmergency = fromEmergency >> UInt64(index) & 1 == 1
            if isEmergency {
                _ = accounts[index][place].takeEmergency(amount)
            } else {
                accounts[index][place].reserve(amount)
            }
            parts.append(
                Reservation.Part(limit: limit, window: window, amount: amount, isEmergency: isEmergency))
        }
        return .reserved(Reservation(key: key, holder: holder, parts: parts))
    }

    /// The request of `reservation` is over and has spent `usage`.
    mutating func settle(_ reservation: Reservation, _ usage: Usage) -> [Settlement] {
        var settlements: [Settlement] = []
        for part in reservation.parts {
            let spent = max(0, usage[part.limit.measure])
            var leased: Int64 = 0
            if let (index, place) = find(part.window, where: { $0.isSame(as: part.limit) }) {
                if part.isEmergency {
                    accounts[index][place].returnEmergency(max(0, part.amount - spent))
                } else if reservation.holder == holder {
                    leased = accounts[index][place].settle(reserved: part.amount, spent: spent)
                }
            }
            if spent > 0 {
                settlements.append(
                    Settlement(
                        place: .init(
                            key: key, account: part.limit.account, window: part.window, holder: reservation.holder),
                        spent: spent, leased: leased))
            }
        }
        return settlements
    }

    /// The ledger has `settlement`.
    mutating func acknowledge(_ settlement: Settlement) {
        guard settlement.place.holder == holder,
            let (index, place) = find(settlement.place.window, where: { $0.account == settlement.place.account })
        else { return }
        accounts[index][place].acknowledge(settlement.leased)
    }

    /// The ledger answered `request`, which was asked in the name of `holder`.
    mutating func receive(
        _ answer: LeaseAnswer, to request: LeaseRequest, holder: String, instant: Double, patience: Double
    ) {
        // What was granted to a name that is gone is gone with it.
        guard holder == self.holder else { return }
        let index = index(of: request.limit)
        let place = current(index, request.window)
        accounts[index][place].grant(answer.granted)
        if answer.granted == 0 {
            let available = max(0, request.limit.amount - answer.settled - answer.outstanding)
            accounts[index][place].refusal = BudgetAccount.Refusal(
                available: available, until: instant + patience, answer: answer)
        }
    }

    /// Why `request` was refused by the ledger.
    func error(_ answer: LeaseAnswer, to request: LeaseRequest, time: Double) -> BudgetError {
        Self.error(request.limit, request.window, answer, time: time)
    }

    /// What was to be given back was not.
    mutating func restore(_ amount: LeaseAmount, holder: String) {
        guard holder == self.holder, let index = held.firstIndex(where: { $0.account == amount.account }) else {
            return
        }
        accounts[index][current(index, amount.window)].grant(amount.amount)
    }

    /// Allows `share` of each rate limit (a window of an hour or less) while the ledger can't be asked.
    mutating func allowEmergency(share: Double, time: Double) {
        for index in limits.indices where limits[index].window == .minute || limits[index].window == .hour {
            let window = limits[index].window.start(at: time)
            let place = current(index, window)
            if !accounts[index][place].hasEmergency {
                accounts[index][place].allowEmergency(Int64(Double(limits[index].amount) * share))
            }
        }
    }

    /// What can be given back: all that is free in windows that are over or, `all` or not in use since the last call, in
    /// any. Accounts that hold nothing any more are forgotten.
    mutating func takeIdle(time: Double, all: Bool = false) -> [LeaseAmount] {
        var amounts: [LeaseAmount] = []
        for index in held.indices {
            let window = held[index].window.start(at: time)
            for place in accounts[index].indices {
                // Of a limit that was taken away nothing is needed.
                let isCurrent = index < limits.count && accounts[index][place].window == window
                if !all, isCurrent, accounts[index][place].isInUse {
                    accounts[index][place].isInUse = false
                    continue
                }
                let amount = accounts[index][place].takeFree()
                if amount > 0 {
                    amounts.append(
                        LeaseAmount(
                            key: key, account: held[index].account, window: accounts[index][place].window,
                            amount: amount))
                }
            }
            let isKept = index < limits.count
            accounts[index].removeAll { $0.isIdle && $0.granted == 0 && !(isKept && $0.window == window) }
        }
        // A row stays until what was taken out of it is back in the ledger: it may have to be restored.
        while held.count > limits.count, amounts.isEmpty, accounts[held.count - 1].isEmpty {
            held.removeLast()
            accounts.removeLast()
        }
        return amounts
    }

    /// From now on leases are held as `holder`; what was held under the old name is gone.
    mutating func rename(_ holder: String) {
        if holder == self.holder { return }
        self.holder = holder
        held = limits
        accounts = limits.map { _ in [] }
    }

    /// Other limits hold from now on; what is held of those that stay is kept.
    /// - Returns: what is held of those that go.
    mutating func change(_ limits: [Limit]) -> [LeaseAmount] {
        if limits == self.limits { return [] }
        let old = Array(zip(held, accounts))
        self.limits = limits
        held = limits
        accounts = limits.map { limit in
            var kept = old.first { $0.0.isSame(as: limit) }?.1 ?? []
            for place in kept.indices { kept[place].refusal = nil }
            return kept
        }
        var released: [LeaseAmount] = []
        for (limit, rest) in old where !limits.contains(where: { $0.isSame(as: limit) }) {
            var rest = rest
            for place in rest.indices {
                let amount = rest[place].takeFree()
                if amount > 0 {
                    released.append(
                        LeaseAmount(key: key, account: limit.account, window: rest[place].window, amount: amount))
                }
            }
            // Requests under way are settled with what they reserved, also where the limit comes back meanwhile.
            rest.removeAll { $0.isIdle }
            held.append(limit)
            accounts.append(rest)
        }
        return released
    }

    /// The place of `limit`, which is made where it was taken away.
    private mutating func index(of limit: Limit) -> Int {
        if let index = held.firstIndex(where: { $0.isSame(as: limit) }) { return index }
        held.append(limit)
        accounts.append([])
        return held.count - 1
    }

    /// The place of the account of limit `index` in `window`, which is made where there is none.
    private mutating func current(_ index: Int, _ window: Int64) -> Int {
        if let last = accounts[index].indices.last, accounts[index][last].window == window { return last }
        if let place = accounts[index].firstIndex(where: { $0.window == window }) { return place }
        accounts[index].append(BudgetAccount(window: window))
        return accounts[index].count - 1
    }

    private func find(_ window: Int64, where isLimit: (Limit) -> Bool) -> (Int, Int)? {
        for index in held.indices where isLimit(held[index]) {
            if let place = accounts[index].lastIndex(where: { $0.window == window }) { return (index, place) }
        }
        return nil
    }

    private static func error(
        _ limit: Limit, _ window: Int64, _ answer: LeaseAnswer, time: Double
    ) -> BudgetError {
        let wait = limit.window.end(of: window).map { max(0, Double($0) - time) }
        // Where settled spending leaves room, another gateway holds it, and gives back what it does not use.
        return answer.settled < limit.amount && answer.outstanding > 0
            ? .held(limit, spent: answer.settled, retryAfter: min(wait ?? .infinity, 2))
            : .exhausted(limit, spent: answer.settled, retryAfter: wait)
    }
}

/// What was set aside for a request until it is known what it spends.
public struct Reservation: Sendable {
    let key: String
    let holder: String
    let parts: [Part]

    struct Part: Sendable {
        var limit: Limit
        var window: Int64
        var amount: Int64
        var isEmergency: Bool
    }
}
