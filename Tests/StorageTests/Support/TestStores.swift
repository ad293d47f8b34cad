import StorageTesting
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
