import CascadesTesting
import Foundation
import Probability
import StorageTesting
import Synchronization
import Testing

@testable import Storage

@Suite(.timeLimit(.minutes(5))) struct `budgets under random interleavings` {
    static let limits = [
        Limit(.money, units: 4_000, per: .total), Limit(.requests, units: 60, per: .minute),
    ]

    @Test(arguments: 0..<40)
    func `are never overspent, and no spending is lost or invented`(_ seed: Int) async throws {
        var random = Random(seed: UInt64(seed))
        let simulation = try await BudgetSimulation(
            ModelLedger(), gateways: 1 + random.integer(below: 4), limits: Self.limits, random: random.split(1))
        try await simulation.run(requests: 1_000)
        // Whether random requests meet a limit hangs on the crashes; that the limit holds to the last unit is checked as
        // the simulation ends.
        #expect(simulation.crashes > 0)
    }

    @Test(arguments: TestDatabase.available, 0..<2)
    func `hold in the tables too`(_ kind: TestDatabase, _ seed: Int) async throws {
        let folder = try ScratchFolder()
        let store = try await Store(kind.make(folder))
        let simulation = try await BudgetSimulation(
            TableLedger(store: store), gateways: 3, limits: Self.limits, random: Random(seed: UInt64(100 + seed)))
        try await simulation.run(requests: 1_000)
        await store.close()
    }
}

