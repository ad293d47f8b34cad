import NIOCore
import Synchronization

/// Bytes from a task that makes them to one that reads them.
final class BytePipe: ByteSource {
    private struct State {
        var buffer = ByteBuffer()
        var isOver = false
        var error: StageError?
        var isPoked = false
        var waiter: CheckedContinuation<Result<ByteBuffer?, StageError>, Never>?
        var maker: Task<Void, Never>?
    }

    private let state = Mutex(State())

    /// Runs `make`, which writes into the pipe and ends it by returning.
    func run(_ make: @escaping @Sendable (BytePipe) async throws -> Void) {
        let task = Task {
            do {
                try await make(self)
                finish(nil)
            } catch let error as StageError {
                finish(error)
            } catch {
                finish(error is CancellationError ? .cancelled : .broken(reason: "\(error)"))
            }
        }
        let isOver = state.withLock { state in
            state.maker = task
            return state.error == .cancelled
        }
        if isOver { task.cancel() }
    }

    func write(_ bytes: ByteBuffer) {
        guard bytes.readableBytes > 0 else { return }
        let waiter = state.withLock { state -> CheckedContinuation<Result<ByteBuffer?, StageError>, Never>? in
            if let waiter = state.waiter {
                state.waiter = nil
                return waiter
            }
            state.buffer.writeImmutableBuffer(bytes)
            return nil
        }
        waiter?.resume(returning: .success(bytes))
    }

    private func finish(_ error: StageError?) {
        let waiter = state.withLock { state -> CheckedContinuation<Result<ByteBuffer?, StageError>, Never>? in
            if state.isOver { return nil }
            state.isOver = true
            state.error = error
            defer { state.waiter = nil }
            return state.waiter
        }
        if let error { waiter?.resume(returning: .failure(error)) } else { waiter?.resume(returning: .success(nil)) }
    }

    func next() async throws(StageError) -> ByteBuffer? {
        try await withTaskCancellationHandler {
            await withCheckedContinuation {
                (continuation: CheckedContinuation<Result<ByteBuffer?, StageError>, Never>) in
                let ready: Result<ByteBuffer?, StageError>? = state.withLock { state in
                    if state.buffer.readableBytes > 0 {
                        defer { state.buffer = ByteBuffer() }
                        return .success(state.buffer)
                    }
                    if let error = state.error { return .failure(error) }
                    if state.isOver { return .success(nil) }
                    if state.isPoked {
                        state.isPoked = false
                        return .success(ByteBuffer())
                    }
                    state.waiter = continuation
                    return nil
                }
                if let ready { continuation.resume(returning: ready) }
            }
        } onCancel: {
            cancel()
        }.get()
    }

    func poke() {
        let waiter = state.withLock { state -> CheckedContinuation<Result<ByteBuffer?, StageError>, Never>? in
            guard let waiter = state.waiter else {
                state.isPoked = true
                return nil
            }
            state.waiter = nil
            return waiter
        }
        waiter?.resume(returning: .success(ByteBuffer()))
    }

    func cancel() {
        finish(.cancelled)
        state.withLock { $0.maker }?.cancel()
    }
}
