import AsyncHTTPClient
import Cascades
import Deferral
import Foundation
import Language
import NIOCore

/// Makes stages and virtual models of a configuration.
struct GatewayBuilder {
    let configuration: GatewayConfiguration
    let group: any EventLoopGroup
    /// Loads a model by its name or path.
    let load: @Sendable (String) throws -> any LanguageModel
    /// What endpoints are asked through; to be shut down in the end.
    private(set) var clients: [HTTPClient] = []
    private(set) var stages: [String: GatewayStage] = [:]

    init(
        _ configuration: GatewayConfiguration, group: any EventLoopGroup,
        load: @escaping @Sendable (String) throws -> any LanguageModel
    ) {
        self.configuration = configuration
        self.group = group
        self.load = load
    }

    /// For other names over `stages` that were made before.
    init(_ configuration: GatewayConfiguration, over stages: [String: GatewayStage], group: any EventLoopGroup) {
        self.init(configuration, group: group) { name in
            throw GatewayError.badEndpoint(stage: name, address: name, reason: "stages are not made anew")
        }
        self.stages = stages
    }

    mutating func makeStages() throws(GatewayError) {
        for stage in configuration.stages { stages[stage.name] = try make(stage) }
    }

    private mutating func make(_ stage: GatewayConfiguration.Stage) throws(GatewayError) -> GatewayStage {
        let client: any StageClient
        switch stage.kind {
        case .embedded(let name): client = LanguageModelClient { [load] in try load(name) }
        case .endpoint(let base):
            let http = EndpointClient.makeClient(
                stage.timeouts, connections: stage.guarding.concurrency, group: group)
            clients.append(http)
            var headers = stage.headers.sorted { $0.key < $1.key }.map { (name: $0.key, value: $0.value) }
            if let key = stage.key { headers.append(("authorization", "Bearer \(key)")) }
            client = try EndpointClient(
                stage: stage.name, base: base, headers: headers, timeouts: stage.timeouts,
                replyLimit: stage.replyBytes, client: http)
        }
        return GatewayStage(
            name: stage.name, model: stage.model,
            interfaces: stage.interfaces ?? [.chatCompletions, .completions, .embeddings, .rank, .classify],
            prices: stage.prices,
            countsStreams: stage.countsStreams, tellsTokens: stage.tellsTokens,
            client: StageGuard(client, stage.guarding, seed: UInt64.random(in: .min ... .max)))
    }

    /// The published names, over the stages made before.
    func models() throws(GatewayError) -> [VirtualModel] {
        var models: [VirtualModel] = []
        for model in configuration.models { models.append(try make(model)) }
        return models
    }

    private func make(_ model: GatewayConfiguration.Model) throws(GatewayError) -> VirtualModel {
        func bad(_ reason: String, _ remedy: String) -> GatewayError {
            .badConfiguration(
                file: configuration.file, line: model.line, reason: "model \(model.name): \(reason)", remedy: remedy)
        }
        var file: PolicyFile?
        if let path = model.policy {
            do {
                file = try PolicyFile.read(from: path)
            } catch {
                throw bad("\(error)", "Give another policy.")
            }
        }
        let names = model.stages ?? file?.schema.stages.map(\.name) ?? []
        var used: [GatewayStage] = []
        for name in names {
            guard let stage = stages[name] else {
                throw bad(
                    "its policy asks stage \(name), and there is none of that name",
                    "Name its stages: stages: [...], one for each of \(names.joined(separator: ", ")).")
            }
            used.append(stage)
        }
        var rule: PolicyRule?
        if let file, let path = model.policy {
            let name = URL(fileURLWithPath: path).deletingPathExtension().lastPathComponent
            rule = try PolicyRule(file, version: name, model: model.name, stages: used)
        }
        var made = VirtualModel(name: model.name, stages: used, rule: rule)
        made.hold = model.hold
        made.group = model.group
        made.failsOver = model.failsOver
        if let order = model.failOver {
            var indices: [Int] = []
            for name in order {
                guard let index = names.firstIndex(of: name) else {
                    throw bad("\(name) is to stand in and is none of its stages", "Add it to its stages.")
                }
                indices.append(index)
            }
            made.failOver = indices
        }
        return made
    }
}
