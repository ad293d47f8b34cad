import Foundation
import Synchronization

/// Writes records in batches, off the path of the requests.
///
///     let writer = RecordWriter(store)
///     writer.submit(.request(record))     // returns at once
///     try await writer.flush()            // all that was submitted is in the store
///
/// A batch is one transaction: what is acknowledged survives kill -9 (``SQLiteDatabase`` says what a power cut does). While
/// the store is locked, full or away, up to ``Options/capacity`` records wait; what comes beyond is lost, counted, said
/// to `report`, and noted in the store itself with the next batch that it takes. Spending is never lost with a record.
public final class RecordWriter: Sendable {
    /// How a writer works.
    public struct Options: Sendable {
        /// How many records may wait.
        public var capacity = 100_000
        /// How many bytes they may take in memory, about.
        public var capacityBytes = 128 << 20
        /// How many records a transaction takes at most.
        public var batch = 1_000
        /// How long records are gathered for a transaction.
        public var interval: Duration = .milliseconds(20)
        /// The longest wait before the store is tried again.
        public var longestPause: Duration = .seconds(1)
        /// What is kept of the texts.
        public var texts: TextKeeping = .none

        /// The defaults.
        public init() {}
    }

    /// What a writer has done.
    public struct Counts: Sendable, Hashable {
        /// How many records came.
        public var submitted: Int
        /// How many are in the store.
        public var written: Int
        /// How many wait.
        public var waiting: Int
        /// How many were lost: for want of room, or refused by the store.
        public var lost: Int
    }

    /// What a writer has to say.
    public enum Report: Sendable {
        /// The store does not take records now; they wait.
        case waiting(StorageError)
        /// It does again.
        case resumed
        /// The store refused this record for what is in it; it is lost.
        case refused(RecordEvent, any Error)
    }

    private struct State {
        var queue: RecordQueue
        /// The loop, while it waits for something to do.
        var sleeper: CheckedContinuation<Void, Never>?
        /// The pause in which records are gathered; whoever waits for the store cuts it short.
        var gathering: Task<Void, Never>?
        var flushes: [(mark: RecordQueue.Mark, continuation: CheckedContinuation<Void, any Error>)] = []
        var isClosing = false
        var isEnded = false
        var failure: StorageError?
        var loop: Task<Void, Never>?
    }

    /// The writer's name in the store.
    public let id: String
    private let database: any Database
    private let options: Options
    private let clock: any Clock<Duration>
    private let report: @Sendable (Report) -> Void
    private let acknowledge: @Sendable ([Settlement]) -> Void
    private let state: Mutex<State>

    /// A writer into `store`, at work at once.
    /// - Parameters:
    ///   - clock: what its pauses are measured by.
    ///   - report: is told of trouble with the store and of its end.
    ///   - acknowledge: is told what spending is in the store (``BudgetKeeper/acknowledge(_:)``).
    public init(
        _ store: Store, options: Options = Options(), clock: any Clock<Duration> = ContinuousClock(),
        report: @escaping @Sendable (Report) -> Void = { _ in },
        acknowledge: @escaping @Sendable ([Settlement]) -> Void = { _ in }
    ) {
        id = UUID().uuidString
        database = store.database
        self.options = options
        self.clock = clock
        self.report = report
        self.acknowledge = acknowledge
        state = Mutex(
            State(queue: RecordQueue(capacity: options.capacity, capacityBytes: options.capacityBytes)))
        let loop = Task.detached(priority: .utility) { [self] in await run() }
        state.withLock { $0.loop = loop }
    }

    /// What it has done.
    public var counts: Counts {
        state.withLock { state in
            Counts(
                submitted: state.queue.submitted, written: state.queue.written, waiting: state.queue.pending,
                lost: state.queue.lost)
        }
    }

    /// Why the store takes nothing now, or nil where it does.
    public var failure: StorageError? { state.withLock { $0.failure } }

    /// Takes `event` in with what it spent.
    /// - Returns: false where there was no room, so that the record (but not its spending) is lost.
    @discardableResult
    public func submit(_ event: RecordEvent, spending: [Settlement] = []) -> Bool {
        let (taken, sleeper) = state.withLock { state in
            let taken = state.isClosing ? false : state.queue.add(event, spending)
            defer { state.sleeper = nil }
            return (taken, state.sleeper)
        }
        sleeper?.resume()
        return taken
    }

    /// Takes in spending that has no record.
    public func submit(spending: [Settlement]) {
        let sleeper = state.withLock { state in
            _ = state.queue.add(nil, spending)
            defer { state.sleeper = nil }
            return state.sleeper
        }
        sleeper?.resume()
    }

