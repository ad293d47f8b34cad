import Cascades
import Foundation
import NIOHTTP1
import NIOCore
import NIOHTTP1
import Storage
import StorageTesting
import Synchronization
import Testing

@testable import Gateway

@Suite(.timeLimit(.minutes(5))) struct `a cache that serves` {
    /// Says something else each time, streamed where that is asked for.
    private final class Counter: Sendable {
        let count = Atomic<Int>(0)
        var script: ScriptedUpstream.Script {
            { request in
                let number = self.count.wrappingAdd(1, ordering: .relaxed).newValue
                if request.body.contains("fail") { return .json(#"{"error":{"message":"no"}}"#, status: 400) }
                return request.body.contains(#""stream":true"#)
                    ? .stream(["answer ", "\(number)"]) : .completion("answer \(number)")
            }
        }
    }

    private func run<Result>(
        _ choices: CacheChoices = CacheChoices(), _ body: (StoredGateway, ScriptedUpstream) async throws -> Result
    ) async throws -> Result {
        try await ScriptedUpstream.run(Counter().script) { upstream in
            try await StoredGateway.run(upstream) {
                $0.models[0].caching = choices
            } _: { gateway in
                try await body(gateway, upstream)
            }
        }
    }

    @Test func `the same request is answered again, byte by byte, at no cost`() async throws {
        try await run { gateway, upstream in
            let first = try await gateway.ask()
            let again = try await gateway.ask()
            #expect(first("x-cascade-cache") == nil && first.body == again.body && again.status == 200)
            #expect(again("x-cascade-cache") == "exact" && again("x-cascade-decision") == "cached")
            #expect(again("x-cascade-cost") == "0" && first("x-cascade-cost") == "20")
            #expect(again("x-cascade-request-id") != first("x-cascade-request-id"))
            #expect(again("content-type") == first("content-type"))
            #expect(try await gateway.ask("small", "Other").body != first.body)
            #expect(try await gateway.ask(more: #","temperature":0.5"#)("x-cascade-cache") == nil)
            #expect(upstream.requests.count == 3)
            try await gateway.services.writer.flush()
            let id = try #require(again("x-cascade-request-id"))
            let record = try #require(try await gateway.store.requests.request(id))
            #expect(record.cost.money == 0 && record.trace.choices.isEmpty && record.status == .answered)
            #expect(record.serving?.decision == "cached" && record.serving?.repeatedMoney == 20)
            // Three answers of one stage, its own reference, took 20 each; the fourth took nothing.
            let (_, summary) = try await gateway.administer(.GET, "live/summary?window=hour")
            let total = try #require(summary["total"])
            #expect(total["requests"]?.number == 4 && total["failed"]?.number == 0)
            #expect(total["money"]?.number == 60 && total["reference"]?.number == 80, "\(total)")
            let metrics = try PrometheusParser(
                try await gateway.send(.GET, "/metrics", key: StoredGateway.administrator).body)
            #expect(metrics.value("cascade_saved_dollars", ["model": "small"]) == 20)
            let (_, json) = try await gateway.administer(.GET, "cache")
            let cache = try #require(json["data"]?.elements?.first)
            #expect(cache["exact_hits"]?.number == 1 && cache["misses"]?.number == 3)
            #expect(cache["saved"]?.number == 20 && cache["entries"]?.number == 3)
        }
    }

    @Test func `a stream is answered as the stream it was`() async throws {
        try await run { gateway, upstream in
            let first = try await gateway.ask(more: #","stream":true"#)
            let again = try await gateway.ask(more: #","stream":true"#)
            #expect(first.body == again.body && again.events.last == "[DONE]" && again.events.count == 3)
            #expect(again("content-type") == "text/event-stream" && again("x-cascade-cache") == "exact")
            // What is not streamed is another request.
            #expect(try await gateway.ask()("x-cascade-cache") == nil)
            #expect(upstream.requests.count == 2)
        }
    }

    @Test func `keys have their own answers, unless it is allowed`() async throws {
        for isShared in [false, true] {
            var choices = CacheChoices()
            choices.isShared = isShared
            try await run(choices) { gateway, upstream in
                let keys = [try await gateway.makeKey("a"), try await gateway.makeKey("b")].map(\.key.secret)
                let first = try await gateway.ask(key: keys[0])
                let other = try await gateway.ask(key: keys[1])
                #expect((first.body == other.body) == isShared)
                #expect(upstream.requests.count == (isShared ? 1 : 2))
                #expect(try await gateway.ask(key: keys[0]).body == first.body)
                #expect(try await gateway.ask().status == 401)
                // Nobody evicts what only another may be given.
                let id = try #require(try await gateway.ask(key: keys[0])("x-cascade-cache-id"))
                let theft = try await gateway.send(.DELETE, "/v1/cache/\(id)", key: keys[1])
                #expect(theft.status == (isShared ? 200 : 404))
            }
        }
    }

    @Test func `turns with tools, failures and what the client refuses are not answered again`() async throws {
        try await run { gateway, upstream in
            let tools = #","tools":[{"type":"function","function":{"name":"f"}}]"#
            var asked = 0
            for (text, more, headers) in [
                ("Hello", tools, []), ("fail", "", []), ("Hello", "", [("cache-control", "no-cache")]),
                ("Hello", "", [("x-cascade-explain", "body")]),
            ] as [(String, String, [(String, String)])] {
                for _ in 0..<2 {
                    asked += 1
                    let reply = try await gateway.send(
                        .POST, "/v1/chat/completions", RunningGateway.chat("small", text, more: more), headers: headers)
                    #expect(reply("x-cascade-cache") == nil)
                    #expect(upstream.requests.count == asked)
                }
            }
        }
    }

    @Test func `an answer that is evicted by its id is asked for again`() async throws {
        try await run { gateway, upstream in
            let first = try await gateway.ask()
            let id = try #require(try await gateway.ask()("x-cascade-cache-id"))
            #expect(id == "ans_" + (first("x-cascade-request-id") ?? "").dropFirst(4))
            #expect(try await gateway.send(.GET, "/v1/cache/\(id)").status == 405)
            #expect(try await gateway.send(.DELETE, "/v1/cache/\(id)").status == 200)
            #expect(try await gateway.send(.DELETE, "/v1/cache/\(id)").status == 404)
            let fresh = try await gateway.ask()
            #expect(fresh("x-cascade-cache") == nil && fresh.body != first.body)
            #expect(upstream.requests.count == 2)
        }
    }

    @Test func `a hit counts as a request of its key, and costs it nothing`() async throws {
        try await run { gateway, _ in
            let limits = [Limit(.requests, 3, per: .total), Limit(.money, 40, per: .total)]
            let key = try await gateway.makeKey(limits: limits).key.secret
            let more = #","max_tokens":1"#
            // A request sets aside some 29 dollars and takes 20, so a second one would find too little.
            #expect(try await gateway.ask(key: key, more: more).status == 200)
            for _ in 0..<2 { #expect(try await gateway.ask(key: key, more: more)("x-cascade-cache") == "exact") }
            #expect(try await gateway.ask(key: key, more: more).status == 429)
        }
    }

    /// Embeds by the words that a question has: "enable 2FA" and "disable 2FA" are as near as can be.
    private static let embedder: ScriptedUpstream.Script = { request in
        let is2FA = request.body.contains("2FA") || request.body.contains("two-factor")
        let vector = is2FA ? "[0.9, 0.1, \(request.body.contains("disable") ? 0.01 : 0)]" : "[0, 0, 5]"
        return .json(
            #"{"object":"list","data":[{"object":"embedding","index":0,"embedding":\#(vector)}],"usage":{"prompt_tokens":4}}"#
        )
    }

    /// Reads both questions, and says no where one says "disable" and the other does not.
    private static let verifier: ScriptedUpstream.Script = { request in
        let isMixed =
            request.body.contains("disable 2FA") && request.body.contains("enable two-factor")
            || request.body.contains("disable 2FA") && request.body.contains("\\nenable 2FA")
        return .completion(isMixed ? "no" : "yes")
    }

    @Test func `questions that mean the same share an answer only by the verifier's word`() async throws {
        try await ScriptedUpstream.run(Self.embedder) { embedder in
            try await ScriptedUpstream.run(Self.verifier) { verifier in
                try await ScriptedUpstream.run(Counter().script) { upstream in
                    var configuration = try RunningGateway.configuration([
                        "small": upstream, "embed": embedder, "verify": verifier,
                    ])
                    let place = try #require(configuration.models.firstIndex { $0.name == "small" })
                    configuration.models[place].caching = CacheChoices()
                    configuration.models[place].caching?.semantic = CacheChoices.Semantic(
                        embedder: "embed", verifiedBy: "verify")
                    try await StoredGateway.run(configuration) { gateway in
                        let enable = try await gateway.ask("small", "enable 2FA")
                        let disable = try await gateway.ask("small", "disable 2FA")
                        #expect(disable("x-cascade-cache") == nil && disable.body != enable.body)
                        let again = try await gateway.ask("small", "enable two-factor")
                        #expect(again("x-cascade-cache") == "semantic" && again.body == enable.body)
                        #expect(try await gateway.ask("small", "weather")("x-cascade-cache") == nil)
                        #expect(upstream.requests.count == 3)
                        // Another form of the answer is another request, however near the question.
                        let short = try await gateway.ask("small", "enable two-factor", more: #","max_tokens":5"#)
                        #expect(short("x-cascade-cache") == nil)
                        // A hit that was false is told of, and does not come back.
                        let id = try #require(again("x-cascade-cache-id"))
                        #expect(try await gateway.send(.DELETE, "/v1/cache/\(id)").status == 200)
                        #expect(try await gateway.ask("small", "enable 2FA")("x-cascade-cache") == nil)
                        #expect(try await gateway.ask("small", "enable 2FA")("x-cascade-cache") == "exact")
                        let later = try await gateway.ask("small", "enable two-factor")
                        #expect(later("x-cascade-cache") == nil)
                        let (_, json) = try await gateway.administer(.GET, "cache")
                        let counts = try #require(json["data"]?.elements?.first)
                        #expect(counts["semantic_hits"]?.number == 1 && (counts["refused"]?.number ?? 0) >= 1)
                        #expect((json["spent"]?.number ?? 0) > 0)
                    }
                }
            }
        }
    }

    @Test func `where the embedder or the verifier fails, requests go on`() async throws {
        let broken: ScriptedUpstream.Script = { _ in .json("{}", status: 500) }
        try await ScriptedUpstream.run(Self.embedder) { embedder in
            try await ScriptedUpstream.run(broken) { broken in
                try await ScriptedUpstream.run(Counter().script) { upstream in
                    for (embed, verify) in [("broken", "embed"), ("embed", "broken")] {
                        var configuration = try RunningGateway.configuration([
                            "small": upstream, "embed": embedder, "broken": broken,
                        ])
                        let place = try #require(configuration.models.firstIndex { $0.name == "small" })
                        configuration.models[place].caching = CacheChoices()
                        configuration.models[place].caching?.semantic = CacheChoices.Semantic(
                            embedder: embed, verifiedBy: verify)
                        try await RunningGateway.run(configuration) { gateway in
                            for text in ["enable 2FA", "enable two-factor"] {
                                let reply = try await gateway.post(
                                    "/v1/chat/completions", RunningGateway.chat("small", text))
                                #expect(reply.status == 200 && reply("x-cascade-cache") == nil)
                            }
                        }
                    }
                }
            }
        }
    }
}

@Suite(.timeLimit(.minutes(5))) struct `a cache in the store` {
    @Test func `is the same for all gateways, over a restart, and evicted for all at once`() async throws {
        let folder = try ScratchFolder()
        let store = try await Store.open(folder.path("cache.sqlite"))
        try await ScriptedUpstream.run { request in
            request.body.contains(#""stream":true"#)
                ? .stream(["a", "b"]) : .completion("\(UInt64.random(in: 0 ... .max))")
        } _: { upstream in
            func run<Result>(_ body: (StoredGateway) async throws -> Result) async throws -> Result {
                try await StoredGateway.run(upstream, store: store) {
                    $0.models[0].caching = CacheChoices()
                    $0.models[0].caching?.isKept = true
                } _: { gateway in
                    try await body(gateway)
                }
            }
            let first = try await run { gateway in
                let reply = try await gateway.ask()
                try await gateway.services.writer.flush()
                #expect(try await gateway.ask()("x-cascade-cache") == "exact")
                _ = try await gateway.ask(more: #","stream":true"#)
                return reply
            }
            try await run { one in
                try await run { other in
                    let again = try await one.ask()
                    #expect(again.body == first.body && again("x-cascade-cost") == "0")
                    #expect(try await other.ask().body == first.body)
                    #expect(try await other.ask(more: #","stream":true"#).events.last == "[DONE]")
                    #expect(upstream.requests.count == 2)
                    let id = try #require(again("x-cascade-cache-id"))
                    #expect(try await other.send(.DELETE, "/v1/cache/\(id)").status == 200)
                    #expect(try await one.ask()("x-cascade-cache") == nil)
                    let (_, json) = try await one.administer(.GET, "cache")
                    #expect(json["data"]?.elements?.first?["exact_hits"]?.number == 1)
                }
            }
            var without = try RunningGateway.configuration(["small": upstream])
            without.models[0].caching = CacheChoices()
            without.models[0].caching?.isKept = true
            #expect(throws: GatewayError.self) { try GatewayServer(without) { _ in throw CancellationError() } }
        }
        await store.close()
    }
}
