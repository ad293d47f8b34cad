import Foundation
import StorageTesting
import Testing

@testable import Storage

@Suite(.timeLimit(.minutes(5))) struct `sqlite` {
    let folder: ScratchFolder

    init() throws { folder = try ScratchFolder() }

    @Test func `numbers parameters by their numbers, not by where they stand`() {
        #expect(SQLiteConnection.numbered("SELECT $2, $1, '$3 it''s $4', $10") == "SELECT ?2, ?1, '$3 it''s $4', ?10")
        #expect(SQLiteConnection.numbered("SELECT 1") == "SELECT 1")
    }

    @Test func `what can't be opened is a typed error`() async throws {
        func failure(_ path: String, _ options: SQLiteDatabase.Options = .init()) async -> StorageError? {
            await #expect(throws: StorageError.self) {
                _ = try await Store(SQLiteDatabase(path: path, options: options))
            }
        }
        guard case .unreachable = await failure(folder.path("none/a.sqlite")) else {
            Issue.record("a folder that is not there")
            return
        }
        var existing = SQLiteDatabase.Options()
        existing.createsFile = false
        guard case .unreachable = await failure(folder.path("none.sqlite"), existing) else {
            Issue.record("a file that is not there")
            return
        }
        guard case .unreachable = await failure(folder.root) else {
            Issue.record("a folder in the place of a file")
            return
        }
        let text = folder.path("text")
        try String(repeating: "not a database. ", count: 500).write(toFile: text, atomically: false, encoding: .utf8)
        guard case .damaged = await failure(text) else {
            Issue.record("a file that is no database")
            return
        }
    }

    @Test func `another file in the place of the open one is opened`() async throws {
        let (path, copy) = (folder.path("store.sqlite"), folder.path("copy.sqlite"))
        let store = try await Store.open(path)
        try await store.policies.add("{old}", model: "m")
        let other = try await Store.open(copy)
        try await other.policies.add("{new}", model: "m")
        await other.close()
        for ending in ["-wal", "-shm"] { try? FileManager.default.removeItem(atPath: path + ending) }
        #expect(rename(copy, path) == 0)
        #expect(try await store.policies.all().map(\.content) == ["{new}"])
        await store.close()
    }

    @Test func `a file system without room is a typed error, and goes on when there is room again`() async throws {
        // A tiny file system of its own needs root.
        let mount = folder.path("tiny")
        try FileManager.default.createDirectory(atPath: mount, withIntermediateDirectories: true)
        guard shell("mount -t tmpfs -o size=1m tmpfs '\(mount)'") == 0 else {
            print("StorageTests: no file system can be mounted here; the test on a full one is skipped")
            return
        }
        defer { _ = shell("umount -l '\(mount)'") }
        let store = try await Store.open("\(mount)/store.sqlite")
        var options = RecordWriter.Options()
        (options.capacity, options.batch, options.longestPause) = (100, 20, .milliseconds(20))
        let writer = RecordWriter(store, options: options)
        let filler = "\(mount)/filler"
        _ = shell("head -c 400000 /dev/zero > '\(filler)'")
        var submitted = 0
        for record in SampleRecords.records(3_000) {
            writer.submit(.request(record))
            submitted += 1
            if writer.failure != nil, writer.counts.lost > 0 { break }
            if writer.counts.waiting > 60 { try await Task.sleep(for: .milliseconds(2)) }
        }
        guard case .full? = writer.failure else {
            Issue.record("\(String(describing: writer.failure))")
            return
        }
        let written = writer.counts.written
        #expect(written > 0)
        #expect(try await store.requests.count() >= written)
        _ = shell("rm '\(filler)'")
        #expect(try await eventually { writer.counts.waiting == 0 })
        let counts = writer.counts
        #expect(counts.written + counts.lost == submitted && counts.lost > 0)
        #expect(try await store.requests.count() == counts.written)
        await writer.close()
        await store.close()
    }

    private func shell(_ command: String) -> Int32 {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/bin/sh")
        process.arguments = ["-c", command + " 2>/dev/null"]
        try? process.run()
        process.waitUntilExit()
        return process.terminationStatus
    }
}
