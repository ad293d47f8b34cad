import Foundation
import StorageTesting
import Testing

@testable import Storage

@Suite(.timeLimit(.minutes(5))) struct `policies by version` {
    let folder: ScratchFolder

    init() throws { folder = try ScratchFolder() }

    @Test(arguments: TestDatabase.available)
    func `a version that is rolled back gives its place to the one before`(_ kind: TestDatabase) async throws {
        let store = try await Store(try kind.make(folder))
        let policies = store.policies
        try await policies.add("{1}", model: "fast")
        try await policies.add("{2}", model: "fast", state: .canary, share: 0.1)
        try await policies.add("{3}", model: "fast")
        func states() async throws -> [PolicyRecord.State] { try await policies.all(of: "fast").map(\.state) }
        #expect(try await states() == [.retired, .canary, .active])
        #expect(
            try await policies.rollBack(model: "fast", version: 2, note: "worse")
                == PolicyRepository.RollBack(was: .canary, active: nil))
        #expect(
            try await policies.rollBack(model: "fast", version: 3, note: "broken")
                == PolicyRepository.RollBack(was: .active, active: 1))
        #expect(try await states() == [.active, .retired, .retired])
        #expect(try await policies.all(of: "fast").map(\.note) == ["", "worse", "broken"])
        // It happens once, and the first version has nothing before it.
        #expect(try await policies.rollBack(model: "fast", version: 3, note: "again") == nil)
        #expect(try await policies.rollBack(model: "fast", version: 1, note: "again") == nil)
        #expect(try await policies.rollBack(model: "fast", version: 9, note: "again") == nil)
        // One that comes back remembers whose place it took.
        try await policies.set(.active, model: "fast", version: 2, note: "better after all")
        #expect(try await policies.all(of: "fast")[1].previous == 1)
        try await policies.rollBack(model: "fast", version: 2, note: "")
        #expect(try await states() == [.active, .retired, .retired])
        await store.close()
    }

    @Test(arguments: TestDatabase.available)
    func `many that roll back at once do it once`(_ kind: TestDatabase) async throws {
        let store = try await Store(try kind.make(folder))
        for version in 1...3 { try await store.policies.add("{\(version)}", model: "fast") }
        let done = try await withThrowingTaskGroup(of: Bool.self) { group in
            for _ in 0..<8 {
                group.addTask {
                    try await store.policies.rollBack(model: "fast", version: 3, note: "broken") != nil
                }
            }
            return try await group.reduce(0) { $0 + ($1 ? 1 : 0) }
        }
        #expect(done == 1)
        #expect(try await store.policies.all(inUse: true).map(\.version) == [2])
        await store.close()
    }

    @Test(arguments: TestDatabase.available)
    func `of many that bring the same content at once one adds it`(_ kind: TestDatabase) async throws {
        let store = try await Store(try kind.make(folder))
        let added = try await withThrowingTaskGroup(of: Int?.self) { group in
            for number in 0..<16 {
                group.addTask {
                    try await store.policies.addNew(
                        "{\(number % 2)}", model: "fast", state: .canary, share: 0.4, note: "\(number)")
                }
            }
            return try await group.reduce(into: [Int?]()) { $0.append($1) }
        }
        #expect(added.compactMap { $0 }.sorted() == [1, 2])
        // What is out of use is known as well; another model's is not.
        try await store.policies.rollBack(model: "fast", version: 1, note: "worse")
        let first = try await store.policies.all(of: "fast")[0].content
        #expect(try await store.policies.addNew(first, model: "fast") == nil)
        #expect(try await store.policies.addNew(first, model: "other") == 1)
        await #expect(throws: StorageError.self) { try await store.policies.addNew("{}", model: "") }
        await store.close()
    }
}
