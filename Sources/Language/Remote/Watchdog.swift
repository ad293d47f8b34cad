import Synchronization

/// Watches over the times of one request. What it watches says what it waits for; the dog barks when that takes too long.
final class Watchdog: Sendable {
    private struct Deadline {
        var wait: EndpointFailure.Wait?
        var instant: ContinuousClock.Instant
        var seconds: Double
    }

    private let timeouts: EndpointTimeouts
    private let whole: Deadline
    private let next: Mutex<Deadline?>

    init(_ timeouts: EndpointTimeouts) {
        self.timeouts = timeouts
        whole = Self.deadline(.whole, timeouts.whole)
        next = Mutex(nil)
    }

    private static func deadline(_ wait: EndpointFailure.Wait?, _ seconds: Double) -> Deadline {
        // A time without end is long, not infinite: a duration has no infinity.
        let seconds = min(max(0, seconds), 1e9)
        return Deadline(wait: wait, instant: ContinuousClock.now + .seconds(seconds), seconds: seconds)
    }

    /// Only the whole is limited: the request waits its turn.
    func pausing() { next.withLock { $0 = nil } }
    /// The request was sent.
    func asking() { set(.firstByte, timeouts.firstByte) }
    /// A piece of the reply came.
    func hearing() { set(.nextBytes, timeouts.nextBytes) }
    /// The reply is complete: only its formal end is waited for, and not for long.
    func ending() { set(nil, 1) }

    private func set(_ wait: EndpointFailure.Wait?, _ seconds: Double) {
        next.withLock { $0 = Self.deadline(wait, seconds) }
    }

    /// Returns when something has taken too long: the failure, or nil where only the formal end did.
    /// - Throws: `CancellationError`.
    private func watch() async throws -> EndpointFailure? {
        while true {
            let deadline = next.withLock { next in
                if let next, next.instant < whole.instant { next } else { whole }
            }
            if ContinuousClock.now >= deadline.instant {
                return deadline.wait.map { .timedOut($0, seconds: deadline.seconds) }
            }
            // A deadline only moves on, but for the first one after a pause: that is looked for at least this often.
            let step = ContinuousClock.now + .seconds(min(timeouts.firstByte, timeouts.nextBytes, 1) / 4)
            try await Task.sleep(until: min(deadline.instant, max(step, ContinuousClock.now + .milliseconds(2))))
        }
    }

    private enum Event<Value: Sendable>: Sendable {
        case done(Value)
        case barked(EndpointFailure?)
    }

    /// What `work` returns, or the failure where it takes too long; it is cancelled then, and waited for.
    static func watch<Value: Sendable>(
        _ timeouts: EndpointTimeouts, _ work: @escaping @Sendable (Watchdog) async throws -> Value
    ) async throws -> Value {
        let dog = Watchdog(timeouts)
        return try await withThrowingTaskGroup(of: Event<Value>.self) { group in
            group.addTask { .done(try await work(dog)) }
            group.addTask { .barked(try await dog.watch()) }
            defer { group.cancelAll() }
            while let event = try await group.next() {
                switch event {
                case .done(let value): return value
                case .barked(let failure?): throw failure
                case .barked(nil): group.cancelAll()
                }
            }
            throw CancellationError()
        }
    }
}
