import Cascades
import Deferral
import Language
import Probability
import Storage

@testable import Gateway

/// A world of two stages whose law is known, and requests that a model's policies decide in it.
///
/// Each request is hard to the degree h, uniform in [0, 1). Small is right with probability 1 − h · `smallSlope`, large with
/// `largeQuality`; small's evidence is the mean log-probability −h, so a threshold at −t gives large what is harder than t.
struct SimulatedTraffic {
    var smallSlope = 0.8
    var largeQuality = 0.95
    /// Added to small's evidence.
    var shift = 0.0
    var random: Random
    private var count = 0

    init(seed: UInt64) { random = Random(seed: seed) }

    static let schema = LogSchema(stages: [
        StageSchema(name: "small", evidence: Evidence.tokenNames), StageSchema(name: "large"),
    ])

    static let stages = schema.stages.map { stage in
        GatewayStage(
            name: stage.name, model: nil, interfaces: [.chatCompletions],
            prices: PriceList(perCall: stage.name == "small" ? 1 : 10), countsStreams: true, tellsTokens: true,
            client: LanguageModelClient { throw CancellationError() })
    }

    /// Small, then large where the request is harder than `t`.
    static func threshold(_ t: Double) -> any Policy {
        ThresholdPolicy(
            steps: [ThresholdPolicy.Step(stage: 0, score: ConfidenceScore(signal: 0), threshold: -t)], last: 1)
    }

    static func file(_ policy: any Policy, schema: LogSchema = schema) -> PolicyFile {
        PolicyFile(
            family: "test", schema: schema, objective: Objective(weights: CostWeights(money: 1)), policy: policy)
    }

    static func version(
        _ number: Int, _ policy: any Policy, _ state: PolicyRecord.State = .active, share: Double = 0
    ) -> PolicyVersion {
        PolicyVersion(name: "v\(number)", number: number, file: file(policy), state: state, share: share)
    }

    static func policies(_ versions: [PolicyVersion], explores: Double = 0) throws -> ModelPolicies {
        try ModelPolicies(versions, explores: explores, model: "cascade", stages: stages)
    }

    /// A request, decided by one of `policies`, and how good each stage's answer to it was.
    mutating func next(_ policies: ModelPolicies) -> (run: LearnedRun, quality: [Double]) {
        count += 1
        let hardness = random.uniform()
        let quality = [
            random.bernoulli(min(1, max(0, 1 - hardness * smallSlope))) ? 1.0 : 0,
            random.bernoulli(largeQuality) ? 1.0 : 0,
        ]
        let told = -hardness + shift
        let evidence = [[told, told, 10.0], []]
        let (index, coin) = policies.draw(random.uniform())
        let acting = policies.acting[index]
        var state = PolicyState(schema: policies.schema)
        state.begin(context: [], coin: coin)
        var run = LearnedRun(
            id: "req_\(count)", time: Double(count), version: acting.name, part: acting.part,
            canaryShares: policies.canaryShares)
        while case .ask(let set) = acting.rule.policy.next(state) {
            for stage in set {
                let cost = Cost(money: stage == 0 ? 1 : 10)
                state.record(stage: stage, evidence: evidence[stage], cost: cost.money)
                run.choices.append(
                    RequestRecord.Choice(
                        stage: stage, name: Self.schema.stages[stage].name, evidence: evidence[stage], cost: cost,
                        start: 0))
                run.money += cost.money
            }
        }
        if case .stop(let stage) = acting.rule.policy.next(state) { run.answered = stage }
        return (run, quality)
    }

    /// What a policy with the threshold at hardness `t` reaches in this world, exactly.
    func quality(threshold t: Double) -> Double {
        let t = min(max(t, 0), 1)
        return t - smallSlope * t * t / 2 + (1 - t) * largeQuality
    }
}

/// What learning asks for, carried out on a list of versions, as the shelf does it.
struct SimulatedShelf {
    var versions: [PolicyVersion]
    var explores = 0.0
    private(set) var done: [LearningAction] = []

    init(_ versions: [PolicyVersion], explores: Double = 0) {
        self.versions = versions
        self.explores = explores
    }

    mutating func carryOut(_ actions: [LearningAction], _ learning: inout ModelLearning) throws {
        for action in actions {
            done.append(action)
            switch action {
            case .alarm: continue
            case .rollBack(let name, _):
                guard let place = versions.firstIndex(where: { $0.name == name }) else { continue }
                if versions[place].state == .active {
                    guard let previous = versions[place].previous,
                        let before = versions.firstIndex(where: { $0.number == previous })
                    else { continue }
                    versions[before].state = .active
                }
                versions[place].state = .retired
            case .promote(let name, _):
                guard let active = versions.firstIndex(where: { $0.state == .active }),
                    let place = versions.firstIndex(where: { $0.name == name })
                else { continue }
                versions[active].state = .retired
                versions[place].state = .active
                versions[place].share = 0
                versions[place].previous = versions[active].number
            case .learn:
                let settings = learning.settings.learner!
                let outcome = try PolicyTrainer(settings: settings).learn(
                    learning.rows, inForce: learning.policies.active.file, rule: learning.policies.acting[0].rule,
                    seed: 1)
                guard case .better(let file) = outcome else { continue }
                let number = versions.compactMap(\.number).max()! + 1
                versions.append(
                    PolicyVersion(
                        name: "v\(number)", number: number, file: file, state: .canary, share: settings.canary))
            }
            learning.renew(
                try SimulatedTraffic.policies(versions, explores: explores), learning.settings)
        }
    }

    var active: String { versions.first { $0.state == .active }!.name }
}
