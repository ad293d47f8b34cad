import NIOCore
import Probability
import Synchronization

/// How a stage is guarded.
struct GuardLimits: Sendable, Hashable {
    /// Calls at once.
    var concurrency = 256
    /// Calls that may wait, and for how many seconds.
    var waiting = 1024
    var waitSeconds = 10.0
    var retry = RetryRule()
    /// Extra calls (retries and hedges) for each ordinary one.
    var spareShare = 0.1
    /// Whether a second call is made when the first takes longer than most.
    var hedges = false
    /// Of the latencies, what the first must exceed.
    var hedgeQuantile = 0.95
    var breaker = CircuitBreaker.Limits()
}

/// A stage with a breaker, a fair queue, retries and hedges around it: carries out what the state machines say.
///
/// Its health hangs on the calls themselves: every call that ends tells the breaker and the latencies, whatever is logged.
final class StageGuard: StageClient {
    /// What can be seen of it.
    struct Status: Sendable {
        var breaker: CircuitBreaker.State
        var running: Int
        var waiting: Int
        var hedges: Int
        var retries: Int
        /// The quantile that hedging looks at, in seconds.
        var slow: Double?
    }

    fileprivate struct State {
        var breaker: CircuitBreaker
        var queue: FairQueue
        var latencies = LatencyQuantile()
        var spare: SpareBudget
        var random: Random
        var nextTicket: UInt64 = 0
        var waiters: [UInt64: CheckedContinuation<Entry, Never>] = [:]
        /// What those are to be told who are not yet there to be told.
        var early: [UInt64: Entry] = [:]
        var hedges = 0
        var retries = 0
    }

    fileprivate enum Entry {
        case entered
        case late
        case cancelled
    }

    private let client: any StageClient
    private let limits: GuardLimits
    private let clock: any Clock<Duration>
    private let seconds: @Sendable () -> Double
    private let state: Mutex<State>

    init(_ client: any StageClient, _ limits: GuardLimits, seed: UInt64, clock: any Clock<Duration> = ContinuousClock())
    {
        self.client = client
        self.limits = limits
        self.clock = clock
        seconds = Self.stopwatch(clock)
        state = Mutex(
            State(
                breaker: CircuitBreaker(limits.breaker),
                queue: FairQueue(
                    limit: limits.concurrency, waiting: limits.waiting, waitingPerKey: max(1, limits.waiting / 2)),
                spare: SpareBudget(share: limits.spareShare, most: 10), random: Random(seed: seed)))
    }

    /// A closure that gives the seconds since now.
    private static func stopwatch<C: Clock>(_ clock: C) -> @Sendable () -> Double where C.Duration == Duration {
        let start = clock.now
        return { start.duration(to: clock.now).seconds }
    }

    var status: Status {
        state.withLock { state in
            Status(
                breaker: state.breaker.state, running: state.queue.running, waiting: state.queue.waitingCount,
                hedges: state.hedges, retries: state.retries, slow: state.latencies.quantile(limits.hedgeQuantile))
        }
    }

    func send(_ request: StageRequest) async throws(StageError) -> StageReply {
        state.withLock { $0.spare.earn() }
        var attempt = 1
        while true {
            do throws(StageError) {
                return try await attemptHedged(request)
            } catch {
                let pause: Double? = state.withLock { state in
                    guard case .retry(let pause) = limits.retry.decide(error, attempt: attempt, using: &state.random),
                        state.spare.spend()
                    else { return nil }
                    state.retries += 1
                    return pause
                }
                guard let pause, !Task.isCancelled else { throw error }
                do { try await clock.sleep(for: .seconds(pause)) } catch { throw .cancelled }
                attempt += 1
            }
        }
    }

    // MARK: - Hedging

    /// One call, and a second one where the first takes longer than most; whichever begins first is taken.
    private func attemptHedged(_ request: StageRequest) async throws(StageError) -> StageReply {
        let patience: Double? =
            limits.hedges
            ? state.withLock { state in
                state.latencies.weight >= 50 ? state.latencies.quantile(limits.hedgeQuantile) : nil
            } : nil
        guard let patience else { return try await call(request, isHedge: false) }
        enum Event: Sendable {
            case patienceOver
            case ended(Result<StageReply, StageError>)
        }
        return try await withTaskGroup(of: Event.self) { group -> Result<StageReply, StageError> in
            func ask(isHedge: Bool) {
                group.addTask {
                    do throws(StageError) {
                        return .ended(.success(try await self.call(request, isHedge: isHedge)))
                    } catch {
                        return .ended(.failure(error))
                    }
                }
            }
            ask(isHedge: false)
            group.addTask {
                try? await self.clock.sleep(for: .seconds(patience))
                return .patienceOver
            }
            var running = 1
            var failure: StageError?
            var winner: StageReply?
            for await event in group {
                switch event {
                case .patienceOver:
                    // Only one is asked a second time, and only from what was saved up.
                    guard winner == nil, failure == nil, running == 1, !Task.isCancelled,
                        state.withLock({ $0.spare.spend() })
                    else { continue }
                    state.withLock { $0.hedges += 1 }
                    running += 1
                    ask(isHedge: true)
                case .ended(.success(let reply)):
                    if winner == nil {
                        winner = reply
                        group.cancelAll()
                    } else {
                        request.lost.add()
                        if case .stream(let source) = reply.body { source.cancel() }
                    }
                case .ended(.failure(let error)):
                    running -= 1
                    failure = failure ?? error
                    if running == 0 { group.cancelAll() }
                }
            }
            if let winner { return .success(winner) }
            return .failure(failure ?? .cancelled)
        }.get()
    }

