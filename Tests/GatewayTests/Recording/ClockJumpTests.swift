import Cascades
import Foundation
import Logging
import NIOCore
import Storage
import StorageTesting
import Testing

@testable import Gateway

@Suite(.timeLimit(.minutes(2))) struct `clocks that jump` {
    private static let day = 86_400.0

    /// Tells `clock` the time every five seconds for `seconds`, and returns the last that it believed.
    private func run(
        _ clock: inout SteadyTime, from instant: Double, for seconds: Double, at offset: Double
    ) -> Double {
        var now = 0.0
        for step in stride(from: 0, through: seconds, by: 5) {
            now = clock.now(offset + instant + step, at: instant + step)
        }
        return now
    }

    @Test func `a clock that goes evenly is believed, and one that is corrected by a little`() {
        var clock = SteadyTime(newest: 999, time: 1_000, instant: 0, patience: Self.day)
        #expect(run(&clock, from: 0, for: 3_600, at: 1_000) == 4_600 && clock.doubtedSince == nil)
        #expect(clock.now(4_600 + 2_000, at: 3_605) == 6_600, "half an hour is no jump")
        #expect(clock.now(100, at: 3_610) == 100, "set back it takes nothing away")
        var fresh = SteadyTime(newest: nil, time: 1e9, instant: 7, patience: Self.day)
        #expect(fresh.now(1e9, at: 7) == 1e9)
    }

    @Test func `one that is set ahead is believed when it has gone evenly for a day`() {
        var clock = SteadyTime(newest: 0, time: 0, instant: 0, patience: Self.day)
        _ = run(&clock, from: 0, for: 100, at: 0)
        let ahead = 100 * Self.day
        #expect(run(&clock, from: 105, for: Self.day - 10, at: ahead) < 2 * Self.day && clock.doubtedSince != nil)
        // Another jump begins the wait anew.
        #expect(run(&clock, from: Self.day + 100, for: Self.day - 10, at: 2 * ahead) < 3 * Self.day)
        #expect(run(&clock, from: 2 * Self.day + 100, for: 10, at: 2 * ahead) > 2 * ahead)
        #expect(clock.doubtedSince == nil)
    }

    @Test func `one that is set right again is believed at once`() {
        var clock = SteadyTime(newest: 0, time: 0, instant: 0, patience: Self.day)
        #expect(clock.now(50 * Self.day, at: 10) == 10)
        #expect(clock.now(20, at: 20) == 20 && clock.doubtedSince == nil)
    }

    @Test func `one that is ahead of the newest record at the start is not believed`() {
        var clock = SteadyTime(newest: 1_000, time: 1_000 + 40 * Self.day, instant: 0, patience: Self.day)
        #expect(clock.now(1_000 + 40 * Self.day, at: 0) == 1_000)
        #expect(run(&clock, from: 5, for: Self.day, at: 1_000 + 40 * Self.day) > 40 * Self.day)
        // Records of a time to come are none to go by.
        var late = SteadyTime(newest: 1e9, time: 1_000, instant: 0, patience: Self.day)
        #expect(late.now(1_001, at: 1) == 1_001)
    }

    @Test func `a gateway whose clock is far ahead takes nothing away that is not old`() async throws {
        let clock = TestTime(1_700_000_000)
        let folder = try ScratchFolder()
        let path = folder.path("gateway.sqlite")
        try await ScriptedUpstream.run({ _ in .completion("hi") }) { upstream in
            for (asked, kept, days) in [(1, 1, 0), (2, 2, 11), (0, 2, 200)] as [(Int, Int, Double)] {
                clock.set(1_700_000_000 + days * Self.day)
                let store = try await Store.open(path)
                try await StoredGateway.run(upstream, store: store) {
                    $0.time = { clock.now }
                    $0.keeping.keepDays = 10
                } _: { gateway in
                    for _ in 0..<asked { _ = try await gateway.ask() }
                    try await gateway.services.writer.flush()
                    // The first is old by the newest of them, whatever the clock says.
                    if days == 11 {
                        #expect(try await gateway.store.requests.count() == 3)
                    } else {
                        #expect(try await eventually(20) { try await gateway.store.requests.count() == kept })
                    }
                }
                await store.close()
            }
        }
    }

    private static func record(_ number: Int, at time: Double) -> Gateway.RequestRecord {
        var record = Gateway.RequestRecord(
            id: "req_\(number)", time: time, api: .chatCompletions, model: "cascade",
            schema: LogSchema(stages: [StageSchema(name: "small")]))
        record.choices = [Gateway.RequestRecord.Choice(stage: 0, name: "small", start: 0, duration: 0.1)]
        record.answeredBy = "small"
        record.decision = .answered
        return record
    }

    @Test func `a clock that is set back leaves the page with what comes`() {
        let live = LiveTraffic()
        for second in 0..<400 { live.note(Self.record(second, at: 1_000_000 + Double(second))) }
        // An hour back.
        for second in 0..<10 { live.note(Self.record(1_000 + second, at: 996_400 + Double(second))) }
        #expect(live.seconds(from: 996_000, through: 996_500).map(\.requests) == [Int](repeating: 1, count: 10))
        #expect(live.deferralRate == 0)
        // What began before and ends now is of the time that was; it blinds nobody for longer than a request.
        live.note(Self.record(2_000, at: 1_000_400))
        live.note(Self.record(2_001, at: 996_410))
        #expect(live.seconds(from: 996_400, through: 996_500).count == 11)
        // By a little: what lies ahead is of the same five minutes.
        live.note(Self.record(3_000, at: 996_350))
        #expect(live.seconds(from: 996_000, through: 997_000).count == 12)
        // Before 1970, where it was never set.
        live.note(Self.record(4_000, at: -7))
        #expect(live.seconds(from: -100, through: 0).count == 1)
    }

    @Test func `a clock that was ahead for a while leaves no minutes that are never old`() {
        let live = LiveTraffic()
        live.note(Self.record(1, at: 1e9))
        for hour in 0..<30 { live.note(Self.record(2 + hour, at: 1.1e9 + 3_600 * Double(hour))) }
        live.note(Self.record(40, at: 1e9 + 60))
        #expect(live.rows(from: 0, stretch: 1).reduce(0) { $0 + $1.requests } <= 2)
    }

    @Test func `the events of a page begin anew when the clock was set back`() throws {
        let core = GatewayCore(
            models: [], authority: OpenAuthority(), recorder: NoRecorder(), logger: .init(label: "test"), seed: 1)
        var feed = LiveFeed(core)
        core.live.note(Self.record(1, at: 1_000_000))
        #expect(String(buffer: feed.next(now: 1_000_002)).contains(#""time":1000000"#))
        core.live.note(Self.record(2, at: 900_000))
        #expect(String(buffer: feed.next(now: 900_002)).contains(#""time":900000"#))
    }
}
