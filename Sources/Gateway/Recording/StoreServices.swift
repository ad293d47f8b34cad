import Foundation
import Logging
import Storage
import Synchronization

/// What a gateway does with its store beside its requests: writes records, keeps budgets, hears of other keys.
final class StoreServices: Sendable {
    let store: Store
    let options: StoreOptions
    let writer: RecordWriter
    let keeper: BudgetKeeper
    let authority: StoreAuthority
    private let logger: Logger
    private let time: @Sendable () -> Double
    private let saidLost = Mutex(0)
    /// The time by which old requests are taken away; nil before the start, or where none are.
    private let steady = Mutex<SteadyTime?>(nil)
    private let start = ContinuousClock.now

    /// - Parameter time: the time in seconds since 1970, which says which window of a limit it is.
    init(
        _ store: Store, _ options: StoreOptions, administrator: String?, isLoopback: Bool, logger: Logger,
        time: @escaping @Sendable () -> Double = WallClock.now
    ) {
        self.store = store
        self.options = options
        self.logger = logger
        self.time = time
        let keeper =
            options.budgets.map { BudgetKeeper(store.ledger, options: $0, time: time) }
            ?? store.budgetKeeper(time: time)
        self.keeper = keeper
        var writing = options.writer
        writing.texts = options.texts
        writer = RecordWriter(
            store, options: writing,
            report: { report in
                switch report {
                case .waiting(let error): logger.warning("Records wait: \(error)")
                case .resumed: logger.notice("The store takes records again.")
                case .refused(_, let error): logger.error("A record is lost: \(error)")
                }
            }, acknowledge: { keeper.acknowledge($0) })
        authority = StoreAuthority(
            store.keys, keeper, administrator: administrator, requirement: options.keys, isLoopback: isLoopback)
    }

    /// Reads what must be known before the first request.
    /// - Throws: ``StorageError``.
    func start() async throws {
        try await authority.refresh()
        if let days = options.keepDays {
            // Before this gateway's own requests, which have its own clock's time.
            let newest = try await store.requests.newest()
            // No longer than they are kept, or the shortest time would never be kept to.
            let patience = options.patience ?? min(86_400, days * 86_400)
            steady.withLock { [time, start] in
                $0 = SteadyTime(
                    newest: newest, time: time(), instant: (ContinuousClock.now - start).seconds,
                    patience: patience)
            }
        }
        // A gateway that can't say that it lives has no leases; requests say so when they come.
        try? await keeper.beat()
    }

    /// Works until it is cancelled.
    func run() async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await self.keeper.run() }
            group.addTask { await self.followKeys() }
            group.addTask { await self.tidy() }
        }
    }

    /// Writes what waits, and gives back what is held. Requests are over by now.
    /// - Parameter limit: for how long the store is waited for.
    func close(within limit: Duration = .seconds(5)) async {
        let left = await writer.close(within: limit)
        if left > 0 { logger.error("\(left) records are lost: the store did not take them in time.") }
        sayLost()
        await keeper.close()
    }

    private func followKeys() async {
        for await _ in store.database.changes(on: KeyRepository.channel) {
            while !Task.isCancelled {
                do {
                    try await authority.refresh()
                    break
                } catch {
                    logger.warning("The keys can't be read: \(error)")
                    try? await Task.sleep(for: .seconds(1))
                }
            }
        }
    }

    /// Says what was lost, and takes old requests away.
    private func tidy() async {
        var lastSweep: ContinuousClock.Instant?
        var isDoubted = false
        while !Task.isCancelled {
            sayLost()
            let (now, doubts) = steadyNow()
            if doubts, !isDoubted {
                logger.warning(
                    "The clock is ahead of what it was, or of the newest request: requests are not taken away for being old by it until it has gone evenly for a day."
                )
            }
            isDoubted = doubts
            if let days = options.keepDays, lastSweep.map({ $0.duration(to: .now) > .seconds(3_600) }) ?? true {
                do {
                    let count = try await store.requests.remove(before: now - days * 86_400)
                    if count > 0 { logger.info("\(count) requests older than \(days) days were taken away.") }
                    lastSweep = .now
                } catch {
                    logger.warning("Old requests can't be taken away: \(error)")
                }
            }
            try? await Task.sleep(for: .seconds(5))
        }
    }

    /// The time that old requests are taken away by, and whether the clock is ahead of it.
    private func steadyNow() -> (time: Double, doubts: Bool) {
        steady.withLock { [time, start] steady in
            let now = time()
            let believed = steady?.now(now, at: (ContinuousClock.now - start).seconds) ?? now
            return (believed, steady?.doubtedSince != nil)
        }
    }

    private func sayLost() {
        let lost = writer.counts.lost
        let more = saidLost.withLock { said in
            defer { said = lost }
            return lost - said
        }
        if more > 0 { logger.error("\(more) records are lost, \(lost) in all: there was no room for them to wait.") }
    }
}
