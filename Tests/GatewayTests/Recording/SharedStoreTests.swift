import Cascades
import Deferral
import Foundation
import NIOHTTP1
import Storage
import StorageTesting
import Testing

@testable import Gateway

@Suite(
    .timeLimit(.minutes(5)),
    .enabled(if: PostgresServer.shared != nil, "there is no PostgreSQL here: apt-get install postgresql"))
struct `several gateways on one PostgreSQL database` {
    /// Two gateways, each with its own connections to one new database.
    private func run<Result>(
        _ given: PostgresServer? = nil, _ body: (StoredGateway, StoredGateway, String) async throws -> Result
    ) async throws -> Result {
        let address = try #require(given ?? PostgresServer.shared).newDatabase()
        let stores = [try await Store.open(address), try await Store.open(address)]
        let result = try await ScriptedUpstream.run { _ in
            .completion("hi")
        } _: { upstream in
            try await StoredGateway.run(upstream, store: stores[0]) { first in
                try await StoredGateway.run(upstream, store: stores[1]) { second in
                    try await body(first, second, address)
                }
            }
        }
        for store in stores { await store.close() }
        return result
    }

    @Test func `a key that one makes or revokes is soon good or bad at the other`() async throws {
        try await run { first, second, _ in
            let made = try await first.administer(.POST, "keys", #"{"name": "team"}"#)
            let secret = try #require(made.json["key"]?.text)
            let id = try #require(made.json["id"]?.text)
            #expect(try await first.ask(key: secret).status == 200)
            #expect(try await eventually { try await second.ask(key: secret).status == 200 })
            #expect(try await second.administer(.DELETE, "keys/\(id)").status == 200)
            #expect(try await eventually { try await first.ask(key: secret).status == 401 })
        }
    }

    @Test func `a limit is one for all, to the last request`() async throws {
        try await run { first, second, _ in
            let limit = Limit(.requests, 200, per: .total)
            let made = try await first.makeKey(limits: [limit])
            try await second.services.authority.refresh()
            let key = made.key.secret
            var answered = try await withThrowingTaskGroup(of: Int.self) { group in
                for number in 0..<600 {
                    group.addTask { try await (number % 2 == 0 ? first : second).ask(key: key).status }
                }
                return try await group.reduce(0) { $0 + ($1 == 200 ? 1 : 0) }
            }
            #expect(answered <= 200 && answered >= 100, "\(answered)")
            // What one holds and does not use comes back, and the other gives it out.
            let end = ContinuousClock.now.advanced(by: .seconds(120))
            while answered < 200, ContinuousClock.now < end {
                if try await second.ask(key: key).status == 200 {
                    answered += 1
                } else {
                    try await Task.sleep(for: .milliseconds(100))
                }
            }
            #expect(answered == 200)
            for gateway in [first, second] { #expect(try await gateway.ask(key: key).status == 429) }
            for gateway in [first, second] { try await gateway.services.writer.flush() }
            let spent = try await first.store.ledger.spent(made.record.id, limit, at: 0)
            #expect(spent.settled == 200)
            #expect(try await first.store.requests.count() == 200)
        }
    }

    @Test func `what is judged at another gateway than it was asked at is one log`() async throws {
        try await run { first, second, _ in
            for (asked, judged) in [(first, second), (second, first)] {
                let id = try #require(try await asked.ask()("x-cascade-request-id"))
                try await asked.services.writer.flush()
                let reply = try await judged.send(.POST, "/v1/feedback", #"{"request_id": "\#(id)", "thumbs": "up"}"#)
                #expect(reply.status == 200, "\(reply.body)")
            }
            #expect(try await second.store.outcomeLog().count == 2)
        }
    }

    @Test func `connections that break are made again, and nothing is lost or written twice`() async throws {
        try await run { first, second, address in
            let limit = Limit(.requests, 100_000, per: .total)
            let made = try await first.makeKey(limits: [limit])
            try await second.services.authority.refresh()
            var answered = 0
            for round in 0..<5 {
                for number in 0..<40 {
                    let status = try await (number % 2 == 0 ? first : second).ask(key: made.key.secret).status
                    // What was leased goes on; what was not says that the store is away.
                    #expect(status == 200 || status == 503, "\(status)")
                    if status == 200 { answered += 1 }
                    if number == 20, round < 4 { try #require(PostgresServer.shared).disconnect(address) }
                }
            }
            #expect(answered >= 150, "\(answered)")
            for gateway in [first, second] {
                #expect(try await eventually { gateway.services.writer.counts.waiting == 0 })
                #expect(gateway.services.writer.counts.lost == 0)
            }
            #expect(try await first.store.requests.count() == answered)
            #expect(try await first.store.ledger.spent(made.record.id, limit, at: 0).settled == Int64(answered))
            // And changes are heard of again.
            let later = try await first.administer(.POST, "keys", #"{"name": "later"}"#)
            let secret = try #require(later.json["key"]?.text)
            #expect(try await eventually { try await second.ask(key: secret).status == 200 })
        }
    }

    @Test func `a policy that is put into force at one decides at the other within a second`() async throws {
        let address = try #require(PostgresServer.shared).newDatabase()
        let stores = [try await Store.open(address), try await Store.open(address)]
        try await ScriptedUpstream.run { _ in
            .completion("hi", logprobs: [-3])
        } _: { upstream in
            let configuration = try RunningGateway.configuration(
                ["small": upstream, "large": upstream], policy: RunningGateway.deferring, schema: RunningGateway.schema)
            try await StoredGateway.run(configuration, store: stores[0]) { first in
                try await StoredGateway.run(configuration, store: stores[1]) { second in
                    let content = try `policies that serve`.content(SingleStagePolicy(stage: 0))
                    #expect(try await first.store.policies.add(content, model: "cascade", state: .retired) == 2)
                    var times: [Duration] = []
                    for round in 0..<9 {
                        let (told, other) = round % 2 == 0 ? (first, second) : (second, first)
                        let version = round % 2 == 0 ? 2 : 1
                        try await told.store.policies.set(.active, model: "cascade", version: version)
                        let begin = ContinuousClock.now
                        for gateway in [told, other] {
                            #expect(
                                try await eventually {
                                    try await gateway.ask("cascade")("x-cascade-policy") == "v\(version)"
                                })
                        }
                        times.append(ContinuousClock.now - begin)
                    }
                    // A busy machine may hold up one or the other, and not most of them.
                    #expect(times.sorted()[times.count / 2] < .seconds(1), "\(times)")
                }
            }
        }
        for store in stores { await store.close() }
    }

    @Test func `a server that is stopped and comes back costs no record, and no spending`() async throws {
        let server = try PostgresServer()
        try await run(server) { first, second, address in
            let limit = Limit(.requests, 100_000, per: .total)
            let made = try await first.makeKey(limits: [limit])
            try await second.services.authority.refresh()
            var answered = 0
            func ask(_ count: Int) async throws -> [Int] {
                var statuses: [Int] = []
                for number in 0..<count {
                    let status = try await (number % 2 == 0 ? first : second).ask(key: made.key.secret).status
                    statuses.append(status)
                    if status == 200 { answered += 1 }
                }
                return statuses
            }
            #expect(try await ask(20) == [Int](repeating: 200, count: 20))
            for _ in 0..<2 {
                try server.stop()
                // What was leased goes on, and waits to be written; what was not says that the store is away.
                let away = try await ask(60)
                #expect(away.contains(200) && away.allSatisfy { $0 == 200 || $0 == 503 }, "\(away)")
                #expect(try await eventually { first.services.writer.failure != nil })
                #expect(first.services.writer.counts.waiting > 0 && first.services.writer.counts.lost == 0)
                try server.start()
                #expect(try await eventually { try await ask(2) == [200, 200] })
            }
            for gateway in [first, second] {
                #expect(try await eventually { gateway.services.writer.counts.waiting == 0 })
                #expect(gateway.services.writer.counts.lost == 0)
            }
            #expect(try await first.store.requests.count() == answered)
            #expect(try await first.store.ledger.spent(made.record.id, limit, at: 0).settled == Int64(answered))
            // And changes are heard of again.
            let later = try await first.administer(.POST, "keys", #"{"name": "later"}"#)
            let secret = try #require(later.json["key"]?.text)
            #expect(try await eventually { try await second.ask(key: secret).status == 200 })
        }
    }
}
