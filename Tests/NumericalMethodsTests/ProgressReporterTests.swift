import NumericalMethods
import Synchronization
import Testing

/// A clock that stands still until it is told to advance.
private final class ManualClock: Clock {
    struct Instant: InstantProtocol {
        var offset: Duration
        func advanced(by duration: Duration) -> Instant { Instant(offset: offset + duration) }
        func duration(to other: Instant) -> Duration { other.offset - offset }
        static func < (left: Instant, right: Instant) -> Bool { left.offset < right.offset }
    }
    private let time = Mutex(Duration.zero)
    var now: Instant { Instant(offset: time.withLock { $0 }) }
    var minimumResolution: Duration { .zero }
    func sleep(until deadline: Instant, tolerance: Duration?) async throws {}
    func advance(by duration: Duration) { time.withLock { $0 += duration } }
}

private final class Received: Sendable {
    private let list = Mutex<[ProgressReport]>([])
    var reports: [ProgressReport] { list.withLock { $0 } }
    func append(_ report: ProgressReport) { list.withLock { $0.append(report) } }
}

@Suite struct `a progress reporter` {
    @Test func `reports the start, at most once an interval, and the end`() {
        let clock = ManualClock()
        let received = Received()
        let reporter = ProgressReporter(every: .seconds(1), clock: clock) { received.append($0) }
        clock.advance(by: .seconds(100))
        let work = reporter.begin("replaying", total: 40)
        for _ in 0..<20 {
            clock.advance(by: .milliseconds(250))
            work.advance()
        }
        work.finish()
        work.finish()
        #expect(received.reports.map(\.done) == [0, 4, 8, 12, 16, 20, 20])
        #expect(received.reports.map(\.isFinished) == [false, false, false, false, false, false, true])
        #expect(received.reports.allSatisfy { $0.label == "replaying" && $0.total == 40 })
    }

    @Test func `knows the rate and the time left`() {
        let report = ProgressReport(label: "", done: 30, total: 120, elapsed: 15, isFinished: false)
        #expect(report.rate == 2 && report.secondsLeft == 45)
        #expect(ProgressReport(label: "", done: 0, total: 120, elapsed: 15, isFinished: false).secondsLeft == nil)
        #expect(ProgressReport(label: "", done: 30, total: nil, elapsed: 15, isFinished: false).secondsLeft == nil)
    }

    @Test func `counts what many threads do`() {
        let received = Received()
        let work = ProgressReporter { received.append($0) }.begin("counting", total: 10_000)
        Parallel.forEach(count: 10_000) { _ in work.advance() }
        work.finish()
        #expect(received.reports.last?.done == 10_000)
        #expect(received.reports.map(\.done) == received.reports.map(\.done).sorted())
    }
}
