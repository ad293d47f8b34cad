import NIOCore
import Probability
import Testing

@testable import Gateway

@Suite(.timeLimit(.minutes(5))) struct `a circuit breaker` {
    @Test func `opens after failures in a row, probes after its pause, closes after successes`() {
        var breaker = CircuitBreaker()
        for _ in 0..<4 { breaker.note(succeeded: false, wasProbe: false, at: 0) }
        breaker.note(succeeded: true, wasProbe: false, at: 0)
        for _ in 0..<4 { breaker.note(succeeded: false, wasProbe: false, at: 0) }
        #expect(breaker.admit(at: 0) == .ask)
        breaker.note(succeeded: false, wasProbe: false, at: 0)
        #expect(breaker.admit(at: 0.25) == .refuse(retryAfter: 0.75))
        #expect(breaker.admit(at: 1) == .probe)
        #expect(breaker.admit(at: 1) == .refuse(retryAfter: 1))
        breaker.note(succeeded: true, wasProbe: true, at: 1.5)
        #expect(breaker.admit(at: 1.5) == .probe)
        breaker.note(succeeded: true, wasProbe: true, at: 1.6)
        #expect(breaker.state == .closed && breaker.openings == 0)
    }

    @Test func `each failed probe doubles the pause up to the longest`() {
        var breaker = CircuitBreaker()
        for _ in 0..<5 { breaker.note(succeeded: false, wasProbe: false, at: 0) }
        var now = 0.0
        var pauses: [Double] = []
        for _ in 0..<10 {
            guard case .open(let until) = breaker.state else { break }
            pauses.append(until - now)
            now = until
            #expect(breaker.admit(at: now) == .probe)
            breaker.note(succeeded: false, wasProbe: true, at: now)
        }
        #expect(pauses == [1, 2, 4, 8, 16, 32, 60, 60, 60, 60])
    }

    @Test func `a share of failures opens it though successes come between`() {
        var breaker = CircuitBreaker()
        for index in 0..<19 { breaker.note(succeeded: index % 2 == 0, wasProbe: false, at: Double(index) * 0.01) }
        #expect(breaker.state == .closed)
        breaker.note(succeeded: false, wasProbe: false, at: 0.2)
        #expect(breaker.state == .open(until: 1.2))
        // Spread over minutes the same calls say nothing.
        var slow = CircuitBreaker()
        for index in 0..<200 { slow.note(succeeded: index % 2 == 0, wasProbe: false, at: Double(index) * 2) }
        #expect(slow.state == .closed)
    }

    @Test func `whatever happens, probes are limited and a well stage is asked again`() {
        var random = Random(seed: 4)
        for _ in 0..<200 {
            var limits = CircuitBreaker.Limits()
            limits.probes = 1 + Int(random.uniform() * 3)
            var breaker = CircuitBreaker(limits)
            var now = 0.0
            var probes = 0
            var calls: [Bool] = []
            for _ in 0..<500 {
                now += random.uniform() * 0.3
                if random.uniform() < 0.5 {
                    switch breaker.admit(at: now) {
                    case .ask: calls.append(false)
                    case .probe:
                        // A new round of probes begins when the breaker opened again.
                        if case .halfOpen(let running, _) = breaker.state { #expect(running <= limits.probes) }
                        probes += 1
                        calls.append(true)
                    case .refuse(let seconds): #expect(seconds > 0)
                    }
                } else if let call = calls.popLast() {
                    breaker.note(
                        succeeded: [true, false, false, nil][Int(random.uniform() * 4)], wasProbe: call, at: now)
                }
            }
            // What runs still ends; then all is well again.
            while let call = calls.popLast() { breaker.note(succeeded: true, wasProbe: call, at: now) }
            for _ in 0..<10 {
                now += limits.longestPause
                if breaker.admit(at: now) == .probe { breaker.note(succeeded: true, wasProbe: true, at: now) }
            }
            #expect(breaker.state == .closed)
        }
    }
}

@Suite(.timeLimit(.minutes(5))) struct `a fair queue` {
    @Test func `keys take turns whatever they send`() {
        var queue = FairQueue(limit: 1, waiting: 100)
        #expect(queue.enter(0, key: "a") == .enter)
        for ticket in 1...6 { #expect(queue.enter(UInt64(ticket), key: "a") == .wait) }
        #expect(queue.enter(7, key: "b") == .wait)
        #expect(queue.enter(8, key: "c") == .wait)
        #expect(queue.enter(9, key: "b") == .wait)
        var order: [UInt64] = []
        for _ in 0..<9 { if let ticket = queue.leave() { order.append(ticket) } }
        #expect(order == [1, 7, 8, 2, 9, 3, 4, 5, 6])
    }

    @Test func `too many are refused, of one key before of all`() {
        var queue = FairQueue(limit: 1, waiting: 3, waitingPerKey: 2)
        _ = queue.enter(0, key: "a")
        #expect((1...3).map { queue.enter($0, key: "a") } == [.wait, .wait, .refuse])
        #expect(queue.enter(4, key: "b") == .wait)
        #expect(queue.enter(5, key: "b") == .refuse)
    }

    @Test func `never too many are in, nobody is lost, each key in its order, and no key waits two turns`() {
        var random = Random(seed: 9)
        for _ in 0..<300 {
            let limit = 1 + Int(random.uniform() * 4)
            var queue = FairQueue(limit: limit, waiting: 20, waitingPerKey: 8)
            var inside = 0
            var waiting: [(ticket: UInt64, key: String)] = []
            var next: UInt64 = 0
            // How often others got in while a key had somebody waiting.
            var passed: [String: [String: Int]] = [:]
            for _ in 0..<400 {
                let chance = random.uniform()
                if chance < 0.5 {
                    let key = ["a", "b", "c", "d"][Int(random.uniform() * 4)]
                    switch queue.enter(next, key: key) {
                    case .enter:
                        #expect(inside < limit && waiting.isEmpty)
                        inside += 1
                    case .wait:
                        #expect(inside == limit)
                        waiting.append((next, key))
                    case .refuse: #expect(waiting.count == 20 || waiting.count { $0.key == key } == 8)
                    }
                    next += 1
                } else if chance < 0.9, inside > 0 {
                    inside -= 1
                    if let ticket = queue.leave() {
                        inside += 1
                        guard let place = waiting.firstIndex(where: { $0.ticket == ticket }) else {
                            Issue.record("ticket \(ticket) was not waiting")
                            return
                        }
                        let key = waiting[place].key
                        #expect(!waiting[..<place].contains { $0.key == key })
                        waiting.remove(at: place)
                        passed[key] = nil
                        for other in Set(waiting.map(\.key)) where other != key {
                            passed[other, default: [:]][key, default: 0] += 1
                            // Once for its turn, once more where it came back as a new key meanwhile.
                            #expect(passed[other]![key]! <= 2)
                        }
                        for key in passed.keys where !waiting.contains(where: { $0.key == key }) { passed[key] = nil }
                    } else {
                        #expect(waiting.isEmpty)
                    }
                } else if let place = waiting.indices.randomElement(using: &random) {
                    let (left, leftTwice) = (
                        queue.giveUp(waiting[place].ticket), queue.giveUp(waiting[place].ticket)
                    )
                    #expect(left && !leftTwice)
                    waiting.remove(at: place)
                    for key in passed.keys where !waiting.contains(where: { $0.key == key }) { passed[key] = nil }
                }
                #expect(queue.running == inside && queue.waitingCount == waiting.count && inside <= limit)
            }
        }
    }
}

@Suite(.timeLimit(.minutes(5))) struct `learned latencies` {
    @Test func `quantiles are right to half a bucket`() {
        var random = Random(seed: 1)
        var latency = LatencyQuantile(halfLife: 1e9)
        var values: [Double] = []
        for _ in 0..<20_000 {
            let value = 0.01 * (1 + random.uniform()) * (random.uniform() < 0.1 ? 10 : 1)
            values.append(value)
            latency.observe(value)
        }
        values.sort()
        for share in [0.1, 0.5, 0.9, 0.95, 0.99] {
            let exact = values[Int(share * 20_000)]
            #expect(abs(latency.quantile(share)! / exact - 1) < 0.05, "\(share)")
        }
    }

    @Test func `old latencies fade`() {
        var latency = LatencyQuantile(halfLife: 100)
        for _ in 0..<100_000 { latency.observe(1) }
        for _ in 0..<1000 { latency.observe(0.01) }
        #expect(abs(latency.quantile(0.99)! / 0.01 - 1) < 0.05)
        #expect(LatencyQuantile().quantile(0.5) == nil)
    }
}

@Suite(.timeLimit(.minutes(5))) struct `retries` {
    @Test func `only faults that may pass are tried again, within the attempts`() {
        var random = Random(seed: 1)
        let rule = RetryRule(attempts: 3, pause: 0.1, longestPause: 0.15)
        for attempt in 1...2 {
            for _ in 0..<100 {
                guard case .retry(let pause) = rule.decide(.broken(reason: ""), attempt: attempt, using: &random) else {
                    Issue.record("no retry")
                    return
                }
                #expect(pause >= 0 && pause <= (attempt == 1 ? 0.1 : 0.15))
            }
        }
        #expect(rule.decide(.broken(reason: ""), attempt: 3, using: &random) == .giveUp)
        let errors: [StageError] = [
            .cancelled, .unsupported(what: ""), .status(400, body: ByteBuffer(), retryAfter: nil),
            .held(reason: "", retryAfter: 1), .tripped(retryAfter: 1), .timedOut(step: "", seconds: 1),
            .status(429, body: ByteBuffer(), retryAfter: 5),
        ]
        for error in errors { #expect(rule.decide(error, attempt: 1, using: &random) == .giveUp) }
        #expect(
            rule.decide(.status(429, body: ByteBuffer(), retryAfter: 0.12), attempt: 1, using: &random)
                == .retry(after: 0.12))
    }

    @Test func `extra calls are a share of the ordinary ones`() {
        var budget = SpareBudget(share: 0.1, most: 2)
        var spent = 0
        for _ in 0..<1000 {
            budget.earn()
            if budget.spend() { spent += 1 }
        }
        #expect(spent == 101 || spent == 102)
    }
}
