import AsyncHTTPClient
import NIOCore
import NIOHTTP1
import NIOPosix
import Synchronization

/// One call of an endpoint while it runs: takes what comes on the event loop, and gives it to the task that waits.
///
/// A whole answer wakes its task once; a stream wakes it with the head and then whenever bytes are there. When more than
/// ``highWater`` bytes wait to be fetched, reading stops until they are.
final class UpstreamCall: HTTPClientResponseDelegate, ByteSource {
    typealias Response = Void

    /// The head of an answer.
    struct Head: Sendable {
        var status: Int
        var headers: HTTPHeaders
    }

    static let highWater = 256 * 1024

    private enum Waiter {
        case none
        case head(CheckedContinuation<Result<Head, StageError>, Never>)
        case bytes(CheckedContinuation<Result<ByteBuffer?, StageError>, Never>)
        case whole(CheckedContinuation<Result<ByteBuffer, StageError>, Never>)
    }

    private struct State {
        var head: Head?
        var buffer = ByteBuffer()
        var isOver = false
        var error: StageError?
        var waiter = Waiter.none
        var resume: EventLoopPromise<Void>?
        var task: HTTPClient.Task<Void>?
        var isCancelled = false
        var isPoked = false
        /// What fires when the next bytes come too late.
        var watch: Scheduled<Void>?
        var lastProgress = NIODeadline.now()
    }

    private let state: Mutex<State>
    /// Whether the answer is wanted bit by bit.
    private let streams: Bool
    private let limit: Int
    private let timeouts: StageTimeouts
    private let begin = NIODeadline.now()

    /// - Parameter limit: the most bytes of an answer that is not a stream.
    init(streams: Bool, limit: Int, timeouts: StageTimeouts) {
        self.streams = streams
        self.limit = limit
        self.timeouts = timeouts
        state = Mutex(State())
    }

    // MARK: - The task's side

    /// Notes the running request, so that it can be cancelled, and watches over its time.
    func start(_ task: HTTPClient.Task<Void>) {
        let isCancelled = state.withLock { state in
            state.task = task
            return state.isCancelled
        }
        if isCancelled { task.fail(reason: CancellationError()) }
        schedule(on: task.eventLoop, after: min(timeouts.firstByte, timeouts.idle, timeouts.total))
    }

    /// The head of the answer.
    func head() async throws(StageError) -> Head {
        try await withTaskCancellationHandler {
            await withCheckedContinuation { (continuation: CheckedContinuation<Result<Head, StageError>, Never>) in
                let ready: Result<Head, StageError>? = state.withLock { state in
                    if let error = state.error { return .failure(error) }
                    if let head = state.head { return .success(head) }
                    state.waiter = .head(continuation)
                    return nil
                }
                if let ready { continuation.resume(returning: ready) }
            }
        } onCancel: {
            cancel()
        }.get()
    }

    /// All bytes of the answer, once it has ended.
    func whole() async throws(StageError) -> ByteBuffer {
        try await withTaskCancellationHandler {
            await withCheckedContinuation {
                (continuation: CheckedContinuation<Result<ByteBuffer, StageError>, Never>) in
                let (ready, resume): (Result<ByteBuffer, StageError>?, EventLoopPromise<Void>?) = state.withLock {
                    state in
                    if let error = state.error { return (.failure(error), nil) }
                    if state.isOver { return (.success(state.buffer), nil) }
                    state.waiter = .whole(continuation)
                    defer { state.resume = nil }
                    return (nil, state.resume)
                }
                resume?.succeed(())
                if let ready { continuation.resume(returning: ready) }
            }
        } onCancel: {
            cancel()
        }.get()
    }

