import Cascades
import Deferral
import Foundation
import NIOCore
import NIOHTTP1
import Storage
import Testing

@testable import Gateway

@Suite(.timeLimit(.minutes(5))) struct `administrator's doors` {
    private func run<Result>(_ body: (StoredGateway) async throws -> Result) async throws -> Result {
        try await ScriptedUpstream.run { _ in
            .completion("hi", logprobs: [-0.1])
        } _: { upstream in
            let configuration = try RunningGateway.configuration(
                ["small": upstream, "large": upstream], policy: RunningGateway.deferring, schema: RunningGateway.schema)
            return try await StoredGateway.run(configuration, body)
        }
    }

    @Test func `ask for a key, and for the role`() async throws {
        try await run { gateway in
            for resource in ["keys", "budgets", "requests", "policies", "store"] {
                #expect(try await gateway.send(.GET, "/admin/api/\(resource)").status == 401)
                #expect(try await gateway.send(.GET, "/admin/api/\(resource)", key: "wrong").status == 401)
            }
            let user = try await gateway.makeKey("user").key.secret
            let viewer = try await gateway.makeKey("viewer", roles: [.view]).key.secret
            let chief = try await gateway.makeKey("chief", roles: [.administer]).key.secret
            for resource in ["keys", "budgets", "requests", "policies", "store"] {
                #expect(try await gateway.send(.GET, "/admin/api/\(resource)", key: user).status == 403)
                #expect(try await gateway.send(.GET, "/admin/api/\(resource)", key: viewer).status == 200)
                #expect(try await gateway.send(.GET, "/admin/api/\(resource)", key: chief).status == 200)
            }
            #expect(try await gateway.administer(.POST, "keys", #"{"name": "x"}"#, key: viewer).status == 403)
            #expect(try await gateway.administer(.POST, "keys", #"{"name": "x"}"#, key: chief).status == 201)
            #expect(try await gateway.administer(.PUT, "keys", "{}").status == 405)
            #expect(try await gateway.administer(.GET, "nothing").status == 404)
        }
    }

    @Test func `make, change and revoke keys, good at once`() async throws {
        try await run { gateway in
            let made = try await gateway.administer(
                .POST, "keys",
                #"{"name": "team-a", "models": ["small"], "limits": ["requests=2/total", "money=50/month"]}"#)
            #expect(made.status == 201)
            let secret = try #require(made.json["key"]?.text)
            let id = try #require(made.json["id"]?.text)
            #expect(try await gateway.ask("small", key: secret).status == 400, "50 dollars are less than it may take")
            #expect(
                try await gateway.administer(.POST, "keys/\(id)", #"{"limits": ["requests=2/total"]}"#).status == 200)
            #expect(try await gateway.ask("small", key: secret).status == 200)
            #expect(try await gateway.ask("large", key: secret).status == 403)
            #expect(try await gateway.ask("small", key: secret).status == 200)
            #expect(try await gateway.ask("small", key: secret).status == 429)
            try await gateway.services.writer.flush()
            let list = try await gateway.administer(.GET, "keys")
            let key = try #require(list.json["data"]?.elements?.first)
            #expect(key["id"]?.text == id && key["key"] == nil)
            let limit = try #require(key["limits"]?.elements?.first)
            #expect(limit["spent"]?.number == 2 && limit["amount"]?.number == 2 && limit["until"] == nil)
            let budgets = try await gateway.administer(.GET, "budgets")
            #expect(budgets.json["data"]?.elements?.first?["spent"]?.number == 2)
            // More of it, and none.
            let more = try await gateway.administer(.POST, "keys/\(id)", #"{"limits": ["requests=3/total"]}"#)
            #expect(more.json["limits"]?.elements?.first?["amount"]?.number == 3)
            #expect(try await gateway.ask("small", key: secret).status == 200)
            #expect(try await gateway.ask("small", key: secret).status == 429)
            #expect(try await gateway.administer(.POST, "keys/\(id)", #"{"limits": []}"#).status == 200)
            #expect(try await gateway.ask("small", key: secret).status == 200)
            let revoked = try await gateway.administer(.DELETE, "keys/\(id)")
            #expect(revoked.status == 200 && revoked.json["revoked"]?.number != nil)
            #expect(try await gateway.ask("small", key: secret).status == 401)
            #expect(try await gateway.administer(.DELETE, "keys/none").status == 404)
            for (body, word) in [
                ("{}", "name"), (#"{"name": "x", "limits": ["money=5/year"]}"#, "money=5/year"),
                (#"{"name": "x", "roles": ["king"]}"#, "king"), (#"{"name": "x", "limit": []}"#, "limit"),
                (#"{"name": ""}"#, "empty"), ("nonsense", "JSON"),
            ] {
                let bad = try await gateway.administer(.POST, "keys", body)
                #expect(bad.status == 400 && bad.json["error"]?["message"]?.text?.contains(word) == true, "\(bad)")
            }
        }
    }

    @Test func `tell requests, with what was said of them`() async throws {
        try await run { gateway in
            let made = try await gateway.makeKey()
            let reply = try await gateway.ask("cascade", key: made.key.secret)
            let id = try #require(reply("x-cascade-request-id"))
            for _ in 0..<3 { _ = try await gateway.ask("large", key: made.key.secret) }
            _ = try await gateway.send(
                .POST, "/v1/feedback", #"{"request_id": "\#(id)", "score": 0.5}"#, key: made.key.secret)
            try await gateway.services.writer.flush()
            let one = try await gateway.administer(.GET, "requests/\(id)")
            #expect(one.json["model"]?.text == "cascade" && one.json["stage"]?.text == "small")
            #expect(one.json["moves"]?.elements?.map(\.text) == ["ask small", "stop with small"])
            #expect(one.json["asked"]?.elements?.first?["evidence"]?["meanLogProbability"]?.number == -0.1)
            #expect(one.json["propensities"]?["small"]?.number == 1)
            #expect(one.json["feedback"]?.elements?.first?["quality"]?.number == 0.5)
            func count(_ query: String) async throws -> Int? {
                try await gateway.administer(.GET, "requests?\(query)").json["data"]?.elements?.count
            }
            #expect(try await count("") == 4)
            #expect(try await count("limit=2") == 2)
            #expect(try await count("model=large") == 3)
            #expect(try await count("key=\(made.record.id)&model=cascade") == 1)
            #expect(try await count("until=5") == 0)
            let slowest = try await gateway.administer(.GET, "requests?by=slowest")
            let seconds = slowest.json["data"]?.elements?.compactMap { $0["seconds"]?.number } ?? []
            #expect(seconds.count == 4 && seconds == seconds.sorted(by: >))
            for bad in ["limit=0", "limit=x", "by=size", "from=yesterday"] {
                #expect(try await gateway.administer(.GET, "requests?\(bad)").status == 400)
            }
            #expect(try await gateway.administer(.GET, "requests/none").status == 404)
            let store = try await gateway.administer(.GET, "store")
            #expect(store.json["records"]?["written"]?.number == 5 && store.json["kind"]?.text == "sqlite")
        }
    }

    @Test func `keep policies by version, and take none that could not run`() async throws {
        try await run { gateway in
            let file = PolicyFile(
                family: "test", schema: RunningGateway.schema, objective: Objective(weights: CostWeights(money: 1)),
                policy: RunningGateway.deferring)
            let content = try JSONTree(ByteBuffer(bytes: try file.encoded()))
            func body(_ members: [(String, JSONTree)]) -> String { String(buffer: JSONTree.members(members).bytes) }
            let added = try await gateway.administer(
                .POST, "policies", body([("model", "cascade"), ("content", content), ("note", "first")]))
            #expect(added.status == 201 && added.json["state"]?.text == "shadow", "\(added.json)")
            // The first version is the configuration's own.
            #expect(added.json["version"]?.number == 2)
            #expect(try await gateway.administer(.POST, "policies/cascade/2", #"{"state": "active"}"#).status == 200)
            let list = try await gateway.administer(.GET, "policies/cascade")
            #expect(list.json["data"]?.elements?.map { $0["state"]?.text } == ["retired", "active"])
            let one = try await gateway.administer(.GET, "policies/cascade/2")
            #expect(one.json["content"]?.text != nil && one.json["note"]?.text == "first")
            for (fields, word) in [
                ([("model", "none"), ("content", content)], "none"),
                ([("model", "large"), ("content", content)], "stages"),
                ([("model", "cascade"), ("content", "{}")], "content"),
                ([("model", "cascade")], "content"),
                ([("model", "cascade"), ("content", content), ("state", "king")], "state"),
                ([("model", "cascade"), ("content", content), ("share", .number(2))], "share"),
            ] as [([(String, JSONTree)], String)] {
                let bad = try await gateway.administer(.POST, "policies", body(fields))
                let message = bad.json["error"]?["message"]?.text ?? ""
                #expect([400, 404].contains(bad.status) && message.contains(word), "\(bad.status): \(message)")
            }
            #expect(try await gateway.administer(.POST, "policies/cascade/9", #"{"state": "active"}"#).status == 404)
            #expect(try await gateway.store.policies.all().count == 2)
        }
    }
}
