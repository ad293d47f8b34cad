import NIOCore
import NIOHTTP1
import Synchronization

/// One call of an endpoint while it runs: takes what comes on the event loop, and gives it to the task that waits.
///
/// A whole answer wakes its task once; a stream wakes it with the head and then whenever bytes are there. When more than
/// ``highWater`` bytes wait to be fetched, reading stops until they are.
final class UpstreamCall: ByteSource {
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
        case whole(CheckedContinuation<Result<(Head, ByteBuffer), StageError>, Never>)
    }

    /// Whether its connection is to go on.
    enum Reading {
        case readOn
        /// Until it is told to.
        case pause
        /// It is of no more use.
        case stop
    }

    private struct State {
        var head: Head?
        var buffer = ByteBuffer()
        var isOver = false
        var error: StageError?
        var waiter = Waiter.none
        /// What it runs on, once it does.
        var channel: (any Channel)?
        /// Whether its connection waits until what came has been fetched.
        var isPaused = false
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

    /// The head and all bytes of the answer, once it has ended.
    func whole() async throws(StageError) -> (head: Head, body: ByteBuffer) {
        try await withTaskCancellationHandler {
            await withCheckedContinuation {
                (continuation: CheckedContinuation<Result<(Head, ByteBuffer), StageError>, Never>) in
                let (ready, paused): (Result<(Head, ByteBuffer), StageError>?, (any Channel)?) = state.withLock {
                    state in
                    if let error = state.error { return (.failure(error), nil) }
                    if state.isOver, let head = state.head { return (.success((head, state.buffer)), nil) }
                    state.waiter = .whole(continuation)
                    return (nil, Self.paused(&state))
                }
                tell(paused, .readOn)
                if let ready { continuation.resume(returning: ready) }
            }
        } onCancel: {
            cancel()
        }.get()
    }

    /// The channel that is to be told to read on, if it waits for that.
    private static func paused(_ state: inout State) -> (any Channel)? {
        guard state.isPaused else { return nil }
        state.isPaused = false
        return state.channel
    }

    func next() async throws(StageError) -> ByteBuffer? {
        try await withTaskCancellationHandler {
            await withCheckedContinuation {
                (continuation: CheckedContinuation<Result<ByteBuffer?, StageError>, Never>) in
                let (ready, paused): (Result<ByteBuffer?, StageError>?, (any Channel)?) = state.withLock {
                    state in
                    if state.buffer.readableBytes > 0 {
                        let bytes = state.buffer
                        state.buffer = ByteBuffer()
                        return (.success(bytes), Self.paused(&state))
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
                tell(paused, .readOn)
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

    func cancel() { stop(with: .cancelled) }

    /// Ends the call with `error`, and the connection with it.
    private func stop(with error: StageError) {
        let channel = state.withLock { $0.isOver ? nil : $0.channel }
        end(with: error)
        tell(channel, .abandon)
    }

    private func tell(_ channel: (any Channel)?, _ kind: UpstreamConnection.Word.Kind) {
        channel?.triggerUserOutboundEvent(UpstreamConnection.Word(kind: kind, call: self), promise: nil)
    }

    // MARK: - The event loop's side

    /// Notes what it runs on.
    /// - Returns: false where it is over already.
    func run(on channel: any Channel) -> Bool {
        state.withLock { state in
            if state.isOver { return false }
            state.channel = channel
            return true
        }
    }

    func receive(_ head: Head) {
        let waiter: Waiter = state.withLock { state in
            state.head = head
            state.lastProgress = .now()
            guard case .head = state.waiter, streams else { return .none }
            defer { state.waiter = .none }
            return state.waiter
        }
        if case .head(let continuation) = waiter { continuation.resume(returning: .success(head)) }
    }

    func receive(_ bytes: ByteBuffer) -> Reading {
        enum Action {
            case give(CheckedContinuation<Result<ByteBuffer?, StageError>, Never>)
            case pause
            case tooLarge
            case readOn
        }
        let action: Action = state.withLock { state in
            if state.isOver { return .readOn }
            state.lastProgress = .now()
            if case .bytes(let continuation) = state.waiter {
                state.waiter = .none
                return .give(continuation)
            }
            if state.buffer.readableBytes == 0 {
                state.buffer = bytes
            } else {
                state.buffer.writeImmutableBuffer(bytes)
            }
            // Somebody who wants the whole must not be kept waiting by what nobody takes.
            var isWhole = !streams || state.head?.status != 200
            if case .whole = state.waiter { isWhole = true }
            if isWhole { return state.buffer.readableBytes > limit ? .tooLarge : .readOn }
            guard state.buffer.readableBytes > Self.highWater, !state.isPaused else { return .readOn }
            state.isPaused = true
            return .pause
        }
        switch action {
        case .give(let continuation): continuation.resume(returning: .success(bytes))
        case .pause: return .pause
        case .tooLarge:
            end(with: .tooLarge(limit: limit))
            return .stop
        case .readOn: break
        }
        return .readOn
    }

    func finish() { end(with: nil) }

    func fail(with error: StageError) { end(with: error) }

    /// Ends the call, once, and wakes whoever waits.
    private func end(with error: StageError?) {
        let ended: (waiter: Waiter, head: Head?, bytes: ByteBuffer, watch: Scheduled<Void>?)? = state.withLock {
            state in
            if state.isOver { return nil }
            state.isOver = true
            state.error = error
            defer {
                state.waiter = .none
                state.watch = nil
                state.channel = nil
            }
            return (state.waiter, state.head, state.buffer, state.watch)
        }
        guard let (waiter, head, bytes, watch) = ended else { return }
        watch?.cancel()
        switch waiter {
        case .none: break
        case .head(let continuation):
            if let error {
                continuation.resume(returning: .failure(error))
            } else if let head {
                continuation.resume(returning: .success(head))
            } else {
                continuation.resume(returning: .failure(Self.headless))
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
            } else if let head {
                continuation.resume(returning: .success((head, bytes)))
            } else {
                continuation.resume(returning: .failure(Self.headless))
            }
        }
    }

    private static var headless: StageError { .broken(reason: "the answer ended before its head") }

    /// Watches over its time, with one timer for all limits.
    func watch(on loop: any EventLoop) {
        schedule(on: loop, after: min(timeouts.firstByte, timeouts.idle, timeouts.total))
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
            stop(with: .timedOut(step: step, seconds: seconds))
        }
    }
}
