import CascadesTesting
import NIOCore
import Synchronization
import Testing

@testable import Gateway

/// A stage that does what a test says, and counts its calls.
private final class Puppet: StageClient {
    private let calls = Mutex(0)
    private let act: @Sendable (Int) async throws(StageError) -> String

    init(_ act: @escaping @Sendable (Int) async throws(StageError) -> String) { self.act = act }

    var count: Int { calls.withLock { $0 } }

    func send(_ request: StageRequest) async throws(StageError) -> StageReply {
        let number = calls.withLock { calls in
            calls += 1
            return calls
        }
        return StageReply(status: 200, body: .whole(ByteBuffer(string: try await act(number))))
    }
}

extension StageGuard {
    fileprivate func ask(_ key: String = "", lost: LostCalls = LostCalls()) async throws(StageError) -> String {
        let reply = try await send(
            StageRequest(api: .chatCompletions, body: ByteBuffer(), streams: false, key: key, lost: lost))
        guard case .whole(let bytes) = reply.body else { throw .cancelled }
        return String(buffer: bytes)
    }
}

@Suite(.timeLimit(.minutes(5))) struct `guarded stages` {
    private func sleep(_ seconds: Double, on clock: ManualClock) async throws(StageError) {
        do { try await clock.sleep(until: clock.now.advanced(by: .seconds(seconds)), tolerance: nil) } catch {
            throw .cancelled
        }
    }

    @Test func `a fault that passes is tried again, one that doesn't is not`() async throws {
        var limits = GuardLimits()
        limits.retry = RetryRule(attempts: 3, pause: 0, longestPause: 0)
        let passing = Puppet { (number) throws(StageError) in
            if number < 3 { throw .broken(reason: "x") }
            return "ok"
        }
        let lost = LostCalls()
        #expect(try await StageGuard(passing, limits, seed: 1).ask(lost: lost) == "ok")
        #expect(passing.count == 3 && lost.count == 2)
        let lasting = Puppet { (_) throws(StageError) in throw .unsupported(what: "x") }
        await #expect(throws: StageError.unsupported(what: "x")) {
            try await StageGuard(lasting, limits, seed: 1).ask()
        }
        #expect(lasting.count == 1)
    }

    @Test func `retries do not multiply an outage`() async throws {
        var limits = GuardLimits()
        limits.retry = RetryRule(attempts: 3, pause: 0, longestPause: 0)
        limits.breaker.consecutive = 1_000_000
        limits.breaker.calls = 1_000_000
        let dead = Puppet { (_) throws(StageError) in throw .broken(reason: "x") }
        let stage = StageGuard(dead, limits, seed: 1)
        for _ in 0..<200 { _ = try? await stage.ask() }
        // One in ten, and the ten that were saved up.
        #expect(dead.count <= 200 + 10 + 20 && dead.count > 200)
    }

    @Test func `a stage that keeps failing is left alone, then probed`() async throws {
        let clock = ManualClock()
        var limits = GuardLimits()
        limits.retry.attempts = 1
        let isWell = Mutex(false)
        let puppet = Puppet { (_) throws(StageError) in
            if !isWell.withLock({ $0 }) { throw .unreachable(reason: "x") }
            return "ok"
        }
        let stage = StageGuard(puppet, limits, seed: 1, clock: clock)
        for _ in 0..<5 { _ = try? await stage.ask() }
        await #expect(throws: StageError.tripped(retryAfter: 1)) { try await stage.ask() }
        #expect(puppet.count == 5)
        isWell.withLock { $0 = true }
        clock.advance(by: .seconds(1))
        #expect(try await stage.ask() == "ok")
        #expect(try await stage.ask() == "ok")
        #expect(stage.status.breaker == .closed)
    }

    @Test func `only so many are asked at once, the others wait their turn or are turned away`() async throws {
        let clock = ManualClock()
        var limits = GuardLimits()
        limits.concurrency = 2
        limits.waiting = 2
        limits.waitSeconds = 5
        let puppet = Puppet { (number) throws(StageError) in
            try await self.sleep(1, on: clock)
            return "\(number)"
        }
        let stage = StageGuard(puppet, limits, seed: 1, clock: clock)
        try await withThrowingTaskGroup(of: String.self) { group in
            for key in ["a", "b"] { group.addTask { try await stage.ask(key) } }
            await clock.waitForSleepers(2)
            for key in ["a", "b"] { group.addTask { try await stage.ask(key) } }
            #expect(try await eventually { stage.status.waiting == 2 })
            await #expect(throws: StageError.held(reason: "too many requests wait for it", retryAfter: 1)) {
                try await stage.ask("c")
            }
            // Two calls, and two timers of those who wait.
            await clock.waitForSleepers(4)
            clock.advance(by: .seconds(1))
            #expect(try await eventually { puppet.count == 4 })
            await clock.waitForSleepers(2)
            clock.advance(by: .seconds(1))
            var answers: Set<String> = []
            for try await answer in group { answers.insert(answer) }
            #expect(answers == ["1", "2", "3", "4"])
        }
        #expect(stage.status.running == 0 && stage.status.waiting == 0)
    }

    @Test func `who waits too long, or goes away, leaves the queue`() async throws {
        let clock = ManualClock()
        var limits = GuardLimits()
        limits.concurrency = 1
        limits.waitSeconds = 5
        let puppet = Puppet { (_) throws(StageError) in
            try await self.sleep(100, on: clock)
            return "late"
        }
        let stage = StageGuard(puppet, limits, seed: 1, clock: clock)
        let running = Task { try await stage.ask() }
        await clock.waitForSleepers(1)
        let waiting = Task { try await stage.ask() }
        let leaving = Task { try await stage.ask() }
        #expect(try await eventually { stage.status.waiting == 2 })
        leaving.cancel()
        await #expect(throws: StageError.cancelled) { try await leaving.value }
        #expect(stage.status.waiting == 1)
        await clock.waitForSleepers(2)
        clock.advance(by: .seconds(5))
        await #expect(throws: StageError.held(reason: "too many requests wait for it", retryAfter: 1)) {
            try await waiting.value
        }
        running.cancel()
        await #expect(throws: StageError.cancelled) { try await running.value }
        #expect(stage.status.running == 0 && puppet.count == 1)
    }

    @Test func `a call slower than most is asked a second time, and the quicker answer taken`() async throws {
        let clock = ManualClock()
        var limits = GuardLimits()
        limits.hedges = true
        limits.hedgeQuantile = 0.9
        let puppet = Puppet { (number) throws(StageError) in
            // The hundred and first hangs.
            if number <= 100 { return "quick" }
            try await self.sleep(number == 101 ? 1000 : 0.01, on: clock)
            return "\(number)"
        }
        let stage = StageGuard(puppet, limits, seed: 1, clock: clock)
        for _ in 0..<100 { #expect(try await stage.ask() == "quick") }
        let lost = LostCalls()
        let slow = Task { try await stage.ask(lost: lost) }
        // Each look lets a millisecond pass.
        let isHedged = try await eventually {
            clock.advance(by: .milliseconds(1))
            return puppet.count == 102
        }
        let isOver = try await eventually {
            clock.advance(by: .milliseconds(1))
            return stage.status.running < 2
        }
        #expect(isHedged && isOver)
        #expect(try await slow.value == "102")
        #expect(stage.status.hedges == 1 && stage.status.running == 0)
        #expect(lost.count == 1)
    }
}

