import Cascades
import Foundation
import StorageTesting
import Testing

@testable import Storage

@Suite struct `requests that were counted as judged` {
    @Test(arguments: TestDatabase.available)
    func `are claimed once, and go with the request`(_ kind: TestDatabase) async throws {
        let folder = try ScratchFolder()
        let store = try await Store(try kind.make(folder))
        let claimed = try await withThrowingTaskGroup(of: Bool.self) { group in
            for number in 0..<20 { group.addTask { try await store.verdicts.claim("r\(number % 2)") } }
            return try await group.reduce(0) { $0 + ($1 ? 1 : 0) }
        }
        #expect(claimed == 2)
        #expect(try await store.verdicts.claim("r0") == false)
        #expect(try await store.verdicts.claim("r2"))
        await store.close()
    }

    @Test(arguments: TestDatabase.available)
    func `are those that were judged before, in a store of before`(_ kind: TestDatabase) async throws {
        let folder = try ScratchFolder()
        let database = try kind.make(folder)
        let old = try await Store(database, migrations: Array(Migration.all.prefix { $0.version < 8 }))
        for (id, stage) in [("given", nil), ("other", 1), ("answered", 0)] as [(String, Int?)] {
            try await old.feedback.add(Feedback(request: id, stage: stage, quality: 1, time: 1))
            try await database.write { connection in
                try connection.execute(
                    """
                    INSERT INTO requests (id, time, model, schema_id, coin, moves, answered, status)
                    VALUES ($1, 1, 'm', 's', 0, '', 0, 'answered')
                    """, [.text(id)])
            }
        }
        let store = try await Store(database)
        #expect(try await store.verdicts.claim("given") == false)
        #expect(try await store.verdicts.claim("answered") == false)
        #expect(try await store.verdicts.claim("other"), "only a stage whose answer was not given was judged")
        #expect(try await store.requests.remove(before: 2) == 3)
        #expect(try await store.verdicts.claim("given"))
        await store.close()
    }
}
