import Cascades
import Foundation
import NIOHTTP1
import Storage
import StorageTesting
import Testing

@testable import Gateway

@Suite(.timeLimit(.minutes(5))) struct `a gateway whose store is in trouble` {
    /// A gateway on a store of few bytes that can be opened elsewhere too.
    private func run<Result>(
        _ options: SQLiteDatabase.Options = SQLiteDatabase.Options(), buffer: Int = 100_000,
        _ body: (StoredGateway, ScratchFolder) async throws -> Result
    ) async throws -> Result {
        try await ScriptedUpstream.run { _ in
            .completion("hi")
        } _: { upstream in
            let folder = try ScratchFolder()
            var options = options
            options.busyTimeout = .milliseconds(50)
            let store = try await Store(SQLiteDatabase(path: folder.path("gateway.sqlite"), options: options))
            let result = try await StoredGateway.run(
                upstream, store: store,
                configure: {
                    $0.keeping.writer.capacity = buffer
                    $0.keeping.writer.longestPause = .milliseconds(20)
                }
            ) { try await body($0, folder) }
            await store.close()
            return result
        }
    }

    @Test func `goes on while another process locks it, and writes all that came meanwhile`() async throws {
        try await run { gateway, folder in
            let made = try await gateway.makeKey(limits: [Limit(.requests, 1_000, per: .total)])
            #expect(try await gateway.ask(key: made.key.secret).status == 200)
            let other = try SQLiteDatabase(path: folder.path("gateway.sqlite"))
            let (isHeld, isLocked) = (TestFlag(true), TestFlag(false))
            defer { isHeld.set(false) }
            let locking = Task {
                try await other.write { connection in
                    try connection.execute("UPDATE store_versions SET version = version")
                    isLocked.set(true)
                    while isHeld.isSet { usleep(2_000) }
                }
            }
            #expect(try await eventually { isLocked.isSet })
            for _ in 0..<100 { #expect(try await gateway.ask(key: made.key.secret).status == 200) }
            // What is judged meanwhile is taken too.
            let id = try #require(try await gateway.ask(key: made.key.secret)("x-cascade-request-id"))
            let feedback = try await gateway.send(
                .POST, "/v1/feedback", #"{"request_id": "\#(id)", "thumbs": "up"}"#, key: made.key.secret)
            #expect(feedback.status == 202 && feedback.body.contains("\"stored\":false"), "\(feedback.body)")
            #expect(gateway.services.writer.counts.waiting > 0)
            #expect(try await eventually { gateway.services.writer.failure != nil })
            isHeld.set(false)
            try await locking.value
            #expect(try await eventually { gateway.services.writer.counts.waiting == 0 })
            #expect(gateway.services.writer.counts.lost == 0)
            #expect(try await gateway.store.requests.count() == 102)
            let limit = made.record.limits[0]
            let spent = try await gateway.store.ledger.spent(made.record.id, limit, at: 0)
            #expect(spent.settled == 102, "\(spent)")
            #expect(try await gateway.store.feedback.all(of: id).count == 1)
            await other.close()
        }
    }

    @Test func `goes on while it is gone, as far as its buffer reaches, and says what was lost`() async throws {
        try await run(buffer: 60) { gateway, folder in
            let made = try await gateway.makeKey(limits: [Limit(.requests, 10_000, per: .total)])
            #expect(try await gateway.ask(key: made.key.secret).status == 200)
            try await gateway.services.writer.flush()
            let path = folder.path("gateway.sqlite")
            for ending in ["", "-wal", "-shm"] {
                try? FileManager.default.moveItem(atPath: path + ending, toPath: folder.path("away") + ending)
            }
            // Keys that were known are known; what was leased is spent.
            for _ in 0..<100 { #expect(try await gateway.ask(key: made.key.secret).status == 200) }
            #expect(try await gateway.ask(key: "csk-wrong").status == 401)
            let store = try await gateway.administer(.GET, "keys")
            #expect(store.status == 503 && store.json["error"]?["code"]?.text == "store_unavailable")
            let counts = gateway.services.writer.counts
            #expect(counts.waiting == 60 && counts.lost == 40, "\(counts)")
            for ending in ["", "-wal", "-shm"] {
                try? FileManager.default.moveItem(atPath: folder.path("away") + ending, toPath: path + ending)
            }
            #expect(try await eventually { gateway.services.writer.counts.waiting == 0 })
            #expect(try await gateway.store.requests.count() == 61)
            // The loss is noted where the records would be, and no spending is lost with them.
            #expect(try await gateway.store.lostRecords() == 40)
            let limit = made.record.limits[0]
            #expect(try await gateway.store.ledger.spent(made.record.id, limit, at: 0).settled == 101)
        }
    }

    @Test func `goes on while it is full, and again when there is room`() async throws {
        var options = SQLiteDatabase.Options()
        options.maximumBytes = 400_000
        try await run(options) { gateway, folder in
            let filler = try SQLiteDatabase(path: folder.path("gateway.sqlite"))
            try await filler.write { connection in
                try connection.execute("CREATE TABLE filler (b BLOB)")
                try connection.execute("INSERT INTO filler VALUES (zeroblob(380000))")
            }
            var count = 0
            while gateway.services.writer.failure == nil, count < 3_000 {
                #expect(try await gateway.ask().status == 200)
                count += 1
            }
            guard case .full? = gateway.services.writer.failure else {
                Issue.record("\(String(describing: gateway.services.writer.failure)) after \(count)")
                return
            }
            for _ in 0..<20 { #expect(try await gateway.ask().status == 200) }
            try await filler.write { _ = try $0.execute("DROP TABLE filler") }
            #expect(try await eventually { gateway.services.writer.counts.waiting == 0 })
            #expect(gateway.services.writer.counts.lost == 0)
            #expect(try await gateway.store.requests.count() == count + 20)
            await filler.close()
        }
    }

    @Test func `writes what waits before it ends`() async throws {
        let folder = try ScratchFolder()
        let store = try await Store.open(folder.path("gateway.sqlite"))
        try await ScriptedUpstream.run { _ in
            .completion("hi")
        } _: { upstream in
            var configuration = try RunningGateway.configuration(["small": upstream])
            configuration.keeping.writer.interval = .seconds(60)
            try await RunningGateway.run(configuration, store: store) { gateway in
                for _ in 0..<30 { _ = try await gateway.post("/v1/chat/completions", RunningGateway.chat("small")) }
            }
        }
        #expect(try await store.requests.count() == 30)
        // And it holds nothing any more.
        let holders = try await store.database.read { try $0.first("SELECT COUNT(*) FROM gateways") { try $0.int(0) } }
        #expect(holders == 0)
        await store.close()
    }

    @Test func `old requests are taken away where that is asked for`() async throws {
        let clock = TestTime(1_700_000_000)
        try await ScriptedUpstream.run { _ in
            .completion("hi")
        } _: { upstream in
            let folder = try ScratchFolder()
            let path = folder.path("gateway.sqlite")
            for (count, time) in [(3, 1_700_000_000), (2, 1_700_000_000 + 11 * 86_400)] as [(Int, Double)] {
                clock.set(time)
                let store = try await Store.open(path)
                try await StoredGateway.run(
                    upstream, store: store,
                    configure: {
                        $0.time = { clock.now }
                        $0.keeping.keepDays = 10
                        // The clock is believed at once.
                        $0.keeping.patience = 0
                    }
                ) { gateway in
                    for _ in 0..<count { _ = try await gateway.ask() }
                    try await gateway.services.writer.flush()
                    #expect(try await eventually { try await gateway.store.requests.count() == count })
                }
                await store.close()
            }
        }
    }
}
