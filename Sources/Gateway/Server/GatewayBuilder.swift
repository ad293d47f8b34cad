import Cascades
import Deferral
import Foundation
import Language
import NIOCore
import Storage

/// Makes stages and virtual models of a configuration.
struct GatewayBuilder {
    let configuration: GatewayConfiguration
    let group: any EventLoopGroup
    /// Loads a model by its name or path.
    let load: @Sendable (String) throws -> any LanguageModel
    /// The endpoints among the stages; to be shut down in the end.
    private(set) var endpoints: [EndpointClient] = []
    private(set) var stages: [String: GatewayStage] = [:]
    /// Versions of policies, by model, that stand for those in files.
    var versions: [String: [PolicyVersion]] = [:]

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
        var place: ServerPlace?
        switch stage.kind {
        case .embedded(let name): client = LanguageModelClient { [load] in try load(name) }
        case .endpoint(let base):
            place = URLComponents(string: base).flatMap { parts in
                parts.host.map { ServerPlace(host: $0, port: parts.port) }
            }
            let headers = stage.headers.sorted { $0.key < $1.key }.map { (name: $0.key, value: $0.value) }
            let endpoint = try EndpointClient(
                stage: stage.name, base: base, key: stage.key, headers: headers, timeouts: stage.timeouts,
                replyLimit: stage.replyBytes, group: group)
            endpoints.append(endpoint)
            client = endpoint
        }
        return GatewayStage(
            name: stage.name, model: stage.model,
            interfaces: stage.interfaces ?? [.chatCompletions, .completions, .embeddings, .rank, .classify],
            prices: stage.prices,
            countsStreams: stage.countsStreams, tellsTokens: stage.tellsTokens, continuation: stage.continuation,
            client: StageGuard(CheckedClient(client: client), stage.guarding, seed: UInt64.random(in: .min ... .max)),
            serverPlace: place)
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
        let versions: [PolicyVersion]
        if let known = self.versions[model.name] {
            versions = known
        } else {
            versions = try PolicyFiles.versions(of: model, in: configuration)
        }
        let active = versions.first { $0.state == .active }
        let names = model.stages ?? active?.file.schema.stages.map(\.name) ?? []
        var used: [GatewayStage] = []
        for name in names {
            guard let stage = stages[name] else {
                throw bad(
                    "its policy asks stage \(name), and there is none of that name",
                    "Name its stages: stages: [...], one for each of \(names.joined(separator: ", ")).")
            }
            used.append(stage)
        }
        var policies: ModelPolicies?
        if model.policy != nil {
            policies = try ModelPolicies(
                versions, explores: model.learning.explores, model: model.name, stages: used)
        }
        var settings = VirtualModel.Settings()
        settings.learning = model.learning
        settings.caching = try model.caching.map { (cache) throws(GatewayError) in try cache.over(stages, bad) }
        settings.judging = try model.judging.map { (judge) throws(GatewayError) in try judge.over(stages, bad) }
        settings.hold = model.hold
        settings.group = model.group
        settings.failsOver = model.failsOver
        settings.goesOn = model.goesOn
        if let order = model.failOver {
            var indices: [Int] = []
            for name in order {
                guard let index = names.firstIndex(of: name) else {
                    throw bad("\(name) is to stand in and is none of its stages", "Add it to its stages.")
                }
                indices.append(index)
            }
            settings.failOver = indices
        }
        return VirtualModel(name: model.name, stages: used, policies: policies, settings: settings)
    }
}
