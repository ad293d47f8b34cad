import Cascades
import Foundation
import NIOCore
import NIOHTTP1
import Storage
import StorageTesting
import Testing

@testable import Gateway

/// Every answer of the upstream takes 10 tokens in and 5 out, at a dollar and two: 20 dollars.
@Suite(.timeLimit(.minutes(5))) struct `budgets through the gateway` {
    static let more = #","max_tokens":5"#

    @Test(arguments: [
        Limit(.requests, 100, per: .total), Limit(.money, 1_000, per: .total), Limit(.tokens, 1_500, per: .total),
    ])
    func `a thousand requests at once spend no more than the limit, and then what is left to the last request`(
        _ limit: Limit
    ) async throws {
        try await ScriptedUpstream.run { _ in
            [.wait(.milliseconds(5))] + .completion("hi")
        } _: { upstream in
            try await StoredGateway.run(upstream) { gateway in
                let made = try await gateway.makeKey(limits: [limit])
                var statuses = try await withThrowingTaskGroup(of: Int.self) { group in
                    for _ in 0..<1_000 {
                        group.addTask {
                            try await gateway.ask(key: made.key.secret, more: Self.more).status
                        }
                    }
                    return try await group.reduce(into: [Int]()) { $0.append($1) }
                }
                #expect(statuses.allSatisfy { $0 == 200 || $0 == 429 }, "\(Set(statuses))")
                let atOnce = statuses.count { $0 == 200 }
                #expect(atOnce > 0 && atOnce < 1_000)
                // What was reserved beyond what they took is free again.
                while statuses.last != 429 || statuses.suffix(20).contains(200) {
                    statuses.append(try await gateway.ask(key: made.key.secret, more: Self.more).status)
                    if statuses.count > 2_000 { break }
                }
                try await gateway.services.writer.flush()
                let answered = statuses.count { $0 == 200 }
                let spent = try await gateway.store.ledger.spent(made.record.id, limit, at: WallClock.now())
                let each = Usage(money: 20, tokens: 15, requests: 1)[limit.measure]
                #expect(spent.settled == Int64(answered) * each)
                #expect(spent.settled <= limit.amount)
                // The largest reservation: three bytes a token are more than it takes.
                let most = Usage(money: 60, tokens: 50, requests: 1)[limit.measure]
                #expect(spent.settled + most > limit.amount, "\(spent.settled) of \(limit.amount)")
                // Nobody was asked for those that were refused.
                #expect(upstream.requests.count == answered)
                #expect(try await gateway.store.requests.count() == answered)
            }
        }
    }

    @Test func `a thousand keys at their limits are each let in as often as they may, and no more`() async throws {
        try await ScriptedUpstream.run { _ in
            .completion("hi")
        } _: { upstream in
            try await StoredGateway.run(upstream) { gateway in
                let limit = Limit(.requests, 2, per: .total)
                var keys: [KeyRepository.Created] = []
                for number in 0..<1_000 {
                    keys.append(try await gateway.store.keys.create(name: "team \(number)", limits: [limit]))
                }
                try await gateway.services.authority.refresh()
                struct Told: Sendable {
                    var key: Int
                    var status: Int
                }
                var answered = [Int](repeating: 0, count: keys.count)
                try await withThrowingTaskGroup(of: Told.self) { group in
                    var running = 0
                    // Every key asks four times, all keys by turns.
                    for number in 0..<4_000 {
                        if running >= 100, let told = try await group.next() {
                            running -= 1
                            answered[told.key] += told.status == 200 ? 1 : 0
                        }
                        let (index, secret) = (number % 1_000, keys[number % 1_000].key.secret)
                        group.addTask { Told(key: index, status: try await gateway.ask(key: secret).status) }
                        running += 1
                    }
                    for try await told in group { answered[told.key] += told.status == 200 ? 1 : 0 }
                }
                #expect(answered.allSatisfy { $0 == 2 })
                try await gateway.services.writer.flush()
                let spending = try await gateway.store.ledger.spending(at: WallClock.now())
                #expect(spending.count == 1_000 && spending.values.allSatisfy { $0.settled == 2 })
            }
        }
    }

    @Test func `a client is told which limit it met, and when to come back`() async throws {
        try await ScriptedUpstream.run { _ in
            .completion("hi")
        } _: { upstream in
            // Half a minute into a minute of a day.
            try await StoredGateway.run(upstream, configure: { $0.time = { 1_700_000_010 + 20 } }) { gateway in
                func told(_ limit: Limit, _ more: String = Self.more) async throws -> RunningGateway.Reply {
                    let made = try await gateway.makeKey(limits: [limit])
                    _ = try await gateway.ask(key: made.key.secret, more: more)
                    try await gateway.services.writer.flush()
                    return try await gateway.ask(key: made.key.secret, more: more)
                }
                let rate = try await told(Limit(.requests, 1, per: .minute))
                #expect(rate.status == 429 && rate.body.contains("rate_limit_exceeded"))
                #expect(rate.body.contains("requests=1/minute"), "\(rate.body)")
                let wait = 60 - 1_700_000_030 % 60
                #expect(rate("retry-after") == String(wait))
                let total = try await told(Limit(.requests, 1, per: .total))
                #expect(total.status == 429 && total.body.contains("insufficient_quota"))
                #expect(total("retry-after") == nil)
                let large = try await told(Limit(.money, 1, per: .month))
                #expect(large.status == 400 && large.body.contains("exceeds_limit"))
                #expect(large.body.contains("max_tokens"))
                let enough = try await told(Limit(.money, 1_000, per: .month))
                #expect(enough.status == 200)
            }
        }
    }

    @Test func `streams are settled by what they took, also where the client goes in the middle`() async throws {
        try await ScriptedUpstream.run { request in
            request.body.contains("linger")
                ? .stream(["a", "b"], isWhole: false) + [.stall] : .stream(["a", "b"], tokens: (10, 5))
        } _: { upstream in
            try await StoredGateway.run(upstream) { gateway in
                // Room for one reservation at a time.
                let limit = Limit(.money, 100, per: .total)
                let made = try await gateway.makeKey(limits: [limit])
                let streamed = #","max_tokens":20,"stream":true"#
                let first = try await gateway.ask(key: made.key.secret, more: streamed)
                #expect(first.status == 200 && first.body.contains("[DONE]"))
                try await gateway.services.writer.flush()
                let ledger = gateway.store.ledger
                #expect(try await ledger.spent(made.record.id, limit, at: 0).settled == 20_000_000_000)
                // One that lingers holds what is left, until its client goes.
                let body = RunningGateway.chat("small", "linger", more: streamed)
                let text =
                    "POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\nauthorization: Bearer \(made.key.secret)\r\ncontent-length: \(body.utf8.count)\r\n\r\n\(body)"
                let mayGo = TestFlag(false)
                async let gone = RawConnection.exchange(gateway.gateway.port, [text]) { said in
                    mayGo.isSet && !said.isEmpty
                }
                #expect(try await eventually { upstream.requests.contains { $0.body.contains("linger") } })
                #expect(try await gateway.ask(key: made.key.secret, more: streamed).status == 429)
                mayGo.set(true)
                #expect(try await gone.contains("200 OK"))
                #expect(
                    try await eventually {
                        try await gateway.ask(key: made.key.secret, more: #","max_tokens":1,"stream":true"#).status
                            == 200
                    })
                try await gateway.services.writer.flush()
                let records = try await gateway.store.requests.latest(10)
                #expect(records.contains { $0.serving?.decision == "cancelled" && $0.cost.money > 0 })
                // All that was answered is settled, and nothing else.
                let sum = records.reduce(0) { $0 + $1.cost.money }
                #expect(
                    try await ledger.spent(made.record.id, limit, at: 0).settled
                        == Usage(money: sum).nanodollars)
            }
        }
    }

    @Test func `a clock that jumps opens no window twice and shuts none`() async throws {
        let clock = TestTime(1_700_000_000)
        try await ScriptedUpstream.run { _ in
            .completion("hi")
        } _: { upstream in
            try await StoredGateway.run(upstream, configure: { $0.time = { clock.now } }) { gateway in
                let made = try await gateway.makeKey(
                    limits: [Limit(.requests, 5, per: .minute), Limit(.requests, 8, per: .day)])
                func answered(of count: Int) async throws -> Int {
                    var answered = 0
                    for _ in 0..<count where try await gateway.ask(key: made.key.secret).status == 200 { answered += 1 }
                    return answered
                }
                #expect(try await answered(of: 8) == 5)
                clock.set(1_700_000_061)
                #expect(try await answered(of: 8) == 3)
                // Back into the minute that was used up, and into one that was not: the day is used up.
                clock.set(1_700_000_001)
                #expect(try await answered(of: 3) == 0)
                clock.set(1_700_000_000 - 3_000)
                #expect(try await answered(of: 3) == 0)
                // A year ahead and back again.
                clock.set(1_700_000_000 + 365 * 86_400)
                #expect(try await answered(of: 8) == 5)
                clock.set(1_700_000_061)
                #expect(try await answered(of: 3) == 0)
                // A clock that lost its battery.
                clock.set(0)
                #expect(try await answered(of: 8) == 5)
                try await gateway.services.writer.flush()
                #expect(try await gateway.store.requests.count() == 18)
            }
        }
    }
}
