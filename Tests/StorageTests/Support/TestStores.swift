import Foundation
import Synchronization
import Testing

@testable import Storage

/// The databases that the same tests run on.
enum TestDatabase: String, CaseIterable, CustomTestStringConvertible, Sendable {
    case sqlite, postgres

    var testDescription: String { rawValue }

    /// Those that there are on this machine.
    static let available: [TestDatabase] = PostgresServer.shared == nil ? [.sqlite] : [.sqlite, .postgres]

    /// A new empty database; gone with the folder, or with the server.
    func make(_ folder: ScratchFolder, _ name: String = "store") throws -> any Database {
        switch self {
        case .sqlite: try SQLiteDatabase(path: folder.path("\(name).sqlite"))
        case .postgres: PostgresDatabase(try #require(PostgresServer.shared).newDatabase())
        }
    }
}

/// Counts the signals of a stream.
final class ChangeCount: Sendable {
    private final class Counter: Sendable { let value = Mutex(0) }

    private let counter: Counter
    private let task: Task<Void, Never>

    init(_ changes: AsyncStream<Void>) {
        let counter = Counter()
        self.counter = counter
        task = Task { for await _ in changes { counter.value.withLock { $0 += 1 } } }
    }

    var count: Int { counter.value.withLock { $0 } }

    /// Whether more than `count` signals are there in time.
    func passes(_ count: Int, within limit: Duration) async -> Bool {
        let deadline = ContinuousClock.now + limit
        while self.count <= count {
            if ContinuousClock.now > deadline { return false }
            try? await Task.sleep(for: .milliseconds(2))
        }
        return true
    }

    /// Returns when the stream has ended.
    func end() async { await task.value }
}

/// A folder of one test, gone when the test is over.
final class ScratchFolder: Sendable {
    let root: String

    init() throws {
        root = FileManager.default.temporaryDirectory.appendingPathComponent("storage-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: root, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: root) }

    func path(_ name: String) -> String { root + "/" + name }
}

/// A PostgreSQL server of the tests' own, in a temporary folder, heard on a socket in that folder only. It ends with the
/// tests, however these end: its keeper reads from a pipe that closes then.
final class PostgresServer: Sendable {
    /// One server for all tests; nil, with a word why, where there can be none.
    static let shared: PostgresServer? = {
        do { return try PostgresServer() } catch {
            print("StorageTests: the tests on PostgreSQL are skipped: \(error)")
            return nil
        }
    }()

    struct Unavailable: Error, CustomStringConvertible {
        var description: String
    }

    private let folder: ScratchFolder
    private let keeper: Process
    private let pipe = Pipe()
    private let count = Mutex(0)
    private let programs: String
    /// What runs a program as a user that the server accepts: it refuses to run as root.
    private let become: [String]

    init() throws {
        let files = FileManager.default
        let roots = ["/usr/lib/postgresql", "/opt/homebrew/opt", "/usr/local/opt"]
        let folders = roots.flatMap { root in
            ((try? files.contentsOfDirectory(atPath: root)) ?? []).sorted().reversed().map { "\(root)/\($0)/bin" }
        }
        guard let programs = folders.first(where: { files.isExecutableFile(atPath: "\($0)/initdb") }) else {
            throw Unavailable(description: "no initdb was found. On Debian: apt-get install postgresql")
        }
        self.programs = programs
        let folder = try ScratchFolder()
        self.folder = folder
        if getuid() == 0 {
            guard getpwnam("postgres") != nil else {
                throw Unavailable(description: "root can't run a server and there is no user postgres")
            }
            become = ["/usr/sbin/runuser", "-u", "postgres", "--"]
            try files.setAttributes([.posixPermissions: 0o777], ofItemAtPath: folder.root)
        } else {
            become = []
        }
        keeper = Process()
        keeper.executableURL = URL(fileURLWithPath: "/bin/bash")
        keeper.arguments =
            [
                "-c",
                """
                cd "$2" || exit 1
                "${@:3}" "$1/initdb" -D data -U cascade -A trust -E UTF8 --locale=C --no-sync >initdb.log 2>&1 || exit 1
                # A pipe as the input of the keeper only: the server must not hold it open.
                "${@:3}" "$1/postgres" -D data -k "$2" -c listen_addresses= -c fsync=off -c max_connections=60 \
                    </dev/null >server.log 2>&1 &
                server=$!
                cat >/dev/null
                kill -INT $(head -1 data/postmaster.pid) || kill $server
                wait $server
                rm -rf "$2"
                """, "keeper", programs, folder.root,
            ] + become
        keeper.standardInput = pipe
        try keeper.run()
        let deadline = Date() + 60
        while (try? psql("SELECT 1", database: "postgres")) == nil {
            guard keeper.isRunning, Date() < deadline else {
                let log = ["initdb.log", "server.log"].compactMap {
                    try? String(contentsOfFile: folder.path($0), encoding: .utf8)
                }
                throw Unavailable(description: "no server could be started: \(log.joined().suffix(500))")
            }
            usleep(50_000)
        }
    }

    /// The address of a new, empty database.
    func newDatabase() throws -> String {
        let name = count.withLock { count in
            count += 1
            return "test\(count)"
        }
        try psql("CREATE DATABASE \(name)", database: "postgres")
        return address(name)
    }

    func address(_ database: String) -> String { "postgresql:///\(database)?host=\(folder.root)&user=cascade" }

    /// Ends all connections to the database of `address`, as a restart of the server would.
    func disconnect(_ address: String) throws {
        let name = address.dropFirst("postgresql:///".count).prefix { $0 != "?" }
        try psql(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '\(name)'", database: "postgres")
    }

    /// Runs `sql` by the server's own client.
    func psql(_ sql: String, database: String) throws {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "\(programs)/psql")
        process.arguments = ["-q", "-X", "-v", "ON_ERROR_STOP=1", "-c", sql, address(database)]
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        process.standardInput = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        if process.terminationStatus != 0 { throw Unavailable(description: "psql failed on \(sql)") }
    }
}
