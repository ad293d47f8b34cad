/// Stops asking a stage that keeps failing, and finds out by a few probes when it is well again.
///
/// A pure state machine: it is told what happened and when, in seconds, and says whether to ask.
///
///     closed --(too many failures)--> open --(the pause is over)--> half-open --(probes succeed)--> closed
///                                       ^-------------(a probe fails; the pause doubles)---'
struct CircuitBreaker: Sendable {
    /// When it opens and closes.
    struct Limits: Sendable, Hashable {
        /// Failures one after the other that open it.
        var consecutive = 5
        /// The share of failures that opens it, among at least `calls` calls of the last `window` seconds.
        var share = 0.5
        var calls = 20
        var window = 10.0
        /// The first pause, in seconds, and the longest; each failed probe doubles it.
        var pause = 1.0
        var longestPause = 60.0
        /// Probes at once, and successes that close it.
        var probes = 1
        var successes = 2
    }

    enum State: Sendable, Hashable {
        case closed
        case open(until: Double)
        case halfOpen(running: Int, succeeded: Int)
    }

    /// What is to be done with a call.
    enum Admission: Sendable, Hashable {
        case ask
        /// Ask, and say that it was a probe.
        case probe
        /// Don't ask; it may be tried again after so many seconds.
        case refuse(retryAfter: Double)
    }

    let limits: Limits
    private(set) var state = State.closed
    /// How often it opened since it was last closed for good.
    private(set) var openings = 0
    private var failuresInARow = 0
    /// Calls of the current and of the last window: each half as long as the limits say, so that old ones go.
    private var current = Window()
    private var last = Window()

    private struct Window: Sendable {
        var start = 0.0
        var calls = 0
        var failures = 0
    }

    init(_ limits: Limits = Limits()) { self.limits = limits }

    /// Whether a call may be made at `now`.
    mutating func admit(at now: Double) -> Admission {
        switch state {
        case .closed: return .ask
        case .open(let until):
            guard now >= until else { return .refuse(retryAfter: until - now) }
            state = .halfOpen(running: 1, succeeded: 0)
            return .probe
        case .halfOpen(let running, let succeeded):
            guard running < limits.probes else { return .refuse(retryAfter: limits.pause) }
            state = .halfOpen(running: running + 1, succeeded: succeeded)
            return .probe
        }
    }

    /// Takes note of how a call ended that was admitted before; nil where that says nothing of the stage's health.
    mutating func note(succeeded: Bool?, wasProbe: Bool, at now: Double) {
        if wasProbe {
            guard case .halfOpen(let running, let count) = state else { return }
            switch succeeded {
            case nil: state = .halfOpen(running: running - 1, succeeded: count)
            case true?:
                if count + 1 >= limits.successes {
                    close(at: now)
                } else {
                    state = .halfOpen(running: running - 1, succeeded: count + 1)
                }
            case false?: open(at: now)
            }
            return
        }
        // What was asked before it opened tells nothing new.
        guard case .closed = state, let succeeded else { return }
        turn(now)
        current.calls += 1
        if succeeded {
            failuresInARow = 0
            return
        }
        current.failures += 1
        failuresInARow += 1
        let calls = current.calls + last.calls
        let failures = current.failures + last.failures
        if failuresInARow >= limits.consecutive
            || calls >= limits.calls && Double(failures) >= limits.share * Double(calls)
        {
            open(at: now)
        }
    }

    private mutating func turn(_ now: Double) {
        let half = limits.window / 2
        guard now - current.start >= half else { return }
        last = now - current.start < 2 * half ? current : Window()
        current = Window(start: now)
    }

    private mutating func open(at now: Double) {
        // A shift by more would overflow long after the longest pause is reached.
        let pause = min(limits.longestPause, limits.pause * Double(1 << min(openings, 30)))
        openings += 1
        state = .open(until: now + pause)
    }

    private mutating func close(at now: Double) {
        state = .closed
        openings = 0
        failuresInARow = 0
        current = Window(start: now)
        last = Window()
    }
}
