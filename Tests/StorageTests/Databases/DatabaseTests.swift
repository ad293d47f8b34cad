import Foundation
import StorageTesting
import Synchronization
import Testing

@testable import Storage

@Suite(.timeLimit(.minutes(5))) struct `databases` {
    /// How many readers are at work.
    private final class Inside: Sendable { let count = Mutex(0) }

    let folder: ScratchFolder

    init() throws { folder = try ScratchFolder() }

    @Test(arguments: TestDatabase.available)
    func `keep every value as it is`(_ kind: TestDatabase) async throws {
        let database = try kind.make(folder)
        let values: [[SQLValue]] = [
            [.integer(.min), .double(.infinity), .text("é😀 '\" \n $1 ?"), .bytes([0, 255, 10, 39])],
            [.integer(.max), .double(-0.0), .text(""), .bytes([])],
            [.null, .double(.leastNonzeroMagnitude), .text("null"), .null],
            [.integer(0), .double(0.1), .text("a\\b"), .bytes([UInt8](0...255))],
            [.integer(-1), .double(.nan), .text("x"), .null],
            [.integer(7), .double(-1.7976931348623157e308), .null, .bytes([92, 120])],
        ]
        let read = try await database.write { connection in
            try connection.execute(
                "CREATE TABLE t (n BIGINT, i BIGINT, d DOUBLE PRECISION, s TEXT, b \(connection.dialect.bytes))")
            for (index, row) in values.prefix(2).enumerated() {
                let count = try connection.execute(
                    "INSERT INTO t (b, s, d, i, n) VALUES ($5, $4, $3, $2, $1)", [.int(index)] + row)
                #expect(count == 1)
            }
            try connection.execute(
                "INSERT INTO t (n, i, d, s, b) VALUES ($1, $2, $3, $4, $5)",
                rows: values.enumerated().dropFirst(2).map { [.int($0.offset)] + $0.element })
            return try connection.rows("SELECT i, d, s, b FROM t ORDER BY n") { $0.values }
        }
        var expected = values
        expected[4][1] = .null  // a missing number
        #expect(read == expected)
        // Minus zero is equal to zero. Its sign is kept by PostgreSQL; SQLite writes zero (its "Floating Point Numbers",
        // section 1.2), so rows of numbers, which are to be kept to the bit, are stored as bytes.
        guard case .double(let zero) = read[1][1] else {
            Issue.record("\(read[1][1]) is no number")
            return
        }
        #expect(zero.sign == (kind == .sqlite ? .plus : .minus))
        let row = try NumberRow.numbers(NumberRow.bytes([-0.0, .nan, .infinity]), column: 0)
        #expect(row.map(\.bitPattern) == [-0.0, Double.nan, .infinity].map(\.bitPattern))
        await database.close()
    }

    @Test(arguments: TestDatabase.available)
    func `undo a transaction that throws`(_ kind: TestDatabase) async throws {
        struct Stop: Error {}
        let database = try kind.make(folder)
        try await database.write { _ = try $0.execute("CREATE TABLE t (n BIGINT PRIMARY KEY)") }
        await #expect(throws: Stop.self) {
            try await database.write { connection in
                try connection.execute("INSERT INTO t (n) VALUES (1)")
                throw Stop()
            }
        }
        let error = await #expect(throws: StorageError.self) {
            try await database.write { connection in
                try connection.execute("INSERT INTO t (n) VALUES ($1)", rows: [[.int(1)], [.int(2)], [.int(1)]])
            }
        }
        guard case .refused = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        // And the connection is good for the next one.
        #expect(try await database.read { try $0.first("SELECT COUNT(*) FROM t") { try $0.int(0) } } == 0)
        await #expect(throws: StorageError.self) {
            try await database.read { _ = try $0.execute("INSERT INTO t (n) VALUES (1)") }
        }
        await #expect(throws: StorageError.self) { try await database.read { _ = try $0.execute("SELEC 1") } }
        await database.close()
        await #expect(throws: StorageError.closed(place: database.place)) {
            try await database.read { _ = try $0.execute("SELECT 1") }
        }
    }

    @Test(arguments: TestDatabase.available)
    func `migrate once, however many open them at once`(_ kind: TestDatabase) async throws {
        let address =
            switch kind {
            case .sqlite: folder.path("store.sqlite")
            case .postgres: try #require(PostgresServer.shared).newDatabase()
            }
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<8 {
                group.addTask {
                    let store = try await Store.open(address)
                    #expect(try await store.requests.count() == 0)
                    await store.close()
                }
            }
            try await group.waitForAll()
        }
        let store = try await Store.open(address)
        let versions = try await store.database.read {
            try $0.rows("SELECT version FROM store_versions ORDER BY version") { try $0.int(0) }
        }
        #expect(versions == Migration.all.map(\.version))
        // Later steps run on what is there, and an older program stops at what it does not know.
        let last = Migration.all.count
        let next = Migration(version: last + 1, statements: ["ALTER TABLE keys ADD COLUMN extra {bytes}"])
        let more = Migration.all + [next]
        _ = try await Store(store.database, migrations: more)
        await #expect(throws: StorageError.newerVersion(place: store.database.place, found: last + 1, known: last)) {
            _ = try await Store(store.database, migrations: Migration.all)
        }
        // A step that fails leaves nothing behind.
        let bad =
            more + [Migration(version: last + 2, statements: ["CREATE TABLE half (n BIGINT)", "CREATE NONSENSE"])]
        await #expect(throws: StorageError.self) { _ = try await Store(store.database, migrations: bad) }
        await #expect(throws: StorageError.self) {
            try await store.database.read { _ = try $0.execute("SELECT * FROM half") }
        }
        await store.close()
    }

    @Test(arguments: TestDatabase.available)
    func `tell of changes within a second`(_ kind: TestDatabase) async throws {
        let database = try kind.make(folder)
        let store = try await Store(database)
        try #require(try await database.hearsOfChanges())
        let policies = ChangeCount(database.changes(on: PolicyRepository.channel))
        let keys = ChangeCount(database.changes(on: KeyRepository.channel))
        // The first signal is there at once.
        #expect(await policies.passes(0))
        #expect(await keys.passes(0))
        let before = keys.count
        let other: any Database =
            kind == .sqlite ? try SQLiteDatabase(path: database.place) : PostgresDatabase(database.place)
        let publisher = try await Store(other)
        var times: [Duration] = []
        for version in 1...9 {
            let count = policies.count
            #expect(try await publisher.policies.add("{}", model: "fast") == version)
            let begin = ContinuousClock.now
            #expect(await policies.passes(count))
            times.append(ContinuousClock.now - begin)
            #expect(try await store.policies.all().last?.version == version)
        }
        // A busy machine may hold up one or the other; what is only looked for every second or more is late each time.
        let median = times.sorted()[times.count / 2]
        #expect(median < .seconds(1), "\(times)")
        #expect(keys.count == before)
        await publisher.close()
        await store.close()
        // All streams end, whoever waits at them.
        await policies.end()
        await keys.end()
    }

    @Test func `tell of a change that comes before the first look at the file`() async throws {
        let database = try SQLiteDatabase(path: folder.path("changes.sqlite"))
        let store = try await Store(database)
        // As many readers as the pool has (GRDB's own number), so that the look waits behind them.
        let most = 5
        let release = DispatchSemaphore(value: 0)
        let inside = Inside()
        let readers = (0..<most + 1).map { _ in
            Task {
                try await database.read { _ in
                    inside.count.withLock { $0 += 1 }
                    _ = release.wait(timeout: .now() + .seconds(240))
                }
            }
        }
        #expect(try await eventually { inside.count.withLock { $0 } == most })
        let policies = ChangeCount(database.changes(on: PolicyRepository.channel))
        #expect(await policies.passes(0))
        try await store.policies.add("{}", model: "fast")
        // The readers held all places until now: one of them waits for one still.
        #expect(inside.count.withLock { $0 } == most)
        for _ in readers { release.signal() }
        #expect(await policies.passes(1))
        for reader in readers { try await reader.value }
        await store.close()
        await policies.end()
    }
}

