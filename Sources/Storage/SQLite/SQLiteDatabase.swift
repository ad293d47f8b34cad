import Foundation
import GRDB
import Synchronization

/// A SQLite file in WAL mode: one writer and several readers at a time, in one or several processes of one machine.
///
/// A transaction that returned survives the end of the process, kill -9 included. With `synchronous = NORMAL`, the usual
/// choice for WAL, a power cut may take the last ones back; it never damages the file.
///
/// While it is open the file may be moved or deleted by others. SQLite would go on writing into what has no name any more;
/// here such a write is ``StorageError/unreachable(place:reason:)``, and once a file is back at the path, that one is
/// used. None is made: an empty store in the place of a lost one would look like success.
public final class SQLiteDatabase: Database {
    /// How a file is opened.
    public struct Options: Sendable {
        /// How long a transaction waits for another process's.
        public var busyTimeout: Duration = .seconds(2)
        /// The most the file may hold, in bytes; no bound where it is nil.
        public var maximumBytes: Int?
        /// How often ``Database/changes(on:)`` looks.
        public var changeInterval: Duration = .milliseconds(100)

        /// Whether a file is made where there is none.
        public var createsFile = true

        /// The defaults.
        public init() {}
    }

    private struct State {
        var pool: DatabasePool?
        var file: FileIdentity
        var poller: Task<Void, Never>?
    }

    public let place: String
    private let options: Options
    private let state: Mutex<State>
    private let hub = ChangeHub()

    /// Opens the file at `path`, or makes it.
    /// - Throws: ``StorageError``.
    public init(path: String, options: Options = Options()) throws {
        place = path
        self.options = options
        let folder = URL(fileURLWithPath: path).deletingLastPathComponent().path
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: folder, isDirectory: &isFolder), isFolder.boolValue else {
            throw StorageError.unreachable(place: path, reason: "there is no folder \(folder)")
        }
        if !options.createsFile, FileIdentity(path: path) == nil {
            throw StorageError.unreachable(place: path, reason: "there is no such file")
        }
        let pool = try Self.open(path, options)
        guard let file = FileIdentity(path: path) else {
            throw StorageError.unreachable(place: path, reason: "the file went away while it was opened")
        }
        state = Mutex(State(pool: pool, file: file))
    }

    deinit { state.withLock { $0.poller }?.cancel() }

    public var dialect: SQLDialect { .sqlite }

    public func read<Result: Sendable>(
        _ body: @escaping @Sendable (any DatabaseConnection) throws -> Result
    ) async throws -> Result {
        let pool = try currentPool()
        let place = place
        return try await withCheckedThrowingContinuation { continuation in
            pool.asyncRead { reader in
                continuation.resume(
                    with: Swift.Result {
                        try SQLiteConnection.translating(place) {
                            try body(SQLiteConnection(try reader.get(), place: place))
                        }
                    })
            }
        }
    }

    public func write<Result: Sendable>(
        _ body: @escaping @Sendable (any DatabaseConnection) throws -> Result
    ) async throws -> Result {
        let pool = try currentPool()
        let place = place
        return try await withCheckedThrowingContinuation { continuation in
            pool.asyncWrite {
                try body(SQLiteConnection($0, place: place))
            } completion: { _, result in
                continuation.resume(with: result.mapError { SQLiteConnection.translated($0, place) })
            }
        }
    }

    public func changes(on channel: String) -> AsyncStream<Void> {
        state.withLock { state in
            if state.poller == nil, state.pool != nil {
                let interval = options.changeInterval
                state.poller = Task { [weak self] in
                    var known: [String: Int]?
                    while !Task.isCancelled {
                        guard let numbers = await self?.changeNumbers() else { return }
                        if let numbers {
                            if let known {
                                for (channel, number) in numbers where known[channel] != number {
                                    self?.hub.signal(channel)
                                }
                            } else {
                                // A change since the first stream began is in these numbers already.
                                self?.hub.signal()
                            }
                            known = numbers
                        }
                        try? await Task.sleep(for: interval)
                    }
                }
            }
        }
        return hub.stream(on: channel)
    }

    public func close() async {
        let (pool, poller) = state.withLock { state in
            defer { (state.pool, state.poller) = (nil, nil) }
            return (state.pool, state.poller)
        }
        poller?.cancel()
        hub.close()
        try? pool?.close()
    }

    /// The counters of all channels; nil inside where they can't be read just now.
    private func changeNumbers() async -> [String: Int]?? {
        do {
            return try await read { connection in
                Dictionary(
                    try connection.rows("SELECT channel, number FROM changes") { (try $0.text(0), try $0.int(1)) }
                ) { $1 }
            }
        } catch {
            return .some(nil)
        }
    }

    /// The open file, which is opened again where another one has its name now.
    private func currentPool() throws -> DatabasePool {
        try state.withLock { state in
            guard let pool = state.pool else { throw StorageError.closed(place: place) }
            guard let file = FileIdentity(path: place) else {
                throw StorageError.unreachable(place: place, reason: "the file is not there any more")
            }
            if file == state.file { return pool }
            let next = try Self.open(place, options)
            (state.pool, state.file) = (next, file)
            return next
        }
    }

    private static func open(_ path: String, _ options: Options) throws -> DatabasePool {
        var configuration = Configuration()
        configuration.busyMode = .timeout(options.busyTimeout / .seconds(1))
        configuration.label = "cascade.store"
        let maximumBytes = options.maximumBytes
        configuration.prepareDatabase { database in
            if database.configuration.readonly { return }
            try database.execute(sql: "PRAGMA synchronous = NORMAL")
            if let maximumBytes {
                let page = try Int.fetchOne(database, sql: "PRAGMA page_size") ?? 4096
                try database.execute(sql: "PRAGMA max_page_count = \(max(1, maximumBytes / page))")
            }
        }
        // Several processes that open a new file at once may refuse each other the change to WAL without waiting.
        let deadline = ContinuousClock.now + options.busyTimeout
        while true {
            do {
                return try DatabasePool(path: path, configuration: configuration)
            } catch {
                let translated = SQLiteConnection.translated(error, path)
                guard case .locked? = translated as? StorageError, ContinuousClock.now < deadline else {
                    throw translated
                }
                usleep(20_000)
            }
        }
    }
}

/// Which file a path names: the file system's own number for it.
private struct FileIdentity: Equatable {
    var device: UInt64
    var number: UInt64

    init?(path: String) {
        var status = stat()
        guard stat(path, &status) == 0 else { return nil }
        device = UInt64(status.st_dev)
        number = UInt64(status.st_ino)
    }
}