@Suite(.timeLimit(.minutes(5))) struct `budget keeper` {
    let folder: ScratchFolder

    init() throws { folder = try ScratchFolder() }

    @Test(arguments: TestDatabase.available)
    func `a thousand concurrent requests at two gateways spend no more than the limit`(
        _ kind: TestDatabase
    ) async throws {
        let store = try await Store(kind.make(folder))
        let limits = [Limit(.money, units: 40_000, per: .total), Limit(.requests, units: 300, per: .day)]
        let keepers = [store.budgetKeeper(time: { 1e9 }), store.budgetKeeper(time: { 1e9 })]
        let writers = keepers.map { RecordWriter(store, acknowledge: $0.acknowledge) }
        let admitted = Tally()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 0..<1_000 {
                let (keeper, writer) = (keepers[number % 2], writers[number % 2])
                group.addTask {
                    let budget = keeper.budget(of: "key", limits: limits)
                    var random = Random(seed: UInt64(number))
                    do {
                        let usage = Usage(nanodollars: 100 + Int64(random.integer(below: 100)), requests: 1)
                        let reservation = try await keeper.reserve(usage, from: budget)
                        let sum = admitted.count.withLock { sum in
                            sum += 1
                            return sum
                        }
                        #expect(sum <= 300)
                        await Task.yield()
                        writer.submit(spending: keeper.settle(reservation, usage, of: budget))
                    } catch let error as BudgetError {
                        switch error {
                        case .exhausted, .held: break
                        default: Issue.record("\(error)")
                        }
                    }
                }
            }
            try await group.waitForAll()
        }
        for writer in writers { try await writer.flush() }
        let money = try await store.ledger.spent("key", limits[0], at: 1e9)
        let requests = try await store.ledger.spent("key", limits[1], at: 1e9)
        #expect(requests.settled == Int64(admitted.count.withLock { $0 }))
        #expect(requests.settled + requests.outstanding <= 300)
        #expect(money.settled + money.outstanding <= 40_000)
        // What two gateways may hold unused is given back when they end, and a third can spend it all.
        for keeper in keepers { await keeper.close() }
        let last = store.budgetKeeper(time: { 1e9 })
        let budget = last.budget(of: "key", limits: [limits[1]])
        var more = 0
        while (try? await last.reserve(Usage(requests: 1), from: budget)) != nil { more += 1 }
        #expect(Int64(more) == 300 - requests.settled)
        for writer in writers { await writer.close() }
        await store.close()
    }

    @Test func `a dead gateway's leases come back, by the watcher's own clock`() async throws {
        let ledger = ModelLedger()
        let (clock, time) = (ManualClock(), 1_000.0)
        let limit = Limit(.requests, 100, per: .total)
        func keeper() -> BudgetKeeper { BudgetKeeper(ledger, clock: clock, time: { time }) }
        let (dead, alive) = (keeper(), keeper())
        let deadBudget = dead.budget(of: "k", limits: [limit])
        for _ in 0..<3 { _ = try await dead.reserve(Usage(requests: 1), from: deadBudget) }
        let held = try #require(await ledger.audit().values.first?.outstanding.values.reduce(0, +))
        #expect(held == 50)
        let budget = alive.budget(of: "k", limits: [limit])
        // What the dead one holds can't be had, and the error says that waiting may help.
        let error = await #expect(throws: BudgetError.self) {
            _ = try await alive.reserve(Usage(requests: 60), from: budget)
        }
        #expect(error == .held(limit, spent: 0, retryAfter: 2))
        for _ in 0..<5 {
            try await alive.beat()
            clock.advance(by: .seconds(2))
        }
        #expect(try await ledger.audit().values.first?.outstanding.count == 1)
        try await alive.beat()
        #expect(try await ledger.audit().values.first?.outstanding.isEmpty == true)
        _ = try await alive.reserve(Usage(requests: 60), from: budget)
        // The one that was only asleep finds out before it spends anything that it no longer has.
        let late = await #expect(throws: BudgetError.self) {
            _ = try await dead.reserve(Usage(requests: 45), from: deadBudget)
        }
        guard case .held = late else {
            Issue.record("\(String(describing: late))")
            return
        }
    }

    @Test func `gives back what it does not use, and what a new window leaves`() async throws {
        let ledger = ModelLedger()
        let clock = ManualClock()
        let time = Mutex(0.0)
        let keeper = BudgetKeeper(ledger, clock: clock, time: { time.withLock { $0 } })
        let limit = Limit(.requests, 100, per: .minute)
        let budget = keeper.budget(of: "k", limits: [limit])
        let reservation = try await keeper.reserve(Usage(requests: 10), from: budget)
        try await keeper.beat()
        let key = LedgerKey(account: limit.account, window: 0)
        func outstanding() async throws -> Int64 { try await ledger.audit()[key]?.outstanding.values.first ?? 0 }
        #expect(try await outstanding() == 50)
        try await keeper.beat()
        #expect(try await outstanding() == 10)
        time.withLock { $0 = 61 }
        _ = try await keeper.reserve(Usage(requests: 100), from: budget)
        // It belongs to the minute in which it began.
        let settlements = keeper.settle(reservation, Usage(requests: 4), of: budget)
        #expect(settlements.map(\.place.window) == [0])
        try await ledger.write(
            RecordBatch(number: 1, events: [], settlements: settlements, lost: 0), from: "w")
        keeper.acknowledge(settlements)
        #expect(try await outstanding() == 6)
        try await keeper.beat()
        #expect(try await outstanding() == 0)
        #expect(try await ledger.audit()[key]?.settled == 4)
    }

    @Test func `a limit that is used up is refused without asking again and again`() async throws {
        let store = try await Store(TestDatabase.sqlite.make(folder))
        let keeper = store.budgetKeeper(time: { 1e9 })
        let limits = [Limit(.money, 1, per: .month), Limit(.requests, 3, per: .minute)]
        let budget = keeper.budget(of: "k", limits: limits)
        let large = await #expect(throws: BudgetError.self) {
            _ = try await keeper.reserve(Usage(money: 2), from: budget)
        }
        #expect(large == .tooLarge(limits[0], asked: 2_000_000_000))
        for _ in 0..<3 { _ = try await keeper.reserve(Usage(money: 0.1, requests: 1), from: budget) }
        for _ in 0..<100 {
            let error = await #expect(throws: BudgetError.self) {
                _ = try await keeper.reserve(Usage(money: 0.1, requests: 1), from: budget)
            }
            // Three are under way; they may yet take less.
            guard case .held(limits[1], spent: 0, _) = error else {
                Issue.record("\(String(describing: error))")
                return
            }
        }
        let beats = try await store.database.read {
            try $0.first("SELECT MAX(beats) FROM gateways") { try $0.int(0) }
        }
        // Two limits need two leases at least; a hundred refusals within a second need one more.
        #expect(try #require(beats) < 12)
        await keeper.close()
    }

    @Test func `goes on with what it holds while the store is away, and rates by their share`() async throws {
        let path = folder.path("store.sqlite")
        let store = try await Store(SQLiteDatabase(path: path))
        let keeper = store.budgetKeeper(time: { 1e9 })
        let limits = [Limit(.money, units: 1_000, per: .month), Limit(.requests, 20, per: .hour)]
        let budget = keeper.budget(of: "k", limits: limits)
        _ = try await keeper.reserve(Usage(nanodollars: 100, requests: 1), from: budget)
        for ending in ["", "-wal", "-shm"] {
            try? FileManager.default.moveItem(atPath: path + ending, toPath: folder.path("away") + ending)
        }
        var admitted = 0
        var last: BudgetError?
        for _ in 0..<50 {
            do {
                _ = try await keeper.reserve(Usage(nanodollars: 10, requests: 1), from: budget)
                admitted += 1
            } catch { last = error }
        }
        // Half of what is left was leased ahead of need: 9 more requests; then 20 of this gateway's share.
        #expect(admitted == 29)
        guard case .storeAway(.unreachable) = last else {
            Issue.record("\(String(describing: last))")
            return
        }
        // Money has no such share: what is not held is not spent.
        let money = await #expect(throws: BudgetError.self) {
            _ = try await keeper.reserve(Usage(nanodollars: 900), from: budget)
        }
        guard case .storeAway = money else {
            Issue.record("\(String(describing: money))")
            return
        }
        for ending in ["", "-wal", "-shm"] {
            try? FileManager.default.moveItem(atPath: folder.path("away") + ending, toPath: path + ending)
        }
        _ = try await keeper.reserve(Usage(nanodollars: 900 - 290), from: budget)
        await keeper.close()
    }

    @Test func `limits can change while requests run`() async throws {
        let ledger = ModelLedger()
        let keeper = BudgetKeeper(ledger, clock: ManualClock(), time: { 0 })
        let budget = keeper.budget(of: "k", limits: [Limit(.requests, 10, per: .day)])
        let first = try await keeper.reserve(Usage(nanodollars: 5, requests: 8), from: budget)
        #expect(
            keeper.budget(of: "k", limits: [Limit(.requests, 20, per: .day), Limit(.money, units: 7, per: .day)])
                === budget)
        _ = try await keeper.reserve(Usage(nanodollars: 7, requests: 12), from: budget)
        await #expect(throws: BudgetError.self) { _ = try await keeper.reserve(Usage(requests: 1), from: budget) }
        // The first knew of no limit on money.
        #expect(
            keeper.settle(first, Usage(nanodollars: 5, requests: 8), of: budget).map(\.place.account) == [
                "requests/day"
            ])
    }

    @Test func `a limit that goes and comes back while a request runs is held once`() async throws {
        let ledger = ModelLedger()
        let keeper = BudgetKeeper(ledger, clock: ManualClock(), time: { 0 })
        let limit = Limit(.requests, 10, per: .day)
        let budget = keeper.budget(of: "k", limits: [limit])
        let first = try await keeper.reserve(Usage(requests: 4), from: budget)
        _ = keeper.budget(of: "k", limits: [])
        try await keeper.beat()
        let key = LedgerKey(account: limit.account, window: 0)
        func outstanding() async throws -> Int64 { try await ledger.audit()[key]?.outstanding.values.first ?? 0 }
        #expect(try await outstanding() == 4)
        _ = keeper.budget(of: "k", limits: [limit])
        let second = try await keeper.reserve(Usage(requests: 6), from: budget)
        await #expect(throws: BudgetError.self) { _ = try await keeper.reserve(Usage(requests: 1), from: budget) }
        // Away again: both are settled all the same.
        _ = keeper.budget(of: "k", limits: [])
        var number = 0
        for (reservation, spent) in [(first, 1), (second, 6)] {
            number += 1
            let settlements = keeper.settle(reservation, Usage(requests: Int64(spent)), of: budget)
            try await ledger.write(
                RecordBatch(number: number, events: [], settlements: settlements, lost: 0), from: "w")
            keeper.acknowledge(settlements)
        }
        for _ in 0..<2 { try await keeper.beat() }
        #expect(try await outstanding() == 0)
        #expect(try await ledger.audit()[key]?.settled == 7)
        _ = keeper.budget(of: "k", limits: [limit])
        _ = try await keeper.reserve(Usage(requests: 3), from: budget)
        await #expect(throws: BudgetError.self) { _ = try await keeper.reserve(Usage(requests: 1), from: budget) }
    }
}

