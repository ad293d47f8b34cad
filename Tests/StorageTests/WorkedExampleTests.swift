import Cascades
import Foundation
import StorageTesting
import Testing

@testable import Storage

/// The worked example of Storage.docc/Storage.md, line by line.
@Suite(.timeLimit(.minutes(5))) struct `the worked example` {
    struct AskBoth: Policy {
        static let kind = "storage-example-ask-both"
        var reach: StageSet { [0, 1] }
        func next(_ state: PolicyState) -> Move {
            if state.asked.isEmpty { return .ask(0) }
            if state.asked.contains(1) { return .stop(answer: 1) }
            return state.coin < 0.25 ? .ask(1) : .stop(answer: 0)
        }
        func formula(_ schema: LogSchema) -> String { "ask the second stage once in four times" }
    }

    @Test func `records, spends and exports`() async throws {
        let folder = try ScratchFolder()
        let path = folder.path("gateway.sqlite")
        let cascade = try Cascade(
            "support",
            stages: [
                FunctionStage<String, String>("small") { _ in Answer("short", cost: Cost(money: 0.003)) },
                FunctionStage<String, String>("large") { _ in Answer("long", cost: Cost(money: 0.01)) },
            ], policy: AskBoth(), seed: 1)

        let store = try await Store.open(path)
        let keeper = store.budgetKeeper()
        let writer = RecordWriter(store, acknowledge: keeper.acknowledge)

        let made = try await store.keys.create(name: "team-a", limits: [Limit(.money, 0.1, per: .total)])
        let budget = keeper.budget(of: made.record.id, limits: made.record.limits)

        var (spent, number) = (0.0, 0)
        while true {
            let reservation: Reservation
            do { reservation = try await keeper.reserve(Usage(money: 0.02, requests: 1), from: budget) } catch { break }
            let run = try await cascade.run("Where is my parcel?")
            let record = try #require(
                RequestRecord(run, id: "\(number)", key: made.record.id, model: "support", policy: cascade.policy))
            writer.submit(
                .request(record),
                spending: keeper.settle(reservation, Usage(money: run.cost.money, requests: 1), of: budget))
            writer.submit(.feedback(Feedback(request: record.id, quality: 1, time: WallClock.now())))
            try await writer.flush()
            spent += run.cost.money
            number += 1
        }
        // It ends when two cents can't be reserved any more.
        #expect(spent > 0.08 && spent <= 0.1 + 1e-9)
        let settled = try await store.ledger.spent(made.record.id, made.record.limits[0], at: WallClock.now()).settled
        #expect(abs(Double(settled) / 1e9 - spent) < 1e-9 * Double(number))

        let log = try await store.outcomeLog()
        #expect(log.count == number)
        #expect(log.propensities.prefix(2).elementsEqual([1, 0.25]) { abs($0 - $1) < 1e-9 })
        await writer.close()
        await keeper.close()
        await store.close()
    }
}
