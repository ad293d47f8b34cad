import AsyncHTTPClient
import Cascades
import Deferral
import Foundation
import Language
import Logging
import NIOCore
import NIOHTTP1
import ServiceLifecycle
import Storage

@testable import Gateway

/// A gateway on a real socket, for as long as a test runs.
struct RunningGateway: Sendable {
    let server: GatewayServer
    let port: Int
    let services: ServiceGroup

    /// A reply, whole.
    struct Reply: Sendable {
        var status: Int
        var headers: HTTPHeaders
        var body: String

        /// The header field `name`.
        func callAsFunction(_ name: String) -> String? { headers.first(name: name) }

        /// The data of its events.
        var events: [String] {
            body.components(separatedBy: "\n\n").filter { $0.hasPrefix("data: ") }.map { String($0.dropFirst(6)) }
        }
    }

    /// Runs `body` beside a gateway with `configuration`.
    static func run<Result>(
        _ configuration: GatewayConfiguration, store: Store? = nil,
        load: @escaping @Sendable (String) throws -> any LanguageModel = { _ in throw CancellationError() },
        _ body: (RunningGateway) async throws -> Result
    ) async throws -> Result {
        var configuration = configuration
        configuration.port = 0
        configuration.seed = configuration.seed ?? 1
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        let server = try GatewayServer(configuration, store: store, logger: logger, load: load)
        let services = ServiceGroup(
            configuration: ServiceGroupConfiguration(services: [server], logger: logger))
        let running = Task { try await services.run() }
        guard let port = await server.port() else {
            try await running.value
            throw CancellationError()
        }
        let result: Swift.Result<Result, any Error>
        do {
            result = .success(try await body(RunningGateway(server: server, port: port, services: services)))
        } catch {
            result = .failure(error)
        }
        await services.triggerGracefulShutdown()
        try await running.value
        return try result.get()
    }

    /// A gateway that publishes `stages` by their names, and `model` where a policy is given.
    static func configuration(
        _ stages: [String: ScriptedUpstream], policy: (any Policy)? = nil, schema: LogSchema? = nil
    ) throws -> GatewayConfiguration {
        var configuration = GatewayConfiguration()
        for (name, upstream) in stages.sorted(by: { $0.key < $1.key }) {
            var stage = GatewayConfiguration.Stage(name, .endpoint(upstream.address), model: "\(name)-model")
            stage.prices = PriceList(perMillionTokensIn: 1e6, perMillionTokensOut: 2e6)
            configuration.stages.append(stage)
        }
        if let policy, let schema {
            let file = PolicyFile(
                family: "test", schema: schema, objective: Objective(weights: CostWeights(money: 1)), policy: policy)
            let path = FileManager.default.temporaryDirectory.path + "/policy-\(UUID().uuidString).json"
            try file.encoded().write(to: URL(fileURLWithPath: path))
            configuration.models.append(GatewayConfiguration.Model("cascade", policy: path))
        }
        configuration.models += configuration.stages.map { GatewayConfiguration.Model($0.name, stages: [$0.name]) }
        return configuration
    }

    /// - Parameter hears: is told all of the body that came so far, each time that more of it comes.
    func post(
        _ path: String, _ body: String, headers: [(String, String)] = [], hears: ((String) -> Void)? = nil
    ) async throws -> Reply {
        var request = HTTPClientRequest(url: "http://127.0.0.1:\(port)\(path)")
        request.method = .POST
        request.headers.add(name: "content-type", value: "application/json")
        for (name, value) in headers { request.headers.add(name: name, value: value) }
        request.body = .bytes(ByteBuffer(string: body))
        let response = try await HTTPClient.shared.execute(request, timeout: .seconds(120))
        var bytes = ByteBuffer()
        for try await part in response.body {
            bytes.writeImmutableBuffer(part)
            hears?(String(buffer: bytes))
        }
        return Reply(status: Int(response.status.code), headers: response.headers, body: String(buffer: bytes))
    }

    func get(_ path: String, key: String? = nil, headers: [(String, String)] = []) async throws -> Reply {
        var request = HTTPClientRequest(url: "http://127.0.0.1:\(port)\(path)")
        for (name, value) in headers { request.headers.add(name: name, value: value) }
        if let key { request.headers.add(name: "authorization", value: "Bearer \(key)") }
        let response = try await HTTPClient.shared.execute(request, timeout: .seconds(120))
        let bytes = try await response.body.collect(upTo: 64 << 20)
        return Reply(status: Int(response.status.code), headers: response.headers, body: String(buffer: bytes))
    }

    /// A conversation of one message for `model`.
    static func chat(_ model: String, _ text: String = "Hello", more: String = "") -> String {
        "{\"model\":\"\(model)\",\"messages\":[{\"role\":\"user\",\"content\":\"\(text)\"}]\(more)}"
    }

    /// Small first, then large where the mean log-probability of small's answer is below -1.
    static let schema = LogSchema(stages: [
        StageSchema(name: "small", evidence: Evidence.tokenNames), StageSchema(name: "large"),
    ])

    static var deferring: ThresholdPolicy {
        ThresholdPolicy(
            steps: [ThresholdPolicy.Step(stage: 0, score: ConfidenceScore(signal: 0), threshold: -1)], last: 1)
    }
}
