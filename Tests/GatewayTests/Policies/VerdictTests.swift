import Cascades
import Deferral
import Foundation
import NIOHTTP1
import Storage
import StorageTesting
import Testing

@testable import Gateway

/// A judged request counts once: what is said first, whoever is told of it.
@Suite(.timeLimit(.minutes(2))) struct `verdicts on requests` {
    private func judgements(_ gateway: StoredGateway) -> Int {
        gateway.gateway.server.core.learning.state(of: "cascade")?.scores["v1"]?.quality.count ?? 0
    }

    private func judge(_ gateway: StoredGateway, _ id: String, _ thumbs: String, _ source: String) async throws {
        let reply = try await gateway.send(
            .POST, "/v1/feedback", #"{"request_id":"\#(id)","thumbs":"\#(thumbs)","source":"\#(source)"}"#,
            key: StoredGateway.administrator)
        #expect(reply.status == 200, "\(reply.body)")
    }

    /// Runs `body` beside two gateways on one store.
    private func run(_ body: (StoredGateway, StoredGateway, Store) async throws -> Void) async throws {
        let folder = try ScratchFolder()
        let store = try await Store.open(folder.path("verdicts.sqlite"))
        try await ScriptedUpstream.run({ _ in .completion("hi", logprobs: [-0.1]) }) { upstream in
            let configuration = try RunningGateway.configuration(
                ["small": upstream, "large": upstream], policy: RunningGateway.deferring, schema: RunningGateway.schema)
            try await StoredGateway.run(configuration, store: store) { first in
                try await StoredGateway.run(configuration, store: store) { second in
                    try await body(first, second, store)
                }
            }
        }
        await store.close()
    }

    @Test func `count once, whichever gateway is told first`() async throws {
        try await run { first, second, _ in
            var ids: [String] = []
            for _ in 0..<3 { ids.append(try #require(try await first.ask("cascade")("x-cascade-request-id"))) }
            try await first.services.writer.flush()
            // The other one is told first, then the one that answered, then the other again by somebody else.
            try await judge(second, ids[0], "down", "user")
            #expect(try await eventually(20) { judgements(second) == 1 })
            try await judge(first, ids[0], "up", "user")
            try await judge(first, ids[0], "up", "judge")
            #expect(judgements(first) == 0, "the other one has counted it")
            // The one that answered is told first.
            try await judge(first, ids[1], "up", "user")
            #expect(judgements(first) == 1)
            try await judge(second, ids[1], "down", "judge")
            // Events come in order: when this one is counted, that one was passed over.
            try await judge(second, ids[2], "up", "judge")
            #expect(try await eventually(20) { judgements(second) == 2 })
            #expect(judgements(first) == 1)
        }
    }

    @Test func `that come to both at once count once`() async throws {
        try await run { first, second, _ in
            var ids: [String] = []
            for _ in 0..<20 { ids.append(try #require(try await first.ask("cascade")("x-cascade-request-id"))) }
            try await first.services.writer.flush()
            try await withThrowingDiscardingTaskGroup { group in
                for id in ids {
                    for (gateway, source) in [(first, "a"), (second, "b"), (first, "c"), (second, "d")] {
                        group.addTask { try await judge(gateway, id, "up", source) }
                    }
                }
            }
            #expect(try await eventually(20) { judgements(first) + judgements(second) == 20 })
            // And none more, once the last that waits has been looked at.
            let last = try #require(try await first.ask("cascade")("x-cascade-request-id"))
            try await first.services.writer.flush()
            try await judge(second, last, "up", "a")
            #expect(try await eventually(20) { judgements(first) + judgements(second) == 21 })
            try await judge(first, last, "up", "b")
            #expect(judgements(first) + judgements(second) == 21)
        }
    }

    @Test func `that were counted before a restart do not count again`() async throws {
        try await run { first, _, store in
            let id = try #require(try await first.ask("cascade")("x-cascade-request-id"))
            try await judge(first, id, "up", "user")
            #expect(judgements(first) == 1)
            // One that knows nothing of the request, as after a restart.
            let models = first.gateway.server.core.models
            let learning = Learning(seed: 1, claim: { (try? await store.verdicts.claim($0)) ?? true })
            learning.renew([try #require(models.byName["cascade"])])
            func said(_ request: String) async {
                await learning.judged(
                    request, model: "cascade", version: "v1", answered: 0, stage: nil, quality: 0, source: "user")
            }
            await said(id)
            #expect(learning.state(of: "cascade")?.scores["v1"]?.quality.count ?? 0 == 0)
            await said("req_new")
            await said("req_new")
            #expect(learning.state(of: "cascade")?.scores["v1"]?.quality.count == 1)
        }
    }
}
