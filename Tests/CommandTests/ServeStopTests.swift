import EndpointTesting
import Foundation
import Storage
import Testing

/// What becomes of requests when the program is told to stop.
@Suite(.timeLimit(.minutes(5))) struct `cascade serve, told to stop` {
    let folder: TemporaryFolder
    let path: String

    init() throws {
        folder = try TemporaryFolder()
        path = folder.path("gateway.sqlite")
    }

    private static let answer =
        #"{"id":"c","object":"chat.completion","model":"m","choices":[{"index":0,"message":{"role":"assistant","content":"yes"},"finish_reason":"stop"}],"usage":{"prompt_tokens":10,"completion_tokens":5}}"#

    private func key() throws -> String {
        let made = try Cascade.run(
            "keys", "create", "--store", path, "--name", "team", "--limit", "requests=100000/total")
        #expect(made.status == 0, "\(made.errors)")
        return made.output.trimmingCharacters(in: .newlines)
    }

    @Test func `under load it answers all that it took, writes all that it answered, and ends well`() async throws {
        let upstream = try await ScriptedServer { _ in [.pause(5), .reply(Self.answer)] }
        defer { upstream.stop() }
        let key = try key()
        let gateway = try await ServedGateway(["--store", path, "--endpoint", "small=\(upstream.address),m"], folder)
        let told = try await TrafficClients.run(gateway, key: key) {
            $0.answered.count >= 100
        } then: {
            let status = try await gateway.stop()
            #expect(status == 0, "\(gateway.said)")
        }
        #expect(told.refused.isEmpty, "\(told.refused)")
        let store = try await Store.open(path, creates: false)
        let records = try await store.requests.latest(100_000)
        #expect(
            Set(records.map(\.id)) == Set(told.answered), "\(records.count) written, \(told.answered.count) answered")
        let record = try #require(try await store.keys.all().first)
        let spent = try await store.ledger.spent(record.id, record.limits[0], at: 0)
        #expect(spent.settled == told.answered.count && spent.outstanding == 0)
        await store.close()
    }

    @Test func `a request that outlasts the time to drain is given up, and the rest is written`() async throws {
        // The second is never answered.
        let upstream = try await ScriptedServer { request in
            request.body.contains("for ever") ? [] : [.reply(Self.answer)]
        }
        defer { upstream.stop() }
        let configuration = try folder.write(
            """
            listen: 127.0.0.1:0
            store: gateway.sqlite
            limits: {drain_seconds: 1}
            stages:
              small: {endpoint: "\(upstream.address)", model: m}
            """, "gateway.yaml")
        let key = try key()
        let gateway = try await ServedGateway(["--config", configuration], folder)
        let first = try #require(await gateway.ask("small", "hello", key: key))
        #expect(first.status == 200)
        async let waiting = gateway.ask("small", "for ever", key: key)
        #expect(await upstream.reaches { $0.requests.count == 2 })
        let begin = ContinuousClock.now
        let status = try await gateway.stop()
        // Unless told otherwise it would wait for half a minute.
        #expect(ContinuousClock.now - begin < .seconds(20))
        let cut = await waiting
        #expect(cut?.status != 200)
        #expect(status == 0, "\(gateway.said)")
        let store = try await Store.open(path, creates: false)
        let id = try #require(first.id)
        #expect(try await store.requests.request(id)?.serving?.decision == "answered")
        let records = try await store.requests.latest(10)
        #expect(Set(records.compactMap { $0.serving?.decision }) == ["answered", "cancelled"], "\(records)")
        let record = try #require(try await store.keys.all().first)
        let spent = try await store.ledger.spent(record.id, record.limits[0], at: 0)
        #expect(spent.outstanding == 0, "nothing is held by who is gone: \(spent)")
        await store.close()
    }
}
