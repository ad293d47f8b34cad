import Foundation
import Synchronization

/// Keeps the keys of one gateway within their limits, together with all other gateways of a store.
///
///     let budget = keeper.budget(of: key)
///     let reservation = try await keeper.reserve(Usage(money: 0.02, requests: 1), from: budget)
///     // ... the request runs ...
///     writer.submit(.request(record), spending: keeper.settle(reservation, Usage(money: 0.013, requests: 1), of: budget))
///
/// Most reservations are made in memory, from a lease that was taken from the ledger before. However many requests and
/// gateways there are, what is settled, leased and reserved is at most the limit; only a request that spends more than
/// was reserved goes beyond, by what it spent more. A gateway that crashes loses what it had not written; what it held
/// comes back when it was silent for ``Options/patience``.
public final class BudgetKeeper: Sendable {
    /// How a keeper works.
    public struct Options: Sendable {
        /// How often the gateway says that it lives and gives back what it does not use.
        public var interval: Duration = .seconds(2)
        /// For how long what is held may be spent without having said so.
        public var validity: Duration = .seconds(6)
        /// After which silence another gateway is taken for dead. Longer than ``validity``.
        public var patience: Duration = .seconds(10)
        /// For how long the ledger's "no" is believed.
        public var refusalPatience: Duration = .seconds(1)
        /// Whether leases are good while the store can't be reached. On one machine nobody else can reach it then
        /// either; a gateway that is cut off from a shared server must not spend what others may have been given.
        public var trustsLeasesWithoutStore = false

        /// The defaults; those of a store in a file trust leases without it.
        public init() {}
    }

    /// How asking the ledger went.
    enum Asked: Sendable {
        case answered
        case failed(StorageError)
    }

    private struct State {
        var holder: String
        var isRegistered = false
        var budgets: [String: KeyBudget] = [:]
        /// When the last exchange with the ledger that succeeded was begun.
        var lastHeard = -Double.infinity
        var away: StorageError?
        var watch: PeerWatch
        var gateways = 1
        /// When the ledger's old windows were forgotten last.
        var lastTrim = -Double.infinity
        /// The limits that are gone, to be given back.
        var released: [LeaseAmount] = []
    }

    private let ledger: any Ledger
    private let options: Options
    private let now: @Sendable () -> Double
    private let time: @Sendable () -> Double
    private let clock: any Clock<Duration>
    private let state: Mutex<State>

    /// A keeper on `ledger`.
    /// - Parameters:
    ///   - clock: what silence is measured by; it never goes back.
    ///   - time: the time in seconds since 1970, which says which window it is.
    public init(
        _ ledger: any Ledger, options: Options = Options(), clock: some Clock<Duration> = ContinuousClock(),
        time: @escaping @Sendable () -> Double = WallClock.now
    ) {
        self.ledger = ledger
        self.options = options
        self.clock = clock
        self.time = time
        let start = clock.now
        now = { start.duration(to: clock.now) / .seconds(1) }
        state = Mutex(
            State(holder: UUID().uuidString, watch: PeerWatch(patience: options.patience / .seconds(1))))
    }

    /// The gateway's name among those that share the store; another one once it was taken for dead.
    public var holder: String { state.withLock { $0.holder } }

    /// The budget of the key called `key`, whose limits are `limits` from now on.
    public func budget(of key: String, limits: [Limit]) -> KeyBudget {
        state.withLock { state in
            if let budget = state.budgets[key] {
                state.released += budget.with { $0.change(limits) }
                return budget
            }
            let budget = KeyBudget(key: key, limits: limits, holder: state.holder)
            state.budgets[key] = budget
            return budget
        }
    }

    /// Sets `usage` aside, of all limits of the key or of none.
    /// - Throws: ``BudgetError``.
    public func reserve(_ usage: Usage, from budget: KeyBudget) async throws(BudgetError) -> Reservation {
        while true {
            switch reserveNow(usage, from: budget) {
            case .reserved(let reservation): return reservation
            case .refused(let error): throw error
            case .lease(let request):
                let asked = await budget.ask { [self] in await ask(request, for: budget) }
                guard case .failed(let error) = asked else { continue }
                // The store is away: rates may go on by their share, what else is not held may not.
                if case .reserved(let reservation) = reserveNow(usage, from: budget) { return reservation }
                throw .storeAway(error)
            }
        }
    }

    /// Sets `usage` aside if that can be done at once, without the ledger.
    public func reserveAtOnce(_ usage: Usage, from budget: KeyBudget) -> Reservation? {
        if case .reserved(let reservation) = reserveNow(usage, from: budget) { reservation } else { nil }
    }

    /// The request of `reservation` is over and spent `usage`; what comes back goes to the writer with its record.
    public func settle(_ reservation: Reservation, _ usage: Usage, of budget: KeyBudget) -> [Settlement] {
        budget.with { $0.settle(reservation, usage) }
    }

    /// The ledger has `settlements`.
    public func acknowledge(_ settlements: [Settlement]) {
        let budgets = state.withLock { $0.budgets }
        for settlement in settlements { budgets[settlement.place.key]?.with { $0.acknowledge(settlement) } }
    }

