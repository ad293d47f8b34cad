import Cascades
import Foundation
import Storage

extension DashboardData {
    /// The gateway itself: names, and stages with their health.
    func state() async -> JSONTree {
        let lost = await find {
            try await $0.lostRecords()
        } or: {
            0
        }
        return .members([
            ("started", .number(core.started.timeIntervalSince1970)), ("hasStore", core.store != nil ? true : false),
            ("store", core.store.map { .string($0.database.place) }),
            ("lostRecords", .number(Double(lost.value))), ("isDraining", core.isDraining ? true : false),
            ("trouble", lost.trouble.map { .string($0) }),
            ("models", .array(core.models.names.compactMap { name in models[name].map(Self.json) })),
            ("stages", .array(core.models.stages.map(Self.json))),
        ])
    }

    private static func json(_ model: VirtualModel) -> JSONTree {
        .members([
            ("name", .string(model.name)), ("stages", .array(model.stages.map { .string($0.name) })),
            ("referenceStage", .string(model.referenceStage.name)),
            ("policy", model.rule.map { .string($0.version) }),
            ("rule", model.rule.map { .string($0.policy.formula($0.schema)) }),
        ])
    }

    static func json(_ stage: GatewayStage) -> JSONTree {
        let status = stage.guardian?.status
        return .members([
            ("name", .string(stage.name)), ("model", stage.model.map { .string($0) }),
            (
                "breaker",
                status.map { status in
                    switch status.breaker {
                    case .closed: "closed"
                    case .halfOpen: "half-open"
                    case .open: "open"
                    }
                }
            ), ("running", status.map { .number(Double($0.running)) }),
            ("waiting", status.map { .number(Double($0.waiting)) }),
            ("retries", status.map { .number(Double($0.retries)) }),
            ("hedges", status.map { .number(Double($0.hedges)) }), ("slow", status?.slow.map { .number($0) }),
            ("priceIn", .number(stage.prices.perMillionTokensIn)),
            ("priceOut", .number(stage.prices.perMillionTokensOut)),
        ])
    }
}
