import Cascades
import Foundation
import Storage

extension DashboardData {
    /// Traffic, cost and saving of `window`, of one model or all.
    func summary(_ window: TrafficWindow, model: String?, now: Double = Date().timeIntervalSince1970) async -> JSONTree
    {
        let first = window.first(at: now)
        let rows = await find {
            try await $0.traffic.rows(from: first, stretch: window.stretch)
        } or: {
            core.live.rows(from: first, stretch: window.stretch)
        }
        let summary = TrafficSummary(rows.value, models: models, only: model, hasOwnNames: !rows.isFromStore)
        let last = Int(bounding: now / 60) / window.stretch * window.stretch
        let points = stride(from: first, through: last, by: window.stretch).map { minute -> JSONTree in
            let sums = summary.byMinute[minute] ?? TrafficSummary.Sums()
            return sums.json([("time", .number(Double(minute * 60)))])
        }
        return .members([
            ("window", .string(window.rawValue)), ("stretch", .number(Double(window.stretch * 60))),
            ("source", .string(rows.isFromStore ? "store" : "memory")), ("trouble", rows.trouble.map { .string($0) }),
            ("since", .number(core.started.timeIntervalSince1970)), ("total", summary.total.json([])),
            (
                "models",
                .array(
                    summary.byModel.sorted { $0.key < $1.key }.map { name, sums in
                        sums.json([
                            ("name", .string(name)),
                            ("referenceStage", models[name].map { .string($0.referenceStage.name) }),
                        ])
                    })
            ),
            ("points", .array(points)),
        ])
    }

    /// Who answered the last requests, by model and group.
    func shares(model: String?) async -> JSONTree {
        let shares = await find { store in
            try await store.requests.shares(
                among: Self.lastRequests, RequestRepository.Filter(model: model)
            ).map { share in
                var share = share
                share.stage = share.stage.map { models[share.model]?.stageNames[$0] ?? $0 }
                return share
            }
        } or: {
            Self.shares(core.live.last(LiveTraffic.requests, model: model))
        }
        return .members([
            ("source", .string(shares.isFromStore ? "store" : "memory")),
            ("trouble", shares.trouble.map { .string($0) }),
            (
                "shares",
                .array(
                    shares.value.map { share in
                        .members([
                            ("model", .string(share.model)), ("group", share.group.map { .string($0) }),
                            ("stage", share.stage.map { .string($0) }),
                            ("requests", .number(Double(share.requests))), ("seconds", .number(share.seconds)),
                            ("money", .number(share.money)),
                        ])
                    })
            ),
        ])
    }

    private static func shares(_ records: [RequestRecord]) -> [RequestRepository.Share] {
        struct Way: Hashable {
            var model: String
            var group: String?
            var stage: String?
        }
        return Dictionary(grouping: records) { Way(model: $0.model, group: $0.group, stage: $0.answeredBy) }
            .map { way, records in
                let count = Double(records.count)
                return RequestRepository.Share(
                    model: way.model, group: way.group, stage: way.stage, requests: records.count,
                    seconds: records.reduce(0) { $0 + $1.seconds } / count,
                    money: records.reduce(0) { $0 + $1.cost.money } / count)
            }
            .sorted { ($1.requests, $0.model, $0.stage ?? "") < ($0.requests, $1.model, $1.stage ?? "") }
    }
}
