import Cascades
import Deferral
import Foundation
import Storage
import Synchronization

/// Where the page's numbers come from: the store, where there is one and it answers, so that they survive a restart and
/// count all gateways that share it; else what this process remembers.
struct DashboardData: Sendable {
    /// How many of the last requests are looked at where sums are not enough: it bounds what a look costs.
    static let lastRequests = 20_000
    /// How many are looked at one by one.
    static let closeLook = 2000

    let core: GatewayCore

    /// Something that was found, and where.
    struct Found<Value> {
        var value: Value
        /// The words that the page shows when the store does not answer.
        var trouble: String?
        var isFromStore: Bool
    }

    /// What `ask` says of the store, or what `remember` does where there is none or it does not answer.
    func find<Value: Sendable>(
        _ ask: (Store) async throws -> Value, or remember: () -> Value
    ) async -> Found<Value> {
        guard let store = core.store else { return Found(value: remember(), isFromStore: false) }
        do {
            return Found(value: try await ask(store), isFromStore: true)
        } catch {
            return Found(value: remember(), trouble: "The store does not answer: \(error)", isFromStore: false)
        }
    }

    /// The published names and their stages now.
    var models: [String: VirtualModel] { core.models.byName }

    func seen(_ record: RequestRecord) -> SeenRequest { SeenRequest(record) }

    func seen(_ record: Storage.RequestRecord) -> SeenRequest {
        SeenRequest(record, names: models[record.model]?.stageNames ?? [:])
    }

    /// The last requests, the newest first.
    func last(_ limit: Int, model: String?) async -> Found<[SeenRequest]> {
        await find {
            try await $0.requests.latest(limit, RequestRepository.Filter(model: model)).map(seen)
        } or: {
            core.live.last(limit, model: model).map(seen)
        }
    }

    /// The policy that decided `request`, over the numbers that were recorded of it; nil where it is not known any
    /// more.
    func rule(of request: SeenRequest) async -> DecidingRule? {
        if let rule = request.rule { return rule.over(request.schema) }
        guard let name = request.policy else { return nil }
        if let rule = models[request.model]?.rule, rule.version == name {
            return DecidingRule(rule).over(request.schema)
        }
        guard let store = core.store, let version = request.policyVersion,
            let record = try? await store.policies.all(of: request.model).first(where: { $0.version == version }),
            let file = try? PolicyFile.read(Data(record.content.utf8), path: "\(request.model) version \(version)")
        else { return nil }
        return DecidingRule(policy: file.policy, schema: file.schema, weights: file.objective.weights)
            .over(request.schema)
    }
}

/// A policy with what its decisions need.
struct DecidingRule: Sendable {
    var policy: any Policy
    var schema: LogSchema
    var weights: CostWeights

    init(policy: any Policy, schema: LogSchema, weights: CostWeights) {
        self.policy = policy
        self.schema = schema
        self.weights = weights
    }

    init(_ rule: PolicyRule) { self.init(policy: rule.policy, schema: rule.schema, weights: rule.weights) }

    /// The same policy among the signals of `wide`: those of all versions of a model are recorded together. Nil where
    /// the stages are others.
    func over(_ wide: LogSchema) -> DecidingRule? {
        if wide == schema { return self }
        guard wide.stages.map(\.name) == schema.stages.map(\.name) else { return nil }
        return DecidingRule(
            policy: WidenedPolicy(policy, schema: schema, among: wide), schema: wide, weights: weights)
    }
}
