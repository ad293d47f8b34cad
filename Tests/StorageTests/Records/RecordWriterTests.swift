import Cascades
import Foundation
import Probability
import StorageTesting
import Synchronization
import Testing

@testable import Storage

@Suite(.timeLimit(.minutes(5))) struct `record writer` {
    let folder: ScratchFolder

    init() throws { folder = try ScratchFolder() }

    func options(_ change: (inout RecordWriter.Options) -> Void = { _ in }) -> RecordWriter.Options {
        var options = RecordWriter.Options()
        options.interval = .milliseconds(1)
        options.texts = .whole
        change(&options)
        return options
    }

    @Test(arguments: TestDatabase.available)
    func `writes records that read back the same`(_ kind: TestDatabase) async throws {
        let store = try await Store(kind.make(folder))
        let writer = RecordWriter(store, options: options())
        var records = SampleRecords.records(300)
        records[7].trace.choices[0].inner = records[8].trace
        for record in records { #expect(writer.submit(.request(record))) }
        try await writer.flush()
        #expect(try await store.requests.count() == records.count)
        let batch = RecordBatchWriter(writer: "", texts: .whole)
        for record in records {
            let read = try #require(try await store.requests.request(record.id))
            #expect(read == batch.keeping(record), "\(record.id)")
        }
        let latest = try await store.requests.latest(10, .init(key: "key-1"))
        let expected = records.filter { $0.key == "key-1" }.sorted { $0.time > $1.time }.prefix(10)
        #expect(latest.map(\.id) == expected.map(\.id))
        #expect(try await store.requests.request("none") == nil)
        #expect(writer.counts == .init(submitted: 300, written: 300, waiting: 0, lost: 0))
        #expect(await writer.close() == 0)
        #expect(!writer.submit(.request(records[0])))
        await store.close()
    }

    @Test func `keeps no text unless asked, but tells equal answers`() async throws {
        let store = try await Store(TestDatabase.sqlite.make(folder))
        var record = SampleRecords.records(1)[0]
        record.input = "I am ada@example.org"
        record.trace.choices[0].output = "Hello ada@example.org"
        for (texts, input, output) in [
            (TextKeeping.none, nil, nil),
            (.redacted(.standard), "I am [email]", "Hello [email]"),
            (.whole, "I am ada@example.org", "Hello ada@example.org"),
        ] as [(TextKeeping, String?, String?)] {
            record.id = "\(texts)"
            let writer = RecordWriter(store, options: options { $0.texts = texts })
            writer.submit(.request(record))
            await writer.close()
            let read = try #require(try await store.requests.request(record.id))
            #expect(read.input == input)
            #expect(read.trace.choices[0].output == output)
            var sum = SHA256()
            sum.update("Hello ada@example.org".utf8)
            #expect(read.digests[0] == sum.hexadecimal)
        }
    }

    @Test func `waits while the store is locked, and loses nothing`() async throws {
        let path = folder.path("store.sqlite")
        var quick = SQLiteDatabase.Options()
        quick.busyTimeout = .milliseconds(20)
        let store = try await Store(SQLiteDatabase(path: path, options: quick))
        let said = Mutex<[StorageError]>([])
        let writer = RecordWriter(store, options: options()) { report in
            if case .waiting(let error) = report { said.withLock { $0.append(error) } }
        }
        // Another process's transaction that takes its time.
        let other = try SQLiteDatabase(path: path)
        let gate = DispatchSemaphore(value: 0)
        defer { gate.signal() }
        let isLocked = Mutex(false)
        async let holding: Void = other.write { connection in
            try connection.execute("DELETE FROM changes")
            isLocked.withLock { $0 = true }
            gate.wait()
        }
        #expect(try await eventually { isLocked.withLock { $0 } })
        let records = SampleRecords.records(50)
        for record in records { #expect(writer.submit(.request(record))) }
        let error = await #expect(throws: StorageError.self) { try await writer.flush() }
        guard case .locked = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(writer.failure == error)
        // What reads goes on.
        #expect(try await store.requests.count() == 0)
        gate.signal()
        try await holding
        #expect(try await eventually { writer.counts.waiting == 0 })
        #expect(writer.failure == nil)
        #expect(try await store.requests.count() == 50)
        #expect(said.withLock { $0.count } == 1)
        await writer.close()
    }

    @Test func `counts what it loses while the store is full, and says so in the store`() async throws {
        let path = folder.path("store.sqlite")
        var small = SQLiteDatabase.Options()
        small.maximumBytes = 300_000
        let tight = try await Store(SQLiteDatabase(path: path, options: small))
        let writer = RecordWriter(
            tight, options: options { ($0.capacity, $0.batch, $0.longestPause) = (200, 50, .milliseconds(20)) })
        let records = SampleRecords.records(2_000)
        var refused = 0
        for record in records {
            if !writer.submit(.request(record)) { refused += 1 }
            if writer.counts.waiting > 150 { try await Task.sleep(for: .milliseconds(2)) }
        }
        let error = await #expect(throws: StorageError.self) { try await writer.flush() }
        guard case .full = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        let counts = writer.counts
        #expect(refused > 0)
        #expect(counts.lost == refused)
        #expect(counts.submitted == 2_000)
        #expect(counts.written + counts.waiting + counts.lost == 2_000)
        #expect(counts.waiting <= 200)
        // All that was acknowledged is there, and nothing else.
        #expect(try await tight.requests.count() == counts.written)
        // Somebody makes room.
        try await tight.database.write { connection in
            try connection.execute("DELETE FROM choices")
            try connection.execute("DELETE FROM requests")
        }
        #expect(try await eventually { writer.counts.waiting == 0 })
        try await writer.flush()
        #expect(try await tight.requests.count() == counts.waiting)
        #expect(try await tight.lostRecords() == refused)
        await writer.close()
    }

    @Test func `goes on when the file goes away and comes back`() async throws {
        let path = folder.path("store.sqlite")
        let store = try await Store(SQLiteDatabase(path: path))
        let writer = RecordWriter(store, options: options { $0.longestPause = .milliseconds(20) })
        let records = SampleRecords.records(30)
        for record in records.prefix(10) { writer.submit(.request(record)) }
        try await writer.flush()
        // All of the file, which is in WAL mode: the log beside it too.
        func move(_ from: String, _ to: String) throws {
            for ending in ["", "-wal", "-shm"] where FileManager.default.fileExists(atPath: from + ending) {
                try FileManager.default.moveItem(atPath: from + ending, toPath: to + ending)
            }
        }
        try move(path, folder.path("away"))
        for record in records.dropFirst(10).prefix(10) { #expect(writer.submit(.request(record))) }
        let error = await #expect(throws: StorageError.self) { try await writer.flush() }
        guard case .unreachable = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(!FileManager.default.fileExists(atPath: path), "an empty store was made in the place of the lost one")
        try move(folder.path("away"), path)
        for record in records.suffix(10) { #expect(writer.submit(.request(record))) }
        #expect(try await eventually { writer.counts.waiting == 0 })
        #expect(try await store.requests.count() == 30)
        // A writer that is closed while the store is away says what is lost, and ends.
        try move(path, folder.path("away"))
        for record in SampleRecords.records(7, seed: 5) { writer.submit(.request(record)) }
        #expect(await writer.close(within: .milliseconds(50)) == 7)
        await #expect(throws: StorageError.self) { try await writer.flush() }
        await store.close()
    }

    @Test func `gives up the one record that the store refuses`() async throws {
        let store = try await Store(TestDatabase.sqlite.make(folder))
        try await store.database.write { connection in
            _ = try connection.execute(
                """
                CREATE TRIGGER refuse BEFORE INSERT ON requests WHEN NEW.id = 'request 13'
                BEGIN SELECT RAISE(ABORT, 'thirteen'); END
                """)
        }
        let lost = Mutex<[String]>([])
        let writer = RecordWriter(store, options: options { $0.batch = 100 }) { report in
            if case .refused(.request(let record), _) = report { lost.withLock { $0.append(record.id) } }
        }
        for record in SampleRecords.records(100) {
            writer.submit(
                .request(record),
                spending: [
                    Settlement(place: .init(key: "k", account: "a", window: 0, holder: "h"), spent: 1, leased: 0)
                ])
        }
        try await writer.flush()
        #expect(lost.withLock { $0 } == ["request 13"])
        #expect(writer.counts == .init(submitted: 100, written: 99, waiting: 0, lost: 1))
        #expect(try await store.requests.count() == 99)
        await writer.close()
        #expect(try await store.lostRecords() == 1)
        // What it spent is not lost with it.
        let settled = try await store.database.read {
            try $0.first("SELECT settled FROM ledger WHERE key_id = 'k'") { try $0.int(0) }
        }
        #expect(settled == 100)
    }

    @Test(arguments: TestDatabase.available)
    func `writes feedback and answers too`(_ kind: TestDatabase) async throws {
        let store = try await Store(kind.make(folder))
        let writer = RecordWriter(store, options: options())
        writer.submit(.feedback(Feedback(request: "r", quality: 0, time: 1)))
        writer.submit(
            .feedback(Feedback(request: "r", stage: 2, source: "judge", quality: 0.5, time: 2, note: "so so")))
        // Later words count, whenever they arrive.
        writer.submit(.feedback(Feedback(request: "r", quality: 1, time: 5)))
        writer.submit(.feedback(Feedback(request: "r", quality: 0.2, time: 4)))
        let answer = CachedAnswer(
            id: "hash", scope: "key-1", model: "fast", body: [1, 0, 2], stage: "small", policy: "v1", money: 0.5,
            created: 10, expires: 20)
        writer.submit(.answer(answer))
        try await writer.flush()
        #expect(
            try await store.feedback.all(of: "r") == [
                Feedback(request: "r", stage: 2, source: "judge", quality: 0.5, time: 2, note: "so so"),
                Feedback(request: "r", quality: 1, time: 5),
            ])
        #expect(try await store.answers.answer("hash", scope: "key-1", at: 15) == answer)
        #expect(try await store.answers.answer("hash", scope: nil, at: 15) == answer)
        #expect(try await store.answers.answer("hash", scope: "key-2", at: 15) == nil)
        #expect(try await store.answers.removeAll(model: "fast", policy: "v2") == 0)
        #expect(try await store.answers.removeAll(model: "slow", policy: "v1") == 0)
        #expect(try await store.answers.answer("hash", scope: "key-1", at: 20) == nil)
        #expect(try await store.answers.trim(at: 25, keeping: 10) == 1)
        for index in 0..<5 {
            try await store.answers.put(
                CachedAnswer(id: "\(index)", scope: "", model: "fast", body: [], created: Double(index)))
        }
        #expect(try await store.answers.trim(at: 30, keeping: 2) == 3)
        #expect(try await store.answers.remove("4"))
        try await store.answers.put(answer)
        #expect(try await store.answers.removeAll(model: "fast", policy: "v1") == 1)
        #expect(try await !store.answers.remove("4"))
        await #expect(throws: StorageError.self) {
            try await store.feedback.add(Feedback(request: "r", quality: .nan, time: 1))
        }
        await writer.close()
        await store.close()
    }

    @Test func `a batch whose commit was not heard of is written once`() async throws {
        let store = try await Store(TestDatabase.sqlite.make(folder))
        let batchWriter = RecordBatchWriter(writer: "w", texts: .none)
        let settlement = Settlement(
            place: .init(key: "k", account: "a", window: 0, holder: "h"), spent: 5, leased: 0)
        let batch = RecordBatch(
            number: 1, events: SampleRecords.records(3).map { .request($0) }, settlements: [settlement], lost: 2)
        for _ in 0..<3 { try await batchWriter.write(batch, to: store.database) }
        #expect(try await store.requests.count() == 3)
        #expect(try await store.lostRecords() == 2)
        let settled = try await store.database.read {
            try $0.first("SELECT settled FROM ledger") { try $0.int(0) }
        }
        #expect(settled == 5)
    }
}
