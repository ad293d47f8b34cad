import Dispatch
import Synchronization

/// Connections to one server, each lent to one transaction at a time.
final class PostgresPool: Sendable {
    /// A connection that is handed from thread to thread.
    struct Lent: @unchecked Sendable {  // the pool lends it to one transaction at a time
        let connection: PostgresConnection
    }

    private struct State {
        var idle: [Lent] = []
        var open = 0
        var waiting: [CheckedContinuation<Lent?, any Error>] = []
        var isClosed = false
    }

    private let address: String
    private let place: String
    private let limit: Int
    private let queue = DispatchQueue(label: "cascade.postgres", attributes: .concurrent)
    private let state = Mutex(State())

    init(_ address: String, place: String, limit: Int) {
        self.address = address
        self.place = place
        self.limit = limit
    }

    /// Runs `body` with a connection, on a thread that may block.
    ///
    /// An idle connection may have died since it was used: where `body` finds that out before anything was done (it throws
    /// ``PostgresPool/Stale``), it is run again with a new one.
    func with<Result: Sendable>(
        _ body: @escaping @Sendable (PostgresConnection) throws -> Result
    ) async throws -> Result {
        while true {
            let lent = try await borrow()
            let result: Swift.Result<Result, any Error> = await withCheckedContinuation { continuation in
                queue.async {
                    continuation.resume(returning: Swift.Result { try body(lent.connection) })
                }
            }
            giveBack(lent)
            if case .failure(is Stale) = result { continue }
            return try result.get()
        }
    }

    /// The connection was dead before anything was done with it.
    struct Stale: Error {}

    func close() {
        let (idle, waiting) = state.withLock { state in
            state.isClosed = true
            defer { (state.idle, state.waiting) = ([], []) }
            state.open -= state.idle.count
            return (state.idle, state.waiting)
        }
        _ = idle
        for continuation in waiting { continuation.resume(throwing: StorageError.closed(place: place)) }
    }

    private func borrow() async throws -> Lent {
        while true {
            let lent: Lent? = try await withCheckedThrowingContinuation { continuation in
                let answer: Swift.Result<Lent?, any Error>? = state.withLock { state in
                    if state.isClosed { return .failure(StorageError.closed(place: place)) }
                    if let lent = state.idle.popLast() { return .success(lent) }
                    if state.open < limit {
                        state.open += 1
                        return .success(nil)
                    }
                    state.waiting.append(continuation)
                    return nil
                }
                if let answer { continuation.resume(with: answer) }
            }
            if let lent { return lent }
            // There is room for a new one, and it is this caller's to open.
            do {
                let (address, place) = (address, place)
                return try await withCheckedThrowingContinuation { continuation in
                    queue.async {
                        continuation.resume(
                            with: Swift.Result {
                                Lent(connection: try PostgresConnection(address, place: place))
                            })
                    }
                }
            } catch {
                drop()
                throw error
            }
        }
    }

    private func giveBack(_ lent: Lent) {
        if !lent.connection.isAlive {
            drop()
            return
        }
        let next: CheckedContinuation<Lent?, any Error>? = state.withLock { state in
            if state.isClosed {
                state.open -= 1
                return nil
            }
            if state.waiting.isEmpty {
                state.idle.append(lent)
                return nil
            }
            return state.waiting.removeFirst()
        }
        next?.resume(returning: lent)
    }

    /// A connection is gone; whoever waits may open another.
    private func drop() {
        let next: CheckedContinuation<Lent?, any Error>? = state.withLock { state in
            if state.waiting.isEmpty {
                state.open -= 1
                return nil
            }
            return state.waiting.removeFirst()
        }
        next?.resume(returning: nil)
    }
}
