import Cascades
import Deferral
import Foundation
import Logging
import Storage
import StorageTesting
import Testing

@testable import Gateway

/// What the files that a configuration names come to in a store.
@Suite(.timeLimit(.minutes(2))) struct `policy files and the store` {
    private static func write(_ policy: any Policy, to path: String) throws {
        try Data(`policies that serve`.content(policy).utf8).write(to: URL(fileURLWithPath: path))
    }

    /// A store, the folder that it lies in, and a configuration whose active policy and canary are files there.
    private func prepared() async throws -> (ScratchFolder, Store, GatewayConfiguration) {
        let folder = try ScratchFolder()
        let store = try await Store.open(folder.path("policies.sqlite"))
        try Self.write(RunningGateway.deferring, to: folder.path("active.json"))
        try Self.write(SingleStagePolicy(stage: 1), to: folder.path("next.json"))
        var configuration = GatewayConfiguration()
        var model = GatewayConfiguration.Model("cascade", policy: folder.path("active.json"))
        model.canary = (folder.path("next.json"), 0.6)
        configuration.models = [model]
        return (folder, store, configuration)
    }

    private func states(_ store: Store) async throws -> [String] {
        try await store.policies.all(of: "cascade").map { "v\($0.version) \($0.state.rawValue)" }
    }

    private func keeper(_ store: Store) -> PolicyFileKeeper {
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        return PolicyFileKeeper(store.policies, logger: logger)
    }

    @Test func `many gateways that start together bring each file once`() async throws {
        let (folder, store, configuration) = try await prepared()
        var others: [Store] = []
        for _ in 0..<4 { others.append(try await Store.open(folder.path("policies.sqlite"))) }
        await withDiscardingTaskGroup { group in
            for other in others {
                for _ in 0..<3 { group.addTask { await keeper(other).bring(configuration) } }
            }
        }
        #expect(try await states(store) == ["v1 active", "v2 canary"])
        for other in others + [store] { await other.close() }
        withExtendedLifetime(folder) {}
    }

    @Test func `an older file that is put back while a gateway runs is in force again`() async throws {
        let (folder, store, configuration) = try await prepared()
        let keeper = keeper(store)
        await keeper.bring(configuration)
        try Self.write(SingleStagePolicy(stage: 0), to: folder.path("active.json"))
        await keeper.bring(configuration)
        #expect(try await states(store) == ["v1 retired", "v2 canary", "v3 active"])
        try Self.write(RunningGateway.deferring, to: folder.path("active.json"))
        await keeper.bring(configuration)
        #expect(try await states(store) == ["v1 active", "v2 canary", "v3 retired"])
        // It can be rolled back to what it took the place of.
        #expect(try await store.policies.all(of: "cascade")[0].previous == 3)
        await store.close()
        // Its end is the end of its files.
        withExtendedLifetime(folder) {}
    }

    @Test func `a file that did not change brings nothing back`() async throws {
        let (folder, store, configuration) = try await prepared()
        let running = keeper(store)
        await running.bring(configuration)
        // The canary was taken back, and something better took the active one's place.
        try await store.policies.rollBack(model: "cascade", version: 2, note: "worse")
        try await store.policies.add("{}", model: "cascade")
        let after = ["v1 retired", "v2 retired", "v3 active"]
        await running.bring(configuration)
        #expect(try await states(store) == after)
        // Nor does a gateway that starts again, or another one.
        await keeper(store).bring(configuration)
        #expect(try await states(store) == after)
        await store.close()
        // Its end is the end of its files.
        withExtendedLifetime(folder) {}
    }

    @Test func `a canary's file that holds another policy leaves one canary`() async throws {
        let (folder, store, configuration) = try await prepared()
        let keeper = keeper(store)
        await keeper.bring(configuration)
        try Self.write(SingleStagePolicy(stage: 0), to: folder.path("next.json"))
        await keeper.bring(configuration)
        #expect(try await states(store) == ["v1 active", "v2 retired", "v3 canary"])
        await store.close()
        // Its end is the end of its files.
        withExtendedLifetime(folder) {}
    }

    @Test func `a broken file is refused when it is read again, with a store as well`() async throws {
        let (folder, store, configuration) = try await prepared()
        try await ScriptedUpstream.run({ _ in .completion("hi", logprobs: [-0.1]) }) { upstream in
            var whole = try RunningGateway.configuration(["small": upstream, "large": upstream])
            whole.models = configuration.models
            try await StoredGateway.run(whole, store: store) { gateway in
                try Data("{".utf8).write(to: URL(fileURLWithPath: folder.path("active.json")))
                #expect(throws: GatewayError.self) { try gateway.gateway.server.reload(whole) }
                #expect(try await gateway.ask("cascade").status == 200)
            }
        }
        await store.close()
        // Its end is the end of its files.
        withExtendedLifetime(folder) {}
    }
}
