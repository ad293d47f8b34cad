import AsyncHTTPClient
import Foundation
import NIOCore
import NIOHTTP1
import Storage
import StorageTesting

@testable import Gateway

/// A gateway on a store of its own, for as long as a test runs.
struct StoredGateway: Sendable {
    let gateway: RunningGateway
    let store: Store
    /// Clients of many requests at once: the shared one has eight connections.
    let client: HTTPClient

    /// The administrator's key.
    static let administrator = "the administrator's key of the tests"

    /// Runs `body` beside a gateway on `store`, or on a new SQLite file; `upstream` answers as stage `small`.
    static func run<Result>(
        _ upstream: ScriptedUpstream, store given: Store? = nil,
        configure: (inout GatewayConfiguration) throws -> Void = { _ in },
        _ body: (StoredGateway) async throws -> Result
    ) async throws -> Result {
        var configuration = try RunningGateway.configuration(["small": upstream])
        try configure(&configuration)
        return try await run(configuration, store: given, body)
    }

    static func run<Result>(
        _ configuration: GatewayConfiguration, store given: Store? = nil,
        _ body: (StoredGateway) async throws -> Result
    ) async throws -> Result {
        let folder = try ScratchFolder()
        let store: Store
        if let given { store = given } else { store = try await Store.open(folder.path("gateway.sqlite")) }
        var configuration = configuration
        configuration.administrator = configuration.administrator ?? administrator
        configuration.keeping.writer.interval = .milliseconds(2)
        for index in configuration.stages.indices {
            // Keys are tested here, not queues.
            configuration.stages[index].guarding.concurrency = 2_000
        }
        var options = HTTPClient.Configuration()
        options.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = 1_200
        let client = HTTPClient(configuration: options)
        let result: Swift.Result<Result, any Error>
        do {
            result = .success(
                try await RunningGateway.run(configuration, store: store) { gateway in
                    try await body(StoredGateway(gateway: gateway, store: store, client: client))
                })
        } catch {
            result = .failure(error)
        }
        try await client.shutdown()
        if given == nil { await store.close() }
        return try result.get()
    }

    /// What the gateway does with its store.
    var services: StoreServices { gateway.server.core.services! }

    /// Sends a request with `key`.
    func send(
        _ method: HTTPMethod, _ path: String, _ body: String? = nil, key: String? = nil,
        headers: [(String, String)] = []
    ) async throws -> RunningGateway.Reply {
        var request = HTTPClientRequest(url: "http://127.0.0.1:\(gateway.port)\(path)")
        request.method = method
        if let key { request.headers.add(name: "authorization", value: "Bearer \(key)") }
        for (name, value) in headers { request.headers.add(name: name, value: value) }
        if let body {
            request.headers.add(name: "content-type", value: "application/json")
            request.body = .bytes(ByteBuffer(string: body))
        }
        let response = try await client.execute(request, timeout: .seconds(120))
        let bytes = try await response.body.collect(upTo: 64 << 20)
        return RunningGateway.Reply(
            status: Int(response.status.code), headers: response.headers, body: String(buffer: bytes))
    }

    /// Asks `model`.
    func ask(
        _ model: String = "small", _ text: String = "Hello", key: String? = nil, more: String = ""
    ) async throws -> RunningGateway.Reply {
        try await send(.POST, "/v1/chat/completions", RunningGateway.chat(model, text, more: more), key: key)
    }

    /// Calls an administrator's door and reads its JSON.
    func administer(
        _ method: HTTPMethod, _ path: String, _ body: String? = nil, key: String = administrator
    ) async throws -> (status: Int, json: JSONTree) {
        let reply = try await send(method, "/admin/api/\(path)", body, key: key)
        return (reply.status, try JSONTree(ByteBuffer(string: reply.body)))
    }

    /// A new key that is good at this gateway.
    func makeKey(
        _ name: String = "team", roles: Set<KeyRecord.Role> = [.use], models: [String] = [], limits: [Limit] = []
    ) async throws -> KeyRepository.Created {
        let created = try await store.keys.create(name: name, roles: roles, models: models, limits: limits)
        try await services.authority.refresh()
        return created
    }
}