@Suite(.timeLimit(.minutes(5))) struct `drills` {
    @Test func `faults are simulated for the administrator's requests only`() async throws {
        try await ScriptedUpstream.run { request in
            request.body.contains("\"stream\":true") ? .stream(["a", "b"]) : .completion("real")
        } _: { upstream in
            var configuration = try RunningGateway.configuration(["large": upstream, "small": upstream])
            configuration.administrator = "secret"
            configuration.models.append(GatewayConfiguration.Model("both", stages: ["small", "large"]))
            try await RunningGateway.run(configuration) { gateway in
                let key = ("authorization", "Bearer secret")
                let body = RunningGateway.chat("both")
                let refused = try await gateway.post(
                    "/v1/chat/completions", body, headers: [("x-cascade-drill", "small=broken")])
                #expect(refused.status == 403)
                for fault in ["unreachable", "timeout", "broken", "garbage", "status:503"] {
                    let reply = try await gateway.post(
                        "/v1/chat/completions", body, headers: [key, ("x-cascade-drill", "small=\(fault)")])
                    #expect(reply.status == 200 && reply("x-cascade-stage") == "large", "\(fault)")
                    #expect(reply("x-cascade-decision") == "failed-over")
                }
                let dead = try await gateway.post(
                    "/v1/chat/completions", body,
                    headers: [key, ("x-cascade-drill", "small=status:500; large=timeout")])
                #expect(dead.status == 502)
                let cut = try await gateway.post(
                    "/v1/chat/completions", RunningGateway.chat("small", more: #","stream":true"#),
                    headers: [key, ("x-cascade-drill", "small=cut")])
                #expect(cut.status == 200 && cut.events.last?.contains("\"error\"") == true)
                // The true answer, so much later.
                let begin = ContinuousClock.now
                let slow = try await gateway.post(
                    "/v1/chat/completions", body, headers: [key, ("x-cascade-drill", "small=slow:0.4")])
                #expect(ContinuousClock.now - begin >= .seconds(0.4))
                #expect(slow.status == 200 && slow("x-cascade-stage") == "small" && slow.body.contains("real"))
                for text in ["small", "nobody=broken", "small=nothing", "small=status:200", "small=slow:-1"] {
                    let reply = try await gateway.post(
                        "/v1/chat/completions", body, headers: [key, ("x-cascade-drill", text)])
                    #expect(reply.status == 400 && reply.body.contains("bad_drill"), "\(text)")
                }
                // The stage was well all the time, and its breaker knows.
                #expect(gateway.server.core.models.byName["small"]?.stages[0].guardian?.status.breaker == .closed)
            }
        }
    }
}