    // MARK: - One call

    private func call(_ request: StageRequest, isHedge: Bool) async throws(StageError) -> StageReply {
        let admission = state.withLock { $0.breaker.admit(at: seconds()) }
        if case .refuse(let retryAfter) = admission { throw .tripped(retryAfter: max(0.001, retryAfter)) }
        let wasProbe = admission == .probe
        do throws(StageError) {
            try await enter(request.key)
        } catch {
            note(nil, wasProbe)
            throw error
        }
        let begin = seconds()
        do throws(StageError) {
            var reply = try await client.send(request)
            let now = seconds()
            state.withLock { $0.latencies.observe(now - begin) }
            switch reply.body {
            case .whole:
                note(true, wasProbe)
                leave()
            case .stream(let source):
                // A stream keeps its place, and its health is known, when it ends.
                reply.body = .stream(
                    GuardedSource(source) { error in
                        self.note(error.map { $0.isFault ? false : $0 == .cancelled ? nil : true } ?? true, wasProbe)
                        self.leave()
                    })
            }
            return reply
        } catch {
            if error.mayBeBilled { request.lost.add() }
            if error == .cancelled {
                // A call that lost to its hedge took at least so long; leaving it out would make the slow look rare.
                let elapsed = seconds() - begin
                state.withLock { state in
                    if let slow = state.latencies.quantile(limits.hedgeQuantile), elapsed >= slow {
                        state.latencies.observe(elapsed)
                    }
                }
            }
            note(error.isFault ? false : error == .cancelled ? nil : true, wasProbe)
            leave()
            throw error
        }
    }

    private func note(_ succeeded: Bool?, _ wasProbe: Bool) {
        state.withLock { $0.breaker.note(succeeded: succeeded, wasProbe: wasProbe, at: seconds()) }
    }

    // MARK: - The queue

    private func enter(_ key: String) async throws(StageError) {
        let (entry, ticket) = state.withLock { state in
            let ticket = state.nextTicket
            state.nextTicket += 1
            return (state.queue.enter(ticket, key: key), ticket)
        }
        switch entry {
        case .enter: return
        case .refuse: throw overloaded()
        case .wait: break
        }
        let timer = Task { [clock, limits] in
            try await clock.sleep(for: .seconds(limits.waitSeconds))
            giveUp(ticket, .late)
        }
        defer { timer.cancel() }
        let result = await withTaskCancellationHandler {
            await withCheckedContinuation { (continuation: CheckedContinuation<Entry, Never>) in
                let early: Entry? = state.withLock { state in
                    // Its turn, or its end, may have come before it was there to be told.
                    if let early = state.early.removeValue(forKey: ticket) { return early }
                    state.waiters[ticket] = continuation
                    return nil
                }
                if let early { continuation.resume(returning: early) }
            }
        } onCancel: {
            giveUp(ticket, .cancelled)
        }
        switch result {
        case .entered: return
        case .late: throw overloaded()
        case .cancelled: throw .cancelled
        }
    }

    private func giveUp(_ ticket: UInt64, _ entry: Entry) {
        tell(
            state.withLock { state in
                state.queue.giveUp(ticket) ? state.waiter(ticket, entry) : nil
            }, entry)
    }

    private func leave() {
        tell(state.withLock { state in state.queue.leave().flatMap { state.waiter($0, .entered) } }, .entered)
    }

    private func tell(_ waiter: CheckedContinuation<Entry, Never>?, _ entry: Entry) { waiter?.resume(returning: entry) }

    private func overloaded() -> StageError {
        // By then about one call will have ended for each that runs now.
        let wait = state.withLock { $0.latencies.quantile(0.5) } ?? 1
        return .held(reason: "too many requests wait for it", retryAfter: min(60, max(1, wait)))
    }
}

extension StageGuard.State {
    fileprivate mutating func waiter(
        _ ticket: UInt64, _ entry: StageGuard.Entry
    ) -> CheckedContinuation<StageGuard.Entry, Never>? {
        if let waiter = waiters.removeValue(forKey: ticket) { return waiter }
        early[ticket] = entry
        return nil
    }
}

/// A stage's stream that tells how it ended, once, whoever ends it.
private final class GuardedSource: ByteSource {
    private let source: any ByteSource
    private let ended: Mutex<(@Sendable (StageError?) -> Void)?>

    init(_ source: any ByteSource, ended: @escaping @Sendable (StageError?) -> Void) {
        self.source = source
        self.ended = Mutex(ended)
    }

    deinit { cancel() }

    func next() async throws(StageError) -> ByteBuffer? {
        do throws(StageError) {
            let bytes = try await source.next()
            if bytes == nil { end(nil) }
            return bytes
        } catch {
            end(error)
            throw error
        }
    }

    func poke() { source.poke() }

    func cancel() {
        source.cancel()
        end(.cancelled)
    }

    private func end(_ error: StageError?) {
        let told = ended.withLock { ended in
            defer { ended = nil }
            return ended
        }
        told?(error)
    }
}