    /// Returns once all that was submitted before is in the store, or lost.
    /// - Throws: ``StorageError`` as soon as the store does not take it.
    public func flush() async throws {
        try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
            let result: Result<Void, any Error>? = state.withLock { state in
                let mark = state.queue.mark
                if state.queue.hasReached(mark) { return .success(()) }
                if state.isEnded { return .failure(StorageError.closed(place: database.place)) }
                state.flushes.append((mark, continuation))
                state.gathering?.cancel()
                return nil
            }
            if let result { continuation.resume(with: result) }
        }
    }

    /// Writes what waits, and stops. What the store does not take within `limit` is lost.
    /// - Returns: how many records were lost at the end.
    @discardableResult
    public func close(within limit: Duration = .seconds(5)) async -> Int {
        let (sleeper, loop) = state.withLock { state in
            state.isClosing = true
            state.gathering?.cancel()
            defer { state.sleeper = nil }
            return (state.sleeper, state.loop)
        }
        sleeper?.resume()
        let clock = clock
        let deadline = Task {
            try await clock.sleep(for: limit)
            loop?.cancel()
        }
        await loop?.value
        deadline.cancel()
        return state.withLock { $0.queue.pending }
    }

    // MARK: The loop

    private func run() async {
        var pause = Duration.zero
        while !Task.isCancelled {
            let isClosing = await waitForWork()
            if !isClosing, !isBatchFull { await gather() }
            while !Task.isCancelled, let batch = nextBatch() {
                do {
                    try await RecordBatchWriter(writer: id, texts: options.texts).write(batch, to: database)
                    pause = .zero
                    committed()
                } catch let error as StorageError where !Self.isRefusal(error) {
                    pause = min(max(pause * 2, .milliseconds(20)), options.longestPause)
                    failed(error)
                    try? await clock.sleep(for: pause)
                } catch {
                    refused(error)
                }
            }
            if isClosing, state.withLock({ !$0.queue.hasWork }) { break }
        }
        state.withLock { $0.isEnded = true }
        finishFlushes(StorageError.closed(place: database.place))
    }

    /// Waits for more records, unless somebody waits for those that are here.
    private func gather() async {
        let (clock, interval) = (clock, options.interval)
        let pause = Task { _ = try? await clock.sleep(for: interval) }
        state.withLock { state in
            if state.isClosing || !state.flushes.isEmpty { pause.cancel() } else { state.gathering = pause }
        }
        await withTaskCancellationHandler {
            await pause.value
        } onCancel: {
            pause.cancel()
        }
        state.withLock { $0.gathering = nil }
    }

    /// Whether it is what is in the batch that the store does not take.
    private static func isRefusal(_ error: StorageError) -> Bool {
        switch error {
        case .refused, .improper, .unexpectedValue: true
        default: false
        }
    }

    private var isBatchFull: Bool { state.withLock { $0.queue.waiting.count >= options.batch } }

    private func nextBatch() -> RecordBatch? { state.withLock { $0.queue.next(limit: options.batch) } }

    /// Waits until there is something to write; says whether the writer is closing.
    private func waitForWork() async -> Bool {
        await withCheckedContinuation { (continuation: CheckedContinuation<Void, Never>) in
            let hasWork = state.withLock { state in
                if state.queue.hasWork || state.isClosing { return true }
                state.sleeper = continuation
                return false
            }
            if hasWork { continuation.resume() }
        }
        return state.withLock { $0.isClosing }
    }

    private func committed() {
        let (batch, done, resumed) = state.withLock { state in
            let batch = state.queue.commit()
            defer { state.failure = nil }
            return (batch, Self.takeReached(&state), state.failure != nil)
        }
        if let batch, !batch.settlements.isEmpty { acknowledge(batch.settlements) }
        for flush in done { flush.resume() }
        if resumed { report(.resumed) }
    }

    private func refused(_ error: any Error) {
        let (event, done) = state.withLock { state in (state.queue.refuse(), Self.takeReached(&state)) }
        for flush in done { flush.resume() }
        if let event { report(.refused(event, error)) }
    }

    private func failed(_ error: StorageError) {
        let isNew = state.withLock { state in
            defer { state.failure = error }
            return state.failure != error
        }
        finishFlushes(error)
        if isNew { report(.waiting(error)) }
    }

    private func finishFlushes(_ error: StorageError) {
        let flushes = state.withLock { state in
            defer { state.flushes = [] }
            return state.flushes
        }
        for flush in flushes { flush.continuation.resume(throwing: error) }
    }

    private static func takeReached(_ state: inout State) -> [CheckedContinuation<Void, any Error>] {
        let queue = state.queue
        let done = state.flushes.filter { queue.hasReached($0.mark) }.map(\.continuation)
        state.flushes.removeAll { queue.hasReached($0.mark) }
        return done
    }
}