    func next() async throws(StageError) -> ByteBuffer? {
        try await withTaskCancellationHandler {
            await withCheckedContinuation {
                (continuation: CheckedContinuation<Result<ByteBuffer?, StageError>, Never>) in
                let (ready, resume): (Result<ByteBuffer?, StageError>?, EventLoopPromise<Void>?) = state.withLock {
                    state in
                    if state.buffer.readableBytes > 0 {
                        let bytes = state.buffer
                        state.buffer = ByteBuffer()
                        defer { state.resume = nil }
                        return (.success(bytes), state.resume)
                    }
                    if let error = state.error { return (.failure(error), nil) }
                    if state.isOver { return (.success(nil), nil) }
                    if state.isPoked {
                        state.isPoked = false
                        return (.success(ByteBuffer()), nil)
                    }
                    state.waiter = .bytes(continuation)
                    return (nil, nil)
                }
                resume?.succeed(())
                if let ready { continuation.resume(returning: ready) }
            }
        } onCancel: {
            cancel()
        }.get()
    }

    func poke() {
        let waiter: Waiter = state.withLock { state in
            guard case .bytes = state.waiter else {
                state.isPoked = true
                return .none
            }
            defer { state.waiter = .none }
            return state.waiter
        }
        if case .bytes(let continuation) = waiter { continuation.resume(returning: .success(ByteBuffer())) }
    }

    func cancel() {
        let task = state.withLock { state in
            state.isCancelled = true
            return state.isOver ? nil : state.task
        }
        end(with: .cancelled)
        task?.fail(reason: CancellationError())
    }

    // MARK: - The event loop's side

    func didReceiveHead(task: HTTPClient.Task<Void>, _ head: HTTPResponseHead) -> EventLoopFuture<Void> {
        let head = Head(status: Int(head.status.code), headers: head.headers)
        let waiter: Waiter = state.withLock { state in
            state.head = head
            state.lastProgress = .now()
            guard case .head = state.waiter, streams else { return .none }
            defer { state.waiter = .none }
            return state.waiter
        }
        if case .head(let continuation) = waiter { continuation.resume(returning: .success(head)) }
        return task.eventLoop.makeSucceededVoidFuture()
    }

    func didReceiveBodyPart(task: HTTPClient.Task<Void>, _ buffer: ByteBuffer) -> EventLoopFuture<Void> {
        enum Action {
            case give(CheckedContinuation<Result<ByteBuffer?, StageError>, Never>, ByteBuffer)
            case wait(EventLoopFuture<Void>)
            case tooLarge
            case go
        }
        let action: Action = state.withLock { state in
            state.lastProgress = .now()
            if case .bytes(let continuation) = state.waiter {
                state.waiter = .none
                return .give(continuation, buffer)
            }
            if state.buffer.readableBytes == 0 {
                state.buffer = buffer
            } else {
                state.buffer.writeImmutableBuffer(buffer)
            }
            if !streams || state.head?.status != 200 {
                return state.buffer.readableBytes > limit ? .tooLarge : .go
            }
            // Somebody who wants the whole must not be kept waiting by what nobody takes.
            if case .whole = state.waiter { return state.buffer.readableBytes > limit ? .tooLarge : .go }
            guard state.buffer.readableBytes > Self.highWater, state.resume == nil else { return .go }
            let promise = task.eventLoop.makePromise(of: Void.self)
            state.resume = promise
            return .wait(promise.futureResult)
        }
        switch action {
        case .give(let continuation, let bytes): continuation.resume(returning: .success(bytes))
        case .wait(let future): return future
        case .tooLarge:
            end(with: .tooLarge(limit: limit))
            return task.eventLoop.makeFailedFuture(CancellationError())
        case .go: break
        }
        return task.eventLoop.makeSucceededVoidFuture()
    }

    func didReceiveError(task: HTTPClient.Task<Void>, _ error: any Error) {
        let hasBegun = state.withLock { $0.head != nil }
        end(with: StageError(error, hasBegun: hasBegun, timeouts: timeouts))
    }

    func didFinishRequest(task: HTTPClient.Task<Void>) throws { end(with: nil) }

