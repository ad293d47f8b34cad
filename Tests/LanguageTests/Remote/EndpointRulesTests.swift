import Foundation
import NIOHTTP1
import Probability
import Testing

@testable import Language

@Suite struct `when a request is sent again` {
    private let now = Date(timeIntervalSince1970: 784_111_777)

    @Test func `passing faults are tried again, after pauses that grow`() {
        var policy = RetryPolicy()
        policy.attempts = 6
        policy.firstPause = 1
        policy.longestPause = 5
        let longest = [1.0, 2, 4, 5, 5]
        var sums = [0.0, 0, 0, 0, 0]
        let runs = 2000
        var random = Random(seed: 3)
        for _ in 0..<runs {
            var state = RetryState(policy)
            for attempt in 0..<5 {
                let move = state.failed(
                    .refused(status: 503, message: ""), wait: nil, hasHandedOn: false, using: &random)
                guard case .again(let seconds) = move else {
                    Issue.record("\(move)")
                    return
                }
                #expect((0...longest[attempt]).contains(seconds))
                sums[attempt] += seconds
            }
            let last = RetryState.Move.fail(.unreachable(reason: "x"))
            #expect(state.failed(.unreachable(reason: "x"), wait: nil, hasHandedOn: false, using: &random) == last)
        }
        // Even from 0 to the longest: the mean is half of it; 5 standard errors (1 / √12 each) of 2,000 are 0.033 of it.
        for (sum, limit) in zip(sums, longest) { #expect(abs(sum / Double(runs) / limit - 0.5) < 0.033) }
    }

    @Test func `what is no passing fault, or comes after a token, is not tried again`() {
        var random = Random(seed: 4)
        let final: [EndpointFailure] = [
            .refused(status: 400, message: ""), .refused(status: 401, message: ""), .refused(status: 404, message: ""),
            .refused(status: 501, message: ""), .unreadable(reason: ""), .otherModel(asked: "a", answered: "b"),
            .timedOut(.firstByte, seconds: 1), .timedOut(.nextBytes, seconds: 1), .timedOut(.whole, seconds: 1),
        ]
        for failure in final {
            var state = RetryState(RetryPolicy())
            #expect(state.failed(failure, wait: nil, hasHandedOn: false, using: &random) == .fail(failure))
        }
        let passing: [EndpointFailure] =
            [408, 409, 425, 429, 500, 502, 503, 504].map { .refused(status: $0, message: "") } + [
                .unreachable(reason: ""), .brokenOff(reason: ""), .timedOut(.connection, seconds: 1),
            ]
        for failure in passing {
            var state = RetryState(RetryPolicy())
            #expect(state.failed(failure, wait: nil, hasHandedOn: true, using: &random) == .fail(failure))
            var fresh = RetryState(RetryPolicy())
            #expect(fresh.failed(failure, wait: nil, hasHandedOn: false, using: &random) != .fail(failure))
            var single = RetryState(.never)
            #expect(single.failed(failure, wait: nil, hasHandedOn: false, using: &random) == .fail(failure))
        }
    }

    @Test func `the wait that is asked for is kept, or reported where it is too long`() {
        var random = Random(seed: 5)
        let failure = EndpointFailure.refused(status: 429, message: "")
        for _ in 0..<100 {
            var state = RetryState(RetryPolicy())
            guard case .again(let seconds) = state.failed(failure, wait: 7, hasHandedOn: false, using: &random) else {
                Issue.record("not tried again")
                return
            }
            #expect((7...7.5).contains(seconds))
        }
        var state = RetryState(RetryPolicy())
        let move = state.failed(failure, wait: 3600, hasHandedOn: false, using: &random)
        #expect(move == .fail(.busy(seconds: 3600, patience: 120)))
    }

    @Test func `headers are read in all their forms`() {
        for (text, seconds) in [
            ("3", 3), ("0", 0), ("1.5", 1.5), ("Sun, 06 Nov 1994 08:50:07 GMT", 30),
            ("Sunday, 06-Nov-94 08:50:07 GMT", 30), ("Sun Nov  6 08:50:07 1994", 30),
            ("Sun, 06 Nov 1994 08:49:00 GMT", 0),
        ] {
            #expect(RateSignals.wait(text, now: now) == seconds, "\(text)")
        }
        for text in ["", "soon", "-1", "nan", "inf", "Sun, 06 Nov"] {
            #expect(RateSignals.wait(text, now: now) == nil, "\(text)")
        }
        for (text, seconds) in [("6m0s", 360), ("17ms", 0.017), ("1h2m3.5s", 3723.5), ("12", 12), ("2d", 172_800)] {
            #expect(abs((RateSignals.seconds(text) ?? -1) - seconds) < 1e-9, "\(text)")
        }
        for text in ["", "m", "5x", "s5", "-3s", "1..2s"] { #expect(RateSignals.seconds(text) == nil, "\(text)") }
        var headers = HTTPHeaders()
        headers.add(name: "Retry-After-MS", value: "250")
        headers.add(name: "Retry-After", value: "9")
        headers.add(name: "X-RateLimit-Remaining-Requests", value: "3")
        headers.add(name: "x-ratelimit-reset-requests", value: "20s")
        headers.add(name: "x-ratelimit-remaining-tokens", value: "149")
        let signals = RateSignals(headers, now: now)
        #expect(signals.wait == 0.25)
        #expect(signals.requests == RateSignals.Allowance(remaining: 3, resetsAfter: 20))
        #expect(signals.tokens == nil)
    }
}

@Suite struct `when requests may go out` {
    @Test func `no more run at a time than allowed`() {
        var pacing = EndpointPacing(concurrency: 2)
        #expect(pacing.next(at: 0, tokens: 1) == .go)
        #expect(pacing.next(at: 0, tokens: 1) == .go)
        #expect(pacing.next(at: 0, tokens: 1) == .queue)
        pacing.ended(RateSignals(), at: 1, patience: 60)
        #expect(pacing.next(at: 1, tokens: 1) == .go)
    }

    @Test func `a wait holds up all requests, but not for longer than our patience`() {
        var pacing = EndpointPacing(concurrency: 4)
        _ = pacing.next(at: 0, tokens: 1)
        var signals = RateSignals()
        signals.wait = 5
        pacing.ended(signals, at: 10, patience: 60)
        #expect(pacing.next(at: 12, tokens: 1) == .wait(until: 15))
        #expect(pacing.next(at: 15, tokens: 1) == .go)
        signals.wait = 100
        pacing.ended(signals, at: 16, patience: 60)
        #expect(pacing.next(at: 17, tokens: 1) == .go)
    }

    @Test func `allowances are counted down until they are whole again`() {
        var pacing = EndpointPacing(concurrency: 10)
        _ = pacing.next(at: 0, tokens: 1)
        var signals = RateSignals()
        signals.requests = RateSignals.Allowance(remaining: 2, resetsAfter: 30)
        signals.tokens = RateSignals.Allowance(remaining: 1000, resetsAfter: 10)
        pacing.ended(signals, at: 0, patience: 60)
        #expect(pacing.next(at: 1, tokens: 600) == .go)
        // 400 tokens are left until second 10.
        #expect(pacing.next(at: 1, tokens: 600) == .wait(until: 10))
        #expect(pacing.next(at: 10, tokens: 600) == .go)
        #expect(pacing.next(at: 10, tokens: 1) == .wait(until: 30))
        // What is larger than any allowance goes out once the allowance is over.
        #expect(pacing.next(at: 30, tokens: 1e9) == .go)
    }

    @Test func `whoever waits for a turn can leave, and nobody's turn is lost`() async throws {
        let gate = EndpointGate(concurrency: 1, patience: 60)
        try await gate.enter(tokens: 1)
        let leaver = Task { try await gate.enter(tokens: 1) }
        try await Task.sleep(for: .milliseconds(20))
        let stayer = Task { try await gate.enter(tokens: 1) }
        try await Task.sleep(for: .milliseconds(20))
        leaver.cancel()
        await gate.leave(RateSignals())
        try await stayer.value
        await #expect(throws: CancellationError.self) { try await leaver.value }
        // Many come and go; all get through, one at a time.
        await gate.leave(RateSignals())
        await withThrowingTaskGroup(of: Void.self) { group in
            for index in 0..<200 {
                group.addTask {
                    try await gate.enter(tokens: 1)
                    await Task.yield()
                    await gate.leave(RateSignals())
                }
                if index % 7 == 0 { group.addTask { try await Task.sleep(for: .microseconds(50)) } }
            }
        }
        try await gate.enter(tokens: 1)
    }
}

@Suite struct `keys to endpoints` {
    @Test func `a key comes from the environment or a file, and is never shown`() throws {
        let secret = "sk-very-secret-0123456789"
        let (found, warnings) = try EndpointKey.environment("KEY").load(environment: ["KEY": " \(secret)\n"])
        let key = try #require(found)
        #expect(warnings.isEmpty && key.value(ofHeader: "Authorization") == "Bearer \(secret)")
        #expect(key.value(ofHeader: "api-key") == secret)
        var dumped = ""
        dump(key, to: &dumped)
        for text in ["\(key)", String(reflecting: key), dumped, "\([key])", "\(Optional(key) as Any)"] {
            #expect(!text.contains(secret) && !text.contains("very"), "\(text)")
        }
        #expect(key.removed(from: "bad key \(secret)!") == "bad key [key]!")

        let path = NSTemporaryDirectory() + "cascade-key-\(UInt64.random(in: 0 ... .max))"
        defer { try? FileManager.default.removeItem(atPath: path) }
        try "\(secret)\n".write(toFile: path, atomically: false, encoding: .utf8)
        try FileManager.default.setAttributes([.posixPermissions: 0o644], ofItemAtPath: path)
        let open = try EndpointKey.file(path).load()
        #expect(open.warnings == ["\(path) can be read by others: chmod 600 \(path)"])
        try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: path)
        let closed = try EndpointKey.file(path).load()
        #expect(closed.warnings.isEmpty && closed.secret?.value(ofHeader: "x") == secret)
    }

    @Test func `a key that is not there, or is none, is an error that does not show it`() throws {
        for (key, environment) in [
            (EndpointKey.environment("KEY"), [:]), (.environment("KEY"), ["KEY": " "]), (.file("/nowhere/key"), [:]),
            (.environment("KEY"), ["KEY": "two words"]), (.environment("KEY"), ["KEY": "line\nbreak"]),
            (.environment("KEY"), ["KEY": "clé-secrète"]),
        ] {
            do {
                _ = try key.load(environment: environment)
                Issue.record("\(key) was loaded")
            } catch {
                guard case .missingKey = error else {
                    Issue.record("\(error)")
                    continue
                }
                for word in ["two", "break", "secr"] { #expect(!"\(error)".contains(word)) }
            }
        }
    }

    @Test func `an address is checked, and what may be secret in it is not repeated`() throws {
        for address in [
            "ftp://example.org", "example.org/v1", "", "https://", "https://user:hunter2@example.org/v1",
            "https://example.org/v1?key=hunter2",
        ] {
            do {
                _ = try RemoteClient(RemoteEndpoint(address))
                Issue.record("\(address) was taken")
            } catch { #expect(!"\(error)".contains("hunter2")) }
        }
        setenv("CASCADE_TEST_KEY_A", "sk-1", 1)
        let open = try RemoteClient(RemoteEndpoint("http://example.org/v1/", key: .environment("CASCADE_TEST_KEY_A")))
        #expect(open.base == "http://example.org/v1" && open.warnings.count == 1)
        for address in ["http://localhost:8080/v1", "http://127.0.0.1/v1", "https://example.org/v1"] {
            #expect(
                try RemoteClient(RemoteEndpoint(address, key: .environment("CASCADE_TEST_KEY_A"))).warnings.isEmpty)
        }
    }
}
