import Dispatch
import Foundation
import Synchronization

/// Waits on a connection of its own for what other processes announce (`LISTEN`).
///
/// After the connection broke it is opened again, and every stream gets a signal, for something may have been missed.
final class PostgresListener: Sendable {
    /// The server's channel; a notification's content is the channel of this room.
    static let channel = "cascade_changes"

    private let address: String
    private let place: String
    private let hub = ChangeHub()
    private let state = Mutex((isStarted: false, isClosed: false))
    private let ended = DispatchGroup()

    init(_ address: String, place: String) {
        self.address = address
        self.place = place
    }

    func changes(on channel: String) -> AsyncStream<Void> {
        let starts = state.withLock { state in
            defer { state.isStarted = true }
            return !state.isStarted && !state.isClosed
        }
        if starts {
            ended.enter()
            // A thread of its own, since it blocks for as long as the database is open.
            Thread.detachNewThread { [self] in
                run()
                ended.leave()
            }
        }
        return hub.stream(on: channel)
    }

    /// Ends all streams; the thread ends soon after.
    func stop() {
        state.withLock { $0.isClosed = true }
        hub.close()
    }

    func close() async {
        stop()
        await withCheckedContinuation { continuation in
            ended.notify(queue: .global()) { continuation.resume() }
        }
    }

    private var isClosed: Bool { state.withLock { $0.isClosed } }

    private func run() {
        var pause: UInt32 = 50_000
        while !isClosed {
            if let connection = try? PostgresConnection(address, place: place),
                (try? connection.command("LISTEN \(Self.channel)")) != nil
            {
                pause = 50_000
                hub.signal()
                listen(connection)
            } else {
                usleep(pause)
                pause = min(pause * 2, 1_000_000)
            }
        }
    }

    private func listen(_ connection: PostgresConnection) {
        while !isClosed {
            var socket = pollfd(fd: connection.socket, events: Int16(POLLIN), revents: 0)
            // Short enough for closing not to take long.
            _ = poll(&socket, 1, 200)
            guard let channels = try? connection.notifications() else { return }
            for channel in channels { hub.signal(channel) }
        }
    }
}
