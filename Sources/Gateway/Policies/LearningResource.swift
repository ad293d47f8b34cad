import Cascades
import Deferral
import Probability
import Storage

/// `/admin/api/learning`: how the versions of each model's policy do, what is on trial, what drifts, and the last alarms.
struct LearningResource: AdminResource {
    static let name = "learning"
    let core: GatewayCore

    func read(_ call: AdminCall) async throws -> JSONTree {
        let names = core.learning.models.filter { name in call.parts.first.map { $0 == name } ?? true }
        if let name = call.parts.first, names.isEmpty { throw DoorError.notThere("policy of \"\(name)\"") }
        let judges = core.judging.counts
        let models = names.compactMap { name in
            core.learning.state(of: name).map { Self.json(name, $0, judges[name]) }
        }
        return [
            "object": "list", "data": .array(models),
            "alarms": .array(
                core.learning.alarms.filter { names.contains($0.model) }.map { alarm in
                    [
                        "time": .number(alarm.time), "model": .string(alarm.model),
                        "kind": .string(alarm.kind.rawValue), "text": .string(alarm.text),
                    ]
                }),
        ]
    }

    private static func json(_ name: String, _ state: ModelLearning, _ judge: Judging.Counts?) -> JSONTree {
        var members: [JSONTree.Member] = []
        func add(_ name: String, _ value: JSONTree) { members.append(JSONTree.Member(name, value)) }
        add("model", .string(name))
        add("active", .string(state.policies.active.name))
        add("versions", .array(state.policies.versions.map { version($0, state) }))
        add("explored", whole(state.rows.count))
        var stages: [JSONTree] = []
        for (stage, quality) in zip(state.policies.schema.stages, state.stageQualities) {
            stages.append(["name": .string(stage.name), "explored_quality": .number(quality)])
        }
        add("stages", .array(stages))
        var drifts: [JSONTree] = []
        for (signal, detector) in state.drifts.sorted(by: { $0.key < $1.key }) {
            drifts.append([
                "signal": .string(signal), "median": .number(detector.median), "alertness": .number(detector.alertness),
                "count": whole(detector.count),
            ])
        }
        add("drift", .array(drifts))
        if let judge { add("judge", self.judge(judge)) }
        return .object(members)
    }

    private static func version(_ version: PolicyVersion, _ state: ModelLearning) -> JSONTree {
        let score = state.scores[version.name] ?? VersionScore()
        var members: [JSONTree.Member] = []
        func add(_ name: String, _ value: JSONTree) { members.append(JSONTree.Member(name, value)) }
        add("name", .string(version.name))
        if let number = version.number { add("version", whole(number)) }
        add("state", .string(version.state.rawValue))
        add("share", .number(version.share))
        add("family", .string(version.file.family))
        add("requests", whole(score.requests))
        add("money", .number(score.money))
        add("deferral_rate", .number(Double(score.deferred) / Double(max(score.requests, 1))))
        add("judged", whole(score.quality.count))
        add("quality", .number(score.quality.mean))
        add("explored", whole(score.exploredQuality.count))
        add("explored_quality", .number(score.exploredQuality.mean))
        add("explored_cost", .number(score.exploredCost.mean))
        if score.watched > 0 { add("agreement", .number(Double(score.agreed) / Double(score.watched))) }
        if let floor = state.settings.floor {
            add(
                "floor",
                [
                    "quality": .number(floor.quality), "confidence": .number(floor.confidence),
                    "evidence_against": .number(score.floorBet.largest),
                    "broken": score.breaks(floor) ? .literal("true") : .literal("false"),
                ])
        }
        if let trial = state.trials[version.name] {
            add(
                "trial",
                [
                    "verdict": .string(trial.verdict.rawValue), "keep": .number(trial.settings.keep),
                    "confidence": .number(trial.settings.confidence),
                    "evidence_of_harm": .number(trial.harm.largest),
                    "evidence_of_success": .number(trial.success.largest), "compared": whole(trial.compared),
                    "agreed": whole(trial.agreed),
                ])
        }
        return .object(members)
    }

    private static func whole(_ value: Int) -> JSONTree { .literal(String(value)) }

    private static func judge(_ counts: Judging.Counts) -> JSONTree {
        [
            "judged": JSONTree(integerLiteral: counts.judged), "failed": JSONTree(integerLiteral: counts.failed),
            "dropped": JSONTree(integerLiteral: counts.dropped), "waiting": JSONTree(integerLiteral: counts.waiting),
            "money": .number(counts.money),
        ]
    }
}
