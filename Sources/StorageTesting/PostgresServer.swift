import Foundation
import Synchronization

/// A PostgreSQL server of the tests' own, in a temporary folder, heard on a socket in that folder only. It ends with the
/// tests, however these end: its keeper reads from a pipe that closes then.
public final class PostgresServer: Sendable {
    /// One server for all tests; nil, with a word why, where there can be none.
    public static let shared: PostgresServer? = {
        do { return try PostgresServer() } catch {
            print("The tests on PostgreSQL are skipped: \(error)")
            return nil
        }
    }()

    /// Why there is none.
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

    /// A server that no other test uses: one that may be stopped.
    /// - Throws: what keeps it from running here.
    public init() throws {
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
                start() {
                    # A pipe as the input of the keeper only: the server must not hold it open.
                    "${@:3}" "$1/postgres" -D data -k "$2" -c listen_addresses= -c fsync=off -c max_connections=200 \
                        </dev/null >>server.log 2>&1 &
                    server=$!
                }
                stop() {
                    kill -INT $(head -1 data/postmaster.pid) || kill $server
                    wait $server
                }
                start "$@"
                while read -r word; do
                    case $word in
                    start) start "$@" ;;
                    stop) stop ;;
                    esac
                done
                stop
                rm -rf "$2"
                """, "keeper", programs, folder.root,
            ] + become
        keeper.standardInput = pipe
        try keeper.run()
        try waitUntilHeard()
    }

    /// Waits until the server answers.
    private func waitUntilHeard() throws {
        let deadline = Date() + 120
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
    public func newDatabase() throws -> String {
        let name = count.withLock { count in
            count += 1
            return "test\(count)"
        }
        try psql("CREATE DATABASE \(name)", database: "postgres")
        return address(name)
    }

    /// The address of `database`.
    public func address(_ database: String) -> String { "postgresql:///\(database)?host=\(folder.root)&user=cascade" }

    /// Ends all connections to the database of `address`, as a restart of the server would.
    public func disconnect(_ address: String) throws {
        let name = address.dropFirst("postgresql:///".count).prefix { $0 != "?" }
        try psql(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '\(name)'", database: "postgres")
    }

    /// Stops the server: connections break, and none can be made until ``start()``.
    public func stop() throws {
        pipe.fileHandleForWriting.write(Data("stop\n".utf8))
        let deadline = Date() + 120
        // It takes the file away as the last thing.
        while FileManager.default.fileExists(atPath: folder.path("data/postmaster.pid")) {
            guard Date() < deadline else { throw Unavailable(description: "the server does not stop") }
            usleep(20_000)
        }
    }

    /// Starts the server again.
    public func start() throws {
        pipe.fileHandleForWriting.write(Data("start\n".utf8))
        try waitUntilHeard()
    }

    /// Runs `sql` by the server's own client.
    public func psql(_ sql: String, database: String) throws {
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
