import Synchronization

/// Streams of signals by channel; signals that nobody has taken yet are one.
final class ChangeHub: Sendable {
    private struct State {
        var next = 0
        var streams: [Int: Listener] = [:]
        var isClosed = false
    }

    private struct Listener {
        var channel: String
        var continuation: AsyncStream<Void>.Continuation
    }

    private let state = Mutex(State())

    /// A stream of the signals on `channel`; the first is there at once.
    func stream(on channel: String) -> AsyncStream<Void> {
        let (stream, continuation) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        let id: Int? = state.withLock { state in
            if state.isClosed { return nil }
            state.next += 1
            state.streams[state.next] = Listener(channel: channel, continuation: continuation)
            return state.next
        }
        guard let id else {
            continuation.finish()
            return stream
        }
        continuation.onTermination = { [weak self] _ in self?.remove(id) }
        continuation.yield()
        return stream
    }

    /// Signals on `channel`, or on all where it is nil.
    func signal(_ channel: String? = nil) {
        let listeners = state.withLock { Array($0.streams.values) }
        for listener in listeners where channel == nil || listener.channel == channel {
            listener.continuation.yield()
        }
    }

    /// Ends all streams.
    func close() {
        let listeners = state.withLock { state in
            state.isClosed = true
            return Array(state.streams.values)
        }
        for listener in listeners { listener.continuation.finish() }
    }

    private func remove(_ id: Int) { state.withLock { _ = $0.streams.removeValue(forKey: id) } }
}
