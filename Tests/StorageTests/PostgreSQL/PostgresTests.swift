import Foundation
import StorageTesting
import Testing

@testable import Storage

@Suite(
    .timeLimit(.minutes(5)), .enabled(if: PostgresServer.shared != nil, "no PostgreSQL server can be started here"),
    .serialized)
struct `postgresql` {
    @Test func `connections that the server closed are opened again`() async throws {
        let server = try #require(PostgresServer.shared)
        let address = try server.newDatabase()
        let store = try await Store.open(address)
        let writer = RecordWriter(store)
        try #require(try await store.database.hearsOfChanges())
        let changes = ChangeCount(store.database.changes(on: PolicyRepository.channel))
        #expect(await changes.passes(0))
        let records = SampleRecords.records(60)
        for (number, record) in records.enumerated() {
            if number % 20 == 10 { try server.disconnect(address) }
            #expect(writer.submit(.request(record)))
            try? await writer.flush()
        }
        #expect(try await eventually { writer.counts.waiting == 0 })
        #expect(try await store.requests.count() == 60)
        #expect(writer.counts.lost == 0)
        // The listener is back too, and says so, for nobody has changed a policy; then it hears again.
        #expect(await changes.passes(1))
        #expect(try await store.database.hearsOfChanges())
        let again = changes.count
        try await store.policies.add("{}", model: "m")
        #expect(await changes.passes(again))
        await writer.close()
        await store.close()
    }

    @Test func `a server that is not there is a typed error, and no password is shown`() async throws {
        let database = PostgresDatabase("postgresql://u:s3cret@localhost:1/d?connect_timeout=2")
        let error = await #expect(throws: StorageError.self) { try await database.read { _ in } }
        guard case .unreachable = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(error?.description.contains("s3cret") == false)
        #expect(error?.mayPass == true)
        await database.close()
    }

    @Test func `more transactions than connections wait their turn`() async throws {
        let server = try #require(PostgresServer.shared)
        var options = PostgresDatabase.Options()
        options.connections = 2
        let database = PostgresDatabase(try server.newDatabase(), options: options)
        try await database.write { connection in
            try connection.execute("CREATE TABLE t (n BIGINT)")
            try connection.execute("INSERT INTO t VALUES (0)")
        }
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<50 {
                group.addTask { try await database.write { _ = try $0.execute("UPDATE t SET n = n + 1") } }
            }
            try await group.waitForAll()
        }
        #expect(try await database.read { try $0.first("SELECT n FROM t") { try $0.int(0) } } == 50)
        await database.close()
    }

    @Test func `a zero byte in a text, which the server has no place for, is replaced`() async throws {
        let server = try #require(PostgresServer.shared)
        let database = PostgresDatabase(try server.newDatabase())
        let text = try await database.read {
            try $0.first("SELECT CAST($1 AS TEXT)", [.text("a\0b")]) { try $0.text(0) }
        }
        #expect(text == "a\u{FFFD}b")
        await database.close()
    }

    @Test func `what loses a race is run again`() async throws {
        let server = try #require(PostgresServer.shared)
        let database = PostgresDatabase(try server.newDatabase())
        try await database.write { connection in
            try connection.execute("CREATE TABLE t (id BIGINT PRIMARY KEY, n BIGINT)")
            try connection.execute("INSERT INTO t VALUES (1, 0), (2, 0)")
        }
        // Two that take the same rows in opposite orders: the server ends one of each pair that wait for each other.
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 0..<8 {
                group.addTask {
                    try await database.write { connection in
                        for id in number % 2 == 0 ? [1, 2] : [2, 1] {
                            try connection.execute("UPDATE t SET n = n + 1 WHERE id = $1", [.int(id)])
                            usleep(2_000)
                        }
                    }
                }
            }
            try await group.waitForAll()
        }
        let sums = try await database.read { try $0.rows("SELECT n FROM t ORDER BY id") { try $0.int(0) } }
        #expect(sums == [8, 8])
        await database.close()
    }
}
