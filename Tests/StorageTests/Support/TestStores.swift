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

    /// Whether there are soon more than `count` signals. The limit is for those that never come.
    func passes(_ count: Int, within limit: Duration = .seconds(60)) async -> Bool {
        let deadline = ContinuousClock.now + limit
        while self.count <= count {
            if ContinuousClock.now > deadline { return false }
            try? await Task.sleep(for: .milliseconds(2))
        }
        return true
    }

    /// Returns when the stream has ended.
    func end() async { await task.value }

    /// Stops counting, and lets go of the stream.
    func stop() { task.cancel() }
}

extension Database {
    /// Waits until changes are heard of as they come, and what comes by itself is over; whether that is so.
    ///
    /// A stream has a signal at once, and one when the listening has begun or begun again: two at most. Whoever has had three
    /// has heard of a change; and a stream that begins after that has one signal by itself.
    func hearsOfChanges() async throws -> Bool {
        let signals = ChangeCount(changes(on: "heard"))
        defer { signals.stop() }
        for _ in 0..<600 {
            try await write { try $0.announce("heard") }
            if await signals.passes(2, within: .milliseconds(100)) { return true }
        }
        return false
    }
}

/// Waits until `condition` holds, at most so many seconds; says whether it did. The bound is for what never comes: no test may
/// hang on how fast the machine is.
func eventually(_ seconds: Double = 60, _ condition: () async throws -> Bool) async throws -> Bool {
    let end = ContinuousClock.now.advanced(by: .seconds(seconds))
    while ContinuousClock.now < end {
        if try await condition() { return true }
        try await Task.sleep(for: .milliseconds(5))
    }
    return try await condition()
}
