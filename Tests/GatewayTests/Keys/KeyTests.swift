import Cascades
import Foundation
import NIOHTTP1
import Storage
import StorageTesting
import Testing

@testable import Gateway

@Suite(.timeLimit(.minutes(5))) struct `keys at the door` {
    @Test func `a gateway on this machine is open until its store has a key, and then asks for one`() async throws {
        try await ScriptedUpstream.run { _ in
            .completion("hi")
        } _: { upstream in
            try await StoredGateway.run(upstream) { gateway in
                #expect(try await gateway.ask().status == 200)
                // Official clients always send some key.
                #expect(try await gateway.ask(key: "sk-anything").status == 200)
                let created = try await gateway.store.keys.create(name: "team")
                // Nobody told the gateway: it hears of it.
                #expect(try await eventually { try await gateway.ask().status == 401 })
                let refused = try await gateway.ask(key: "csk-wrong")
                #expect(refused.status == 401 && refused("www-authenticate") == "Bearer")
                #expect(refused.body.contains("invalid_api_key") && !refused.body.contains("csk-wrong"))
                #expect(try await gateway.ask(key: created.key.secret).status == 200)
                // Anthropic's clients send it otherwise.
                let other = try await gateway.send(
                    .POST, "/v1/chat/completions", RunningGateway.chat("small"),
                    headers: [("x-api-key", created.key.secret)])
                #expect(other.status == 200)
                // Its last key revoked, it stays closed.
                try await gateway.store.keys.revoke(created.record.id)
                #expect(
                    try await eventually { try await gateway.ask(key: created.key.secret).status == 401 })
                #expect(try await gateway.ask().status == 401)
            }
        }
    }

    @Test func `a look at the keys that is late takes none away`() async throws {
        try await ScriptedUpstream.run { _ in
            .completion("hi")
        } _: { upstream in
            try await StoredGateway.run(upstream) { gateway in
                for _ in 0..<50 {
                    let looks = (0..<4).map { _ in Task { try await gateway.services.authority.refresh() } }
                    let made = try await gateway.makeKey()
                    for look in looks { try await look.value }
                    let caller = try gateway.services.authority.caller(made.key.secret)
                    #expect(caller.key == made.record.id)
                }
            }
        }
    }

    @Test(arguments: KeyRequirement.allCases)
    func `who comes without a key is let in as the configuration says`(_ requirement: KeyRequirement) async throws {
        try await ScriptedUpstream.run { _ in
            .completion("hi")
        } _: { upstream in
            try await StoredGateway.run(upstream, configure: { $0.keeping.keys = requirement }) { gateway in
                #expect(try await gateway.ask().status == (requirement == .required ? 401 : 200))
                let made = try await gateway.makeKey()
                #expect(try await gateway.ask().status == (requirement == .optional ? 200 : 401))
                #expect(try await gateway.ask(key: "csk-wrong").status == 401)
                #expect(try await gateway.ask(key: made.key.secret).status == 200)
                #expect(try await gateway.ask(key: StoredGateway.administrator).status == 200)
            }
        }
    }

    @Test func `a gateway that others can reach asks for a key, however empty its store is`() async throws {
        try await ScriptedUpstream.run { _ in
            .completion("hi")
        } _: { upstream in
            try await StoredGateway.run(upstream, configure: { $0.host = "0.0.0.0" }) { gateway in
                #expect(try await gateway.ask().status == 401)
                let made = try await gateway.makeKey()
                #expect(try await gateway.ask(key: made.key.secret).status == 200)
            }
        }
    }

    @Test func `a key asks the models that it may, and sees no others`() async throws {
        try await ScriptedUpstream.run { _ in
            .completion("hi")
        } _: { upstream in
            let configuration = try RunningGateway.configuration(["small": upstream, "large": upstream])
            try await StoredGateway.run(configuration) { gateway in
                let small = try await gateway.makeKey("one", models: ["small"]).key.secret
                let viewer = try await gateway.makeKey("viewer", roles: [.view]).key.secret
                #expect(try await gateway.ask("small", key: small).status == 200)
                let refused = try await gateway.ask("large", key: small)
                #expect(refused.status == 403 && refused.body.contains("model_not_allowed"))
                let list = try await gateway.send(.GET, "/v1/models", key: small)
                #expect(list.body.contains("\"small\"") && !list.body.contains("\"large\""))
                #expect(try await gateway.send(.GET, "/v1/models/large", key: small).status == 404)
                #expect(try await gateway.ask("small", key: viewer).status == 403)
                // A drill is the administrator's.
                let drill = try await gateway.send(
                    .POST, "/v1/chat/completions", RunningGateway.chat("small"), key: small,
                    headers: [("x-cascade-drill", "small=status:503")])
                #expect(drill.status == 403)
            }
        }
    }

    @Test func `no secret is in the store`() async throws {
        try await ScriptedUpstream.run { _ in
            .completion("hi")
        } _: { upstream in
            let folder = try ScratchFolder()
            let store = try await Store.open(folder.path("gateway.sqlite"))
            let secret = try await StoredGateway.run(upstream, store: store) { gateway in
                let secret = try await gateway.makeKey().key.secret
                #expect(try await gateway.ask(key: secret).status == 200)
                try await gateway.services.writer.flush()
                return secret
            }
            await store.close()
            for name in try FileManager.default.contentsOfDirectory(atPath: folder.root) {
                let content = try Data(contentsOf: URL(fileURLWithPath: folder.path(name)))
                #expect(content.range(of: Data(secret.utf8)) == nil)
            }
        }
    }
}
