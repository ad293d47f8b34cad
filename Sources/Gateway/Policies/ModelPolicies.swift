import Cascades
import Deferral
import Storage

/// The policies of one virtual model: which decide, for which shares of the requests, and which only watch.
///
/// Each request draws one of those that decide; what is left of its coin is uniform again. All of them see the same signals
/// (the union of what each was learned on), so that any of them can be asked what it would have done.
struct ModelPolicies: Sendable {
    /// What a policy that decides is there for.
    enum Part: String, Sendable, Hashable {
        /// The version that is in force.
        case active
        /// A version on trial.
        case canary
        /// Asks all, so that something can be learned.
        case exploring
    }

    /// One that decides.
    struct Acting: Sendable {
        var part: Part
        /// The version's name.
        var name: String
        var rule: PolicyRule
        /// Its share of the requests.
        var weight: Double
    }

    /// One that only says what it would do.
    struct Shadow: Sendable {
        var name: String
        var rule: PolicyRule
    }

    let schema: LogSchema
    let versions: [PolicyVersion]
    /// The active one first.
    let acting: [Acting]
    let shadows: [Shadow]
    /// The version in force.
    let active: PolicyVersion
    /// For each canary, its probability given that it or the active version decides.
    let canaryShares: [String: Double]

    /// - Parameter explores: the share of requests for which all stages are asked.
    /// - Throws: ``GatewayError/badPolicy(model:reason:remedy:)``.
    init(
        _ versions: [PolicyVersion], explores: Double = 0, model: String, stages: [GatewayStage]
    ) throws(GatewayError) {
        guard let active = versions.first(where: { $0.state == .active }) else {
            throw .badPolicy(
                model: model, reason: "none of its policies is active", remedy: "Promote one of its versions.")
        }
        let live = versions.filter { $0.state != .retired }
        let canaries = versions.filter { $0.state == .canary && $0.share > 0 }
        let taken = canaries.reduce(explores) { $0 + $1.share }
        guard taken <= 1 else {
            throw .badPolicy(
                model: model, reason: "its canaries and its exploration take \(taken) of the requests together",
                remedy: "Give them shares that add up to 1 at most.")
        }
        let schema = try Self.union(live, active: active, model: model)
        func rule(_ version: PolicyVersion) throws(GatewayError) -> PolicyRule {
            var file = version.file
            if file.schema != schema {
                file = PolicyFile(
                    family: file.family, schema: schema, objective: file.objective, goal: file.goal,
                    measured: file.measured, provenance: file.provenance, frontier: file.frontier,
                    policy: WidenedPolicy(file.policy, schema: file.schema, among: schema))
            }
            let rule = try PolicyRule(
                file, version: version.name, number: version.number, model: model, stages: stages)
            return rule
        }
        var acting = [
            Acting(part: .active, name: active.name, rule: try rule(active), weight: 1 - taken)
        ]
        for version in canaries {
            acting.append(
                Acting(part: .canary, name: version.name, rule: try rule(version), weight: version.share))
        }
        if explores > 0 {
            let file = PolicyFile(
                family: ExploringPolicy.kind, schema: schema, objective: active.file.objective,
                policy: ExploringPolicy(stages: .all(schema.stages.count)))
            let rule = try PolicyRule(file, version: ExploringPolicy.kind, model: model, stages: stages)
            acting.append(
                Acting(part: .exploring, name: ExploringPolicy.kind, rule: rule, weight: explores))
        }
        self.acting = acting
        var shares: [String: Double] = [:]
        for one in acting where one.part == .canary { shares[one.name] = one.weight / (one.weight + acting[0].weight) }
        canaryShares = shares
        var shadows: [Shadow] = []
        for version in live where version.state == .shadow {
            shadows.append(Shadow(name: version.name, rule: try rule(version)))
        }
        self.shadows = shadows
        self.active = active
        self.schema = schema
        self.versions = live
    }

    /// The one that decides for a request with `coin`, by its index, and the coin that is left: uniform given the choice.
    func draw(_ coin: Double) -> (index: Int, coin: Double) {
        guard acting.count > 1 else { return (0, coin) }
        var below = 0.0
        for (index, one) in acting.enumerated() where one.weight > 0 {
            if coin < below + one.weight || index == acting.count - 1 {
                return (index, min(max((coin - below) / one.weight, 0), 1.0.nextDown))
            }
            below += one.weight
        }
        return (acting.lastIndex { $0.weight > 0 } ?? 0, 0)
    }

    /// The signals of all versions together, in the order of the active one.
    private static func union(
        _ versions: [PolicyVersion], active: PolicyVersion, model: String
    ) throws(GatewayError) -> LogSchema {
        let first = active.file.schema
        if versions.allSatisfy({ $0.file.schema == first }) { return first }
        var context = first.context
        var evidence = first.stages.map(\.evidence)
        for version in versions {
            let schema = version.file.schema
            guard schema.stages.map(\.name) == first.stages.map(\.name) else {
                throw .badPolicy(
                    model: model,
                    reason:
                        "\(version.name) was learned for the stages \(schema.stages.map(\.name).joined(separator: ", ")), \(active.name) for \(first.stages.map(\.name).joined(separator: ", "))",
                    remedy: "Versions of one policy ask the same stages; publish others under a name of their own.")
            }
            for name in schema.context where !context.contains(name) { context.append(name) }
            for (stage, own) in schema.stages.enumerated() {
                for name in own.evidence where !evidence[stage].contains(name) { evidence[stage].append(name) }
            }
        }
        return LogSchema(
            context: context,
            stages: zip(first.stages, evidence).map { StageSchema(name: $0.name, evidence: $1) })
    }
}
