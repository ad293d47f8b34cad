internal import Synchronization

/// How far a long piece of work has come.
public struct ProgressReport: Sendable, Equatable {
    /// What is being done, as a person would say it: "replaying 12 policies".
    public var label: String
    /// Items done so far.
    public var done: Int
    /// Items in all; nil when that is not known.
    public var total: Int?
    /// Seconds since the work began.
    public var elapsed: Double
    /// True for the last report of this work.
    public var isFinished: Bool

    /// Items per second since the beginning; 0 before the first item or instant.
    public var rate: Double { elapsed > 0 ? Double(done) / elapsed : 0 }

    /// Seconds still to go at the present rate; nil while the total or the rate is unknown.
    public var secondsLeft: Double? {
        guard let total, rate > 0 else { return nil }
        return Double(max(0, total - done)) / rate
    }

    public init(label: String, done: Int, total: Int?, elapsed: Double, isFinished: Bool) {
        self.label = label
        self.done = done
        self.total = total
        self.elapsed = elapsed
        self.isFinished = isFinished
    }
}

/// Receives the progress of long work; the command line draws it, a server logs it, `.none` ignores it.
///
///     func fit(..., progress: ProgressReporter = .none) {
///         let work = progress.begin("fitting", total: folds)
///         for fold in 0..<folds { ...; work.advance() }
///         work.finish()
///     }
public struct ProgressReporter: Sendable {
    private let receive: (@Sendable (ProgressReport) -> Void)?
    private let interval: Double
    private let now: @Sendable () -> Double

    /// Ignores everything, at no cost.
    public static let none = ProgressReporter()

    private init() {
        receive = nil
        interval = .infinity
        now = { 0 }
    }

    /// Sends reports to `receive`, from whichever thread advances the work.
    ///
    /// - Parameters:
    ///   - interval: the least time between two reports; the first and the last one always come.
    ///   - clock: what measures time; tests pass their own.
    public init<Time: Clock>(
        every interval: Duration = .milliseconds(100), clock: Time = ContinuousClock(),
        receive: @escaping @Sendable (ProgressReport) -> Void
    ) where Time.Duration == Duration {
        self.receive = receive
        self.interval = interval / .seconds(1)
        let start = clock.now
        now = { start.duration(to: clock.now) / .seconds(1) }
    }

    /// Begins a piece of work of `total` items (nil: not known) and reports its start.
    public func begin(_ label: String, total: Int? = nil) -> ProgressTracker {
        ProgressTracker(label: label, total: total, interval: interval, now: now, receive: receive)
    }
}

/// Counts the items of one piece of work; any thread may advance it.
public final class ProgressTracker: Sendable {
    private struct State {
        var done = 0
        var lastReport: Double
        var isFinished = false
    }

    private let label: String
    private let total: Int?
    private let interval: Double
    private let began: Double
    private let now: @Sendable () -> Double
    private let receive: (@Sendable (ProgressReport) -> Void)?
    private let state: Mutex<State>

    init(
        label: String, total: Int?, interval: Double, now: @escaping @Sendable () -> Double,
        receive: (@Sendable (ProgressReport) -> Void)?
    ) {
        self.label = label
        self.total = total
        self.interval = interval
        self.now = now
        self.receive = receive
        began = now()
        state = Mutex(State(lastReport: began))
        receive?(ProgressReport(label: label, done: 0, total: total, elapsed: 0, isFinished: false))
    }

    /// Adds `count` finished items, and reports if the interval has passed.
    public func advance(by count: Int = 1) {
        guard let receive else { return }
        let time = now()
        // The report is sent under the lock, so that counts never run backwards for the receiver.
        state.withLock { state in
            state.done += count
            guard !state.isFinished, time - state.lastReport >= interval else { return }
            state.lastReport = time
            receive(
                ProgressReport(label: label, done: state.done, total: total, elapsed: time - began, isFinished: false))
        }
    }

    /// Ends the work and sends the last report; later calls do nothing.
    public func finish() {
        guard let receive else { return }
        let time = now()
        state.withLock { state in
            guard !state.isFinished else { return }
            state.isFinished = true
            receive(
                ProgressReport(label: label, done: state.done, total: total, elapsed: time - began, isFinished: true))
        }
    }
}
