import Cascades
import Probability
import StorageTesting
import Testing

@testable import Storage

@Suite(.timeLimit(.minutes(5))) struct `requests that a gateway served` {
    let folder: ScratchFolder

    init() throws { folder = try ScratchFolder() }

    @Test(arguments: TestDatabase.available)
    func `are told with the newest, the slowest or the dearest first`(_ kind: TestDatabase) async throws {
        let store = try await Store(kind.make(folder))
        let writer = RecordWriter(store)
        var records = SampleRecords.records(60)
        var random = Random(seed: 2)
        for index in records.indices {
            records[index].time = Double(index)
            if index % 5 > 0 {
                records[index].serving = Serving(
                    interface: "/chat/completions", decision: "answered", httpStatus: 200, elapsed: random.uniform(),
                    firstByte: 0.1)
            } else {
                records[index].serving = nil
            }
            // Put together only as they are written.
            let record = records[index]
            writer.submit(.made(size: 500) { record })
        }
        try await writer.flush()
        #expect(writer.counts.written == 60)
        for (order, expected) in [
            (.newest, records.sorted { $0.time > $1.time }),
            (.slowest, records.sorted { ($0.serving?.elapsed ?? -1, $0.time) > ($1.serving?.elapsed ?? -1, $1.time) }),
            (.dearest, records.sorted { $0.cost.money > $1.cost.money }),
        ] as [(RequestRepository.Order, [RequestRecord])] {
            let found = try await store.requests.latest(20, by: order)
            #expect(found.map(\.id) == expected.prefix(20).map(\.id), "\(order)")
            #expect(found.map(\.serving) == expected.prefix(20).map(\.serving))
        }
        await writer.close()
        await store.close()
    }

    @Test(arguments: TestDatabase.available)
    func `count against windows that can be looked at all at once`(_ kind: TestDatabase) async throws {
        let store = try await Store(kind.make(folder))
        let (now, limits) = (1e9, [Limit(.money, 5, per: .day), Limit(.requests, 10, per: .total)])
        let keeper = store.budgetKeeper(time: { now })
        let writer = RecordWriter(store, acknowledge: keeper.acknowledge)
        for key in ["a", "b"] {
            let budget = keeper.budget(of: key, limits: limits)
            let usage = Usage(money: 1, requests: 1)
            let reservation = try await keeper.reserve(usage, from: budget)
            writer.submit(spending: keeper.settle(reservation, usage, of: budget))
        }
        try await writer.flush()
        let spending = try await store.ledger.spending(at: now)
        #expect(spending.count == 4)
        for (account, answer) in spending {
            let limit = try #require(limits.first { $0.account == account.account })
            #expect(try await store.ledger.spent(account.key, limit, at: now) == answer)
            #expect(answer.settled == (limit.measure == .money ? 1_000_000_000 : 1) && answer.outstanding > 0)
        }
        // Another day: what was spent of the day is not of it.
        let later = try await store.ledger.spending(at: now + 86_400)
        #expect(Set(later.keys.map(\.account)) == ["requests/total"])
        await keeper.close()
        await writer.close()
        await store.close()
    }
}
