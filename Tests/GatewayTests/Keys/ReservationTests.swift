import Cascades
import Foundation
import NIOCore
import NIOHTTP1
import Storage
import StorageTesting
import Testing

@testable import Gateway

/// What is set aside of a budget before anything is asked. A token read costs a dollar, one written two.
@Suite(.timeLimit(.minutes(2))) struct `what a request sets aside` {
    /// How many tokens may be written in answer to `body`, as far as room is made for them.
    private func written(_ body: String, _ api: WireAPI = .chatCompletions) throws -> Double {
        let stage = GatewayStage(
            name: "small", model: nil, interfaces: [api], prices: PriceList(perMillionTokensOut: 1e6),
            countsStreams: false, tellsTokens: false, client: DrilledClient.unused)
        let model = VirtualModel(name: "small", stages: [stage], policies: nil)
        let bytes = ByteBuffer(string: body)
        return model.mostCost(try RequestFields(bytes), bytes: bytes.readableBytes, isCached: false).money
    }

    @Test(arguments: [
        ("", 4096.0), (#","max_tokens":100"#, 100), (#","max_tokens":-1"#, 4096), (#","max_tokens":0"#, 4096),
        (#","max_completion_tokens":-1e30"#, 4096), (#","max_tokens":null"#, 4096),
        (#","max_tokens":10,"max_completion_tokens":20"#, 20),
        (#","max_tokens":-1,"max_completion_tokens":20"#, 20), (#","max_tokens":10,"n":3"#, 30),
        (#","max_tokens":10,"n":-3"#, 10), (#","max_tokens":10,"best_of":5"#, 50),
        (#","max_tokens":10,"n":2,"best_of":5"#, 50),
        (#","max_tokens":10,"n":7,"best_of":5"#, 70), (#","max_tokens":1e30,"n":1e30"#, 1e12),
    ])
    func `is for as many tokens as may be written`(more: String, tokens: Double) throws {
        #expect(try written(RunningGateway.chat("small", more: more)) == tokens)
    }

    @Test(arguments: [
        (#""a""#, 10.0), (#"["a"]"#, 10), (#"["a","b","c"]"#, 30), ("[5,6,7]", 10), ("[[5,6],[7]]", 20), ("[]", 10),
    ])
    func `is for each of several prompts`(prompt: String, tokens: Double) throws {
        #expect(try written(#"{"model":"m","prompt":\#(prompt),"max_tokens":10}"#, .completions) == tokens)
    }

    @Test func `is for the tokens of a text that comes as their numbers`() throws {
        let numbers = (0..<500).map { _ in "7" }.joined(separator: ",")
        for body in ["[\(numbers)]", "[[\(numbers)]]"] {
            let fields = try RequestFields(ByteBuffer(string: #"{"model":"m","input":\#(body)}"#))
            #expect(fields.tokens == 500)
        }
    }

    @Test func `keeps a request without a bound from a budget that it may break`() async throws {
        try await ScriptedUpstream.run { _ in
            .completion("hi")
        } _: { upstream in
            try await StoredGateway.run(upstream) { gateway in
                let key = try await gateway.makeKey(limits: [Limit(.money, 1_000, per: .total)]).key.secret
                for more in [#","max_tokens":-1"#, #","max_tokens":0"#, #","max_tokens":100,"best_of":5"#, ""] {
                    let reply = try await gateway.ask(key: key, more: more)
                    #expect(reply.status == 400 && reply.body.contains("exceeds_limit"), "\(more): \(reply.body)")
                }
                #expect(upstream.requests.isEmpty)
                #expect(try await gateway.ask(key: key, more: #","max_tokens":100"#).status == 200)
            }
        }
    }

    @Test func `comes before a cache asks what a question means, and its key pays for that`() async throws {
        let vector = #"{"data":[{"index":0,"embedding":[1,0]}],"usage":{"prompt_tokens":4}}"#
        try await ScriptedUpstream.run({ _ in .json(vector) }) { embedder in
            try await ScriptedUpstream.run({ _ in .completion("yes", tokens: (30, 1)) }) { verifier in
                try await ScriptedUpstream.run { _ in
                    .completion("hi")
                } _: { upstream in
                    var configuration = try RunningGateway.configuration([
                        "small": upstream, "embed": embedder, "verify": verifier,
                    ])
                    let place = try #require(configuration.models.firstIndex { $0.name == "small" })
                    configuration.models[place].caching = CacheChoices()
                    configuration.models[place].caching?.semantic = CacheChoices.Semantic(
                        embedder: "embed", verifiedBy: "verify")
                    try await StoredGateway.run(configuration) { gateway in
                        let more = #","max_tokens":5"#
                        let poor = try await gateway.makeKey("poor", limits: [Limit(.money, 100, per: .total)])
                        let refused = try await gateway.ask("small", "red", key: poor.key.secret, more: more)
                        #expect(refused.status == 400, "\(refused.body)")
                        #expect(embedder.requests.isEmpty && verifier.requests.isEmpty && upstream.requests.isEmpty)
                        let limits = [Limit(.money, 100_000, per: .total), Limit(.tokens, 100_000, per: .total)]
                        let made = try await gateway.makeKey("rich", limits: limits)
                        let first = try await gateway.ask("small", "red", key: made.key.secret, more: more)
                        #expect(first("x-cascade-cost") == "24", "4 tokens embedded, 10 read and 5 written")
                        let second = try await gateway.ask("small", "crimson", key: made.key.secret, more: more)
                        #expect(second("x-cascade-cache") == "semantic" && second("x-cascade-cost") == "36")
                        let third = try await gateway.ask("small", "red", key: made.key.secret, more: more)
                        #expect(third("x-cascade-cache") == "exact" && third("x-cascade-cost") == "0")
                        try await gateway.services.writer.flush()
                        let money = try await gateway.store.ledger.spent(made.record.id, limits[0], at: 0)
                        let tokens = try await gateway.store.ledger.spent(made.record.id, limits[1], at: 0)
                        #expect(money.settled == 60_000_000_000 && tokens.settled == 19 + 35)
                        // What is saved is what the answer took, not what looking for it did.
                        let (_, json) = try await gateway.administer(.GET, "cache")
                        let model = try #require(json["data"]?.elements?.first { $0["model"]?.text == "small" })
                        #expect(model["saved"]?.number == 40 && json["spent"]?.number == 4 + 36)
                    }
                }
            }
        }
    }
}

extension DrilledClient {
    /// A stage that is never asked.
    fileprivate static var unused: DrilledClient {
        DrilledClient(client: LanguageModelClient { throw CancellationError() }, fault: .fails(.cancelled))
    }
}