    /// Says that this gateway lives, takes note of who else does, buries the dead, gives back what is not used.
    /// - Throws: ``StorageError``.
    public func beat() async throws {
        let (holder, isRegistered) = state.withLock { ($0.holder, $0.isRegistered) }
        let start = now()
        do {
            if !isRegistered { try await register(holder) }
            let beats = try await ledger.beat(holder)
            heard(start)
            let dead = state.withLock { state in
                state.gateways = beats.count
                return state.watch.observe(beats, at: start).filter { $0.holder != holder }
            }
            for peer in dead { _ = try await ledger.bury(peer.holder, beats: peer.beats) }
            try await giveBack()
            if state.withLock({ start - $0.lastTrim >= 3_600 }) {
                try await ledger.trim(at: time())
                state.withLock { $0.lastTrim = start }
            }
        } catch LedgerError.buried {
            try await renew(holder)
        } catch let error as StorageError {
            lost(error)
            if case .uncertain = error { try? await renew(holder) }
            throw error
        }
    }

    /// Beats until cancelled, then ends: for a group of services.
    public func run() async {
        while !Task.isCancelled {
            try? await beat()
            try? await clock.sleep(for: options.interval)
        }
        await close()
    }

    /// Gives everything back. Requests under way may still be settled.
    public func close() async {
        let holder = state.withLock { state in
            defer { state.isRegistered = false }
            return state.holder
        }
        // A task that was cancelled can't wait for the store any more; this must.
        let ledger = ledger
        await Task { try? await ledger.retire(holder) }.value
    }

    // MARK: Asking the ledger

    private func reserveNow(_ usage: Usage, from budget: KeyBudget) -> BudgetMachine.Decision {
        let instant = now()
        let (leasesHold, isAway) = state.withLock { state in
            let isAway = state.away != nil
            let isFresh = instant - state.lastHeard < options.validity / .seconds(1)
            return (isFresh || isAway && options.trustsLeasesWithoutStore, isAway)
        }
        let time = time()
        return budget.with {
            $0.reserve(usage, time: time, instant: instant, leasesHold: leasesHold, emergency: isAway)
        }
    }

    /// Asks for what `request` needs, under a new name where the old one was buried.
    private func ask(_ request: LeaseRequest, for budget: KeyBudget) async -> Asked {
        for _ in 0..<3 {
            let (holder, isRegistered) = state.withLock { ($0.holder, $0.isRegistered) }
            let start = now()
            do {
                if !isRegistered { try await register(holder) }
                let answer = try await ledger.lease(request, for: holder)
                heard(start)
                let instant = now()
                budget.with {
                    $0.receive(
                        answer, to: request, holder: holder, instant: instant,
                        patience: options.refusalPatience / .seconds(1))
                }
                return .answered
            } catch LedgerError.buried {
                do { try await renew(holder) } catch { return away(error, budget) }
            } catch {
                if case .uncertain? = error as? StorageError { try? await renew(holder) }
                return away(error, budget)
            }
        }
        return .failed(.unreachable(place: "ledger", reason: "this gateway is taken for dead again and again"))
    }

    private func away(_ error: any Error, _ budget: KeyBudget) -> Asked {
        let error = error as? StorageError ?? .unreachable(place: "ledger", reason: "\(error)")
        lost(error)
        let share = 1 / Double(max(1, state.withLock { $0.gateways }))
        let time = time()
        budget.with { $0.allowEmergency(share: share, time: time) }
        return .failed(error)
    }

    private func register(_ holder: String) async throws {
        try await ledger.register(holder)
        state.withLock { state in if state.holder == holder { state.isRegistered = true } }
    }

    /// Goes on under a new name: what was held under `old` is given up.
    private func renew(_ old: String) async throws {
        let new = UUID().uuidString
        try await ledger.register(new)
        let isRenewed = state.withLock { state in
            guard state.holder == old else { return false }
            state.holder = new
            state.isRegistered = true
            for budget in state.budgets.values { budget.with { $0.rename(new) } }
            state.released = []
            return true
        }
        try await ledger.retire(isRenewed ? old : new)
    }

    private func giveBack() async throws {
        let time = time()
        let (holder, budgets, released) = state.withLock { state in
            defer { state.released = [] }
            return (state.holder, state.budgets, state.released)
        }
        let amounts = released + budgets.values.flatMap { budget in budget.with { $0.takeIdle(time: time) } }
        if amounts.isEmpty { return }
        do {
            try await ledger.giveBack(amounts, from: holder)
        } catch {
            for amount in amounts { budgets[amount.key]?.with { $0.restore(amount, holder: holder) } }
            throw error
        }
    }

    private func heard(_ start: Double) {
        state.withLock { state in
            state.lastHeard = max(state.lastHeard, start)
            state.away = nil
        }
    }

    private func lost(_ error: StorageError) {
        state.withLock { state in
            state.away = error
            state.watch.forget()
        }
    }
}