@Suite(.timeLimit(.minutes(5))) struct `ledger` {
    @Test(arguments: TestDatabase.available)
    func `forgets minutes and hours that are long over, and nothing else`(_ kind: TestDatabase) async throws {
        let folder = try ScratchFolder()
        let store = try await Store(kind.make(folder))
        let now = 1e9
        let limits = Window.allCases.map { Limit(.requests, 100, per: $0) }
        func settle(_ time: Double, number: Int) async throws {
            let settlements = limits.map {
                Settlement(
                    place: .init(key: "k", account: $0.account, window: $0.window.start(at: time), holder: "h"),
                    spent: 1,
                    leased: 0)
            }
            try await RecordBatchWriter(writer: "w", texts: .none).write(
                RecordBatch(number: number, events: [], settlements: settlements, lost: 0), to: store.database)
        }
        for (number, age) in ([0, 3_600, 2 * 86_400, 30 * 86_400] as [Double]).enumerated() {
            try await settle(now - age, number: number + 1)
        }
        try await store.ledger.trim(at: now)
        func spent(_ window: Window, _ age: Double) async throws -> Int64 {
            try await store.ledger.spent("k", Limit(.requests, 100, per: window), at: now - age).settled
        }
        #expect(try await spent(.minute, 0) == 1)
        #expect(try await spent(.minute, 3_600) == 1)
        #expect(try await spent(.minute, 2 * 86_400) == 0)
        #expect(try await spent(.hour, 2 * 86_400) == 1)
        #expect(try await spent(.hour, 30 * 86_400) == 0)
        #expect(try await spent(.day, 30 * 86_400) == 1)
        #expect(try await spent(.total, 0) == 4)
        await store.close()
    }
}

/// What tasks count together.
private final class Tally: Sendable { let count = Mutex(0) }