    /// Ends the call, once, and wakes whoever waits.
    private func end(with error: StageError?) {
        let (waiter, head, bytes, watch, resume, isFirst) = state.withLock { state in
            if state.isOver {
                return (
                    Waiter.none, state.head, ByteBuffer(), nil as Scheduled<Void>?, nil as EventLoopPromise<Void>?,
                    false
                )
            }
            state.isOver = true
            state.error = error
            defer {
                state.waiter = .none
                state.watch = nil
                state.resume = nil
            }
            return (state.waiter, state.head, state.buffer, state.watch, state.resume, true)
        }
        guard isFirst else { return }
        watch?.cancel()
        resume?.succeed(())
        switch waiter {
        case .none: break
        case .head(let continuation):
            if let error {
                continuation.resume(returning: .failure(error))
            } else if let head {
                continuation.resume(returning: .success(head))
            } else {
                continuation.resume(returning: .failure(.broken(reason: "the answer ended before its head")))
            }
        case .bytes(let continuation):
            if let error {
                continuation.resume(returning: .failure(error))
            } else {
                continuation.resume(returning: .success(nil))
            }
        case .whole(let continuation):
            if let error {
                continuation.resume(returning: .failure(error))
            } else {
                continuation.resume(returning: .success(bytes))
            }
        }
    }

    /// Looks again after `seconds` whether something came; a piece that comes in time costs no timer of its own.
    private func schedule(on loop: any EventLoop, after seconds: Double) {
        let scheduled = loop.scheduleTask(in: .nanoseconds(Int64(seconds * 1e9))) { [weak self] in
            guard let self else { return }
            self.look(on: loop)
        }
        let isOver = state.withLock { state in
            if !state.isOver { state.watch = scheduled }
            return state.isOver
        }
        if isOver { scheduled.cancel() }
    }

    private func look(on loop: any EventLoop) {
        enum Verdict {
            case later(Double)
            case late(String, Double)
        }
        let now = NIODeadline.now()
        let elapsed = Double((now - begin).nanoseconds) * 1e-9
        let left = timeouts.total - elapsed
        let verdict: Verdict = state.withLock { state in
            if left <= 0 { return .late("the whole answer", timeouts.total) }
            if state.head == nil {
                // It looks as often as the idle limit asks for, whenever the head comes.
                return elapsed >= timeouts.firstByte
                    ? .late("the first byte", timeouts.firstByte)
                    : .later(min(timeouts.firstByte - elapsed, timeouts.idle, left))
            }
            // While nobody takes what came, silence is the reader's, not the endpoint's.
            let silent =
                state.buffer.readableBytes > 0 && streams
                ? 0 : Double((now - state.lastProgress).nanoseconds) * 1e-9
            return silent >= timeouts.idle
                ? .late("the next byte", timeouts.idle) : .later(min(timeouts.idle - silent, left))
        }
        switch verdict {
        case .later(let seconds): schedule(on: loop, after: max(0.001, seconds))
        case .late(let step, let seconds):
            let task = state.withLock { $0.task }
            end(with: .timedOut(step: step, seconds: seconds))
            task?.fail(reason: CancellationError())
        }
    }
}

extension StageError {
    /// What an error of the HTTP client means.
    init(_ error: any Error, hasBegun: Bool, timeouts: StageTimeouts) {
        switch error {
        case is CancellationError: self = .cancelled
        case let error as HTTPClientError where error == .connectTimeout:
            self = .timedOut(step: "a connection", seconds: timeouts.connect)
        case let error as HTTPClientError where error == .readTimeout:
            self = .timedOut(step: "the next byte", seconds: timeouts.idle)
        case let error as HTTPClientError where error == .getConnectionFromPoolTimeout:
            self = .timedOut(step: "a free connection", seconds: timeouts.connect)
        case let error as HTTPClientError where error == .remoteConnectionClosed:
            self = .broken(reason: hasBegun ? "the endpoint closed it in the middle" : "the endpoint closed it")
        case is NIOConnectionError: self = .unreachable(reason: "nothing listens there, or the name is not known")
        case let error as IOError where !hasBegun: self = .broken(reason: error.description)
        default: self = .broken(reason: "\(error)")
        }
    }
}
