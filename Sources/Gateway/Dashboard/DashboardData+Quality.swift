import Cascades
import Deferral
import Foundation
import Storage

extension DashboardData {
    /// How far each stage's word can be believed, by what was said of the last requests' answers.
    func calibration(model: String?) async -> JSONTree {
        let filter = RequestRepository.Filter(model: model)
        let found: Found<OutcomeLog?> = await find { store in
            var filter = filter
            filter.from = try await store.requests.timeOfLast(Self.lastRequests, filter)
            do {
                return try await store.outcomeLog(LogExport(filter, answers: .none))
            } catch {
                // Nobody judged anything yet.
                guard case StorageError.noRequests = error else { throw error }
                return nil
            }
        } or: {
            nil
        }
        var stages: [JSONTree] = []
        if let log = found.value {
            let names = model.flatMap { models[$0]?.stageNames } ?? [:]
            for (index, stage) in log.schema.stages.enumerated() {
                if let calibration = StageCalibration(log, stage: index, name: names[stage.name] ?? stage.name) {
                    stages.append(calibration.json)
                }
            }
        }
        return .members([
            ("stages", .array(stages)), ("judged", .number(Double(found.value?.count ?? 0))),
            ("hasStore", core.store != nil ? true : false), ("trouble", found.trouble.map { .string($0) }),
        ])
    }

    /// Where today's traffic lies beside the frontier that each policy was learned with.
    func frontiers(now: Double = Date().timeIntervalSince1970) async -> JSONTree {
        var models: [JSONTree] = []
        var trouble: String?
        for name in core.models.names {
            guard let model = self.models[name], let rule = model.rule else { continue }
            let days = await find { store in
                var days: [Day] = []
                for (label, length) in [("today", TrafficWindow.day), ("week", TrafficWindow.week)] {
                    let first = length.first(at: now)
                    let rows = try await store.traffic.rows(from: first, stretch: length.minutes)
                    let judged = try await store.requests.judgement(
                        among: Self.lastRequests, RequestRepository.Filter(model: name, from: Double(first * 60)))
                    days.append(Day(label, rows.filter { $0.place.model == name }, rule.weights, judged))
                }
                return days
            } or: {
                let rows = core.live.rows(from: TrafficWindow.day.first(at: now), stretch: TrafficWindow.day.minutes)
                return [Day("today", rows.filter { $0.place.model == name }, rule.weights, nil)]
            }
            trouble = trouble ?? days.trouble
            models.append(Self.json(model, rule, days.value))
        }
        return .members([
            ("models", .array(models)), ("hasStore", core.store != nil ? true : false),
            ("trouble", trouble.map { .string($0) }),
        ])
    }

    /// Mean cost and quality of the requests of some time.
    struct Day: Sendable {
        var label: String
        var requests: Int
        /// Mean scalar cost of a request, in the policy's unit.
        var cost: Double
        var judgement: RequestRepository.Judgement?

        init(
            _ label: String, _ rows: [TrafficRow], _ weights: CostWeights, _ judgement: RequestRepository.Judgement?
        ) {
            self.label = label
            self.judgement = judgement
            requests = rows.reduce(0) { $0 + $1.requests }
            let sum = Cost(
                money: rows.reduce(0) { $0 + $1.money }, seconds: rows.reduce(0) { $0 + $1.seconds })
            cost = weights.scalar(sum) / Double(requests)
        }

        var json: JSONTree {
            var members: [(String, JSONTree?)] = [
                ("label", .string(label)), ("requests", .number(Double(requests))), ("cost", .number(cost)),
            ]
            if let judgement {
                members.append(("judged", .number(Double(judgement.count))))
                if judgement.count > 0 {
                    let variance = max(0, judgement.squaredQuality - judgement.quality * judgement.quality)
                    // The normal approximation of the mean; of few answers it says little, and the page shows how few.
                    let half = 1.96 * (variance / Double(judgement.count)).squareRoot()
                    members.append(("quality", .number(judgement.quality)))
                    members.append(("low", .number(judgement.quality - half)))
                    members.append(("high", .number(judgement.quality + half)))
                }
            }
            return .members(members)
        }
    }

    private static func json(_ model: VirtualModel, _ rule: PolicyRule, _ days: [Day]) -> JSONTree {
        let file = rule.file
        func point(_ point: PolicyFrontier.Point, _ name: String? = nil) -> JSONTree {
            .members([
                ("name", name.map { .string($0) }), ("cost", .number(point.cost)), ("quality", .number(point.quality)),
            ])
        }
        var learned: JSONTree?
        if let cost = file.measured["cost"], let quality = file.measured["quality"] {
            learned = .members([
                ("cost", .number(cost)), ("quality", .number(quality)),
                ("low", file.measured["quality lower"].map { .number($0) }),
                ("high", file.measured["quality upper"].map { .number($0) }),
            ])
        }
        return .members([
            ("name", .string(model.name)), ("policy", .string(rule.version)), ("family", .string(file.family)),
            ("unit", .string(file.objective.unit)), ("rule", .string(rule.policy.formula(rule.schema))),
            ("reference", .string(model.referenceStage.name)),
            ("points", file.frontier.map { .array($0.points.map { point($0) }) }),
            (
                "stages",
                file.frontier.map { frontier in
                    .array(zip(frontier.stages, model.stages).map { point($0, $1.name) })
                }
            ), ("learned", learned), ("days", .array(days.map(\.json))),
        ])
    }
}