@Suite(.timeLimit(.minutes(5))) struct `store addresses` {
    @Test func `are paths and connection strings`() throws {
        #expect(try StoreAddress("a/b.sqlite") == .sqlite(path: "a/b.sqlite"))
        #expect(try StoreAddress("sqlite:b") == .sqlite(path: "b"))
        #expect(try StoreAddress("sqlite:///tmp/b") == .sqlite(path: "/tmp/b"))
        #expect(try StoreAddress("postgres://h/d") == .postgres(connection: "postgres://h/d"))
        for bad in ["", "sqlite:", "mysql://h/d", "a\0b"] {
            #expect(throws: StorageError.self) { try StoreAddress(bad) }
        }
    }

    @Test func `never show a password`() throws {
        for (address, shown) in [
            ("postgresql://u:s3cret@h:5432/d", "postgresql://u:…@h:5432/d"),
            ("postgresql://u:p@ss@h/d", "postgresql://u:…@h/d"),
            ("postgresql:///d?user=u&password=s3cret&host=h", "postgresql:///d?user=u&password:…&host=h"),
            ("postgresql://h/d", "postgresql://h/d"),
        ] {
            #expect(try StoreAddress(address).description == shown)
        }
        let error = #expect(throws: StorageError.self) { try StoreAddress("mysql://u:s3cret@h/d") }
        #expect(error?.description.contains("s3cret") == false)
    }
}
