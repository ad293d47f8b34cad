import Foundation
import StorageTesting
import Testing

@testable import Storage

@Suite(.timeLimit(.minutes(5))) struct `what gateways found out` {
    let folder: ScratchFolder

    init() throws { folder = try ScratchFolder() }

    @Test(arguments: TestDatabase.available)
    func `goes to one that lives when its owner is gone, if it rests on more`(_ kind: TestDatabase) async throws {
        let store = try await Store(try kind.make(folder))
        let states = store.learningStates
        for holder in ["a", "b", "c"] { try await store.ledger.register(holder) }
        try await states.save("of a", judged: 10, model: "fast", holder: "a")
        try await states.save("of b, old", judged: 15, model: "fast", holder: "b")
        try await states.save("of b", judged: 20, model: "fast", holder: "b")
        #expect(try await states.take("fast", beyond: 0, holder: "c") == nil)
        for holder in ["a", "b"] { try await store.ledger.retire(holder) }
        #expect(try await states.take("slow", beyond: 0, holder: "c") == nil)
        #expect(try await states.take("fast", beyond: 20, holder: "c") == nil)
        #expect(try await states.take("fast", beyond: 5, holder: "c") == "of b")
        #expect(try await states.take("fast", beyond: 20, holder: "c") == nil)
        // It goes on from one to the next.
        try await states.save("of c", judged: 30, model: "fast", holder: "c")
        try await store.ledger.retire("c")
        #expect(try await states.take("fast", beyond: 0, holder: "d") == "of c")
        #expect(try await states.take("fast", beyond: 30, holder: "d") == nil)
        #expect(try await states.take("fast", beyond: 0, holder: "e") == "of c")
        #expect(try await states.take("fast", beyond: 0, holder: "f") == "of c")
        #expect(try await states.take("fast", beyond: 0, holder: "f") == "of a")
        await store.close()
    }

    @Test(arguments: TestDatabase.available)
    func `is forgotten after a month in which nobody took it over`(_ kind: TestDatabase) async throws {
        let store = try await Store(try kind.make(folder))
        let now = WallClock.now()
        for (holder, days) in [("a", 31.0), ("b", 29.0)] {
            try await store.learningStates.save(
                holder, judged: Int(days), model: "fast", holder: holder, time: now - days * 86_400)
        }
        try await store.learningStates.save("c", judged: 1, model: "slow", holder: "c", time: now)
        #expect(try await store.learningStates.take("fast", beyond: 0, holder: "d") == "b")
        #expect(try await store.learningStates.take("fast", beyond: 29, holder: "d") == nil)
        await store.close()
    }

    @Test(arguments: TestDatabase.available)
    func `goes to one of many that ask at once`(_ kind: TestDatabase) async throws {
        let store = try await Store(try kind.make(folder))
        try await store.ledger.register("a")
        try await store.learningStates.save("of a", judged: 3, model: "fast", holder: "a")
        for number in 0..<8 { try await store.ledger.register("new \(number)") }
        try await store.ledger.retire("a")
        let taken = try await withThrowingTaskGroup(of: Int.self) { group in
            for number in 0..<8 {
                group.addTask {
                    let content = try await store.learningStates.take("fast", beyond: 0, holder: "new \(number)")
                    return content == nil ? 0 : 1
                }
            }
            return try await group.reduce(0, +)
        }
        #expect(taken == 1)
        await store.close()
    }
}
