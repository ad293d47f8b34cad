import Cascades
import Foundation
import Probability
import StorageTesting
import Testing

@testable import Storage

/// The process that is killed: these tests' own program, run again with this test alone.
@Suite(.timeLimit(.minutes(5))) struct `storage child` {
    static let variable = "CASCADE_STORAGE_CHILD"

    /// Writes records with spending for ever; says on standard output which ones were acknowledged.
    @Test(.enabled(if: ProcessInfo.processInfo.environment[variable] != nil))
    func `storage child process`() async throws {
        let address = try #require(ProcessInfo.processInfo.environment[Self.variable])
        let store = try await Store.open(address)
        let keeper = store.budgetKeeper()
        var options = RecordWriter.Options()
        options.interval = .milliseconds(1)
        let writer = RecordWriter(store, options: options, acknowledge: keeper.acknowledge)
        let budget = keeper.budget(of: "key", limits: [Limit(.money, 1_000, per: .total)])
        let name = ProcessInfo.processInfo.environment["CASCADE_STORAGE_CHILD_NAME"] ?? "a"
        var random = Random(seed: 1)
        var number = 0
        while true {
            for _ in 0..<(1 + random.integer(below: 40)) {
                let usage = Usage(nanodollars: Int64(1 + random.integer(below: 1_000)), requests: 1)
                let reservation = try await keeper.reserve(usage, from: budget)
                var record = SampleRecords.record("\(name)\(number)", &random)
                // What it spent stands in the record too, so that both can be compared.
                record.cost.tokensIn = Double(usage.nanodollars)
                writer.submit(.request(record), spending: keeper.settle(reservation, usage, of: budget))
                number += 1
            }
            try await writer.flush()
            let line = Array("\(number)\n".utf8)
            _ = line.withUnsafeBytes { write(3, $0.baseAddress, $0.count) }
        }
    }
}

@Suite(.timeLimit(.minutes(5))) struct `crashes` {
    let folder: ScratchFolder

    init() throws { folder = try ScratchFolder() }

    @Test(arguments: TestDatabase.available)
    func `kill -9 loses nothing that was acknowledged`(_ kind: TestDatabase) async throws {
        let address =
            switch kind {
            case .sqlite: folder.path("store.sqlite")
            case .postgres: try #require(PostgresServer.shared).newDatabase()
            }
        var random = Random(seed: 9)
        var acknowledged: [String: Int] = [:]
        // Twice in a row on the same store, the second time beside another writer.
        for names in [["a"], ["b", "c"]] {
            let children = try names.map { try Child(address, name: $0, folder) }
            // Killed at any time once it works, however slow the machine is.
            for child in children {
                #expect(try await eventually(120) { child.acknowledged() > 0 })
            }
            try await Task.sleep(for: .milliseconds(200 + random.integer(below: 500)))
            for child in children {
                kill(child.process.processIdentifier, SIGKILL)
                child.process.waitUntilExit()
                #expect(child.process.terminationReason == .uncaughtSignal)
            }
            for child in children { acknowledged[child.name] = child.acknowledged() }
        }
        let store = try await Store.open(address)
        for (name, count) in acknowledged {
            #expect(count > 0, "the child '\(name)' acknowledged nothing before it was killed")
            for number in 0..<count {
                if try await store.requests.request("\(name)\(number)") == nil {
                    Issue.record("\(name)\(number) of \(count) is not there")
                    return
                }
            }
        }
        // The ledger has the spending of exactly the records that are there.
        let totals = try await store.database.read { connection in
            (
                try connection.first("SELECT CAST(SUM(tokens_in) AS BIGINT) FROM requests") { try $0.int(0) },
                try connection.first("SELECT CAST(SUM(settled) AS BIGINT) FROM ledger") { try $0.int(0) },
                try connection.first(
                    "SELECT COUNT(*) FROM requests r WHERE NOT EXISTS (SELECT 1 FROM choices c WHERE c.request_id = r.id)"
                ) { try $0.int(0) }
            )
        }
        #expect(totals.0 == totals.1)
        #expect(totals.2 == 0)
        await store.close()
    }

    /// A child process and what it said.
    final class Child {
        let process = Process()
        let name: String
        private let output: String

        init(_ address: String, name: String, _ folder: ScratchFolder) throws {
            self.name = name
            output = folder.path("output-\(name)")
            let program = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
            process.executableURL = URL(fileURLWithPath: "/bin/bash")
            // The third descriptor is for what is acknowledged: the testing library speaks on the first two.
            process.arguments = [
                "-c", "exec \"$0\" --testing-library swift-testing --filter 'storage child process' 3>\"$1\"", program,
                output,
            ]
            process.environment = ProcessInfo.processInfo.environment.merging([
                `storage child`.variable: address, "CASCADE_STORAGE_CHILD_NAME": name,
            ]) { $1 }
            process.standardInput = FileHandle.nullDevice
            process.standardOutput = FileHandle.nullDevice
            process.standardError = FileHandle.nullDevice
            try process.run()
        }

        deinit { if process.isRunning { kill(process.processIdentifier, SIGKILL) } }

        /// The last number that it acknowledged.
        func acknowledged() -> Int {
            guard let text = try? String(contentsOfFile: output, encoding: .utf8) else { return 0 }
            // A line that was cut by the kill was not said.
            return text.split(separator: "\n", omittingEmptySubsequences: false).dropLast().last.flatMap { Int($0) }
                ?? 0
        }
    }
}
