import Cascades
import Storage

/// A request as the page shows it, whether this process remembers it or the store holds it.
struct SeenRequest: Sendable {
    /// What one stage gave.
    struct Choice: Sendable {
        /// Its index in the schema.
        var stage: Int
        var name: String
        var evidence: [Double]
        var cost: Cost
        var start: Double
        var duration: Double
        var failure: String?
        var output: String?
    }

    var id: String
    /// Seconds since 1970.
    var time: Double
    var key: String?
    var model: String
    /// What the policy is called, and its version in the store.
    var policy: String?
    var policyVersion: Int?
    /// The rule that decided, where this process still has it.
    var rule: DecidingRule?
    var group: String?
    var coin: Double
    var context: [Double]
    /// The names of the stages and of their numbers.
    var schema: LogSchema
    var choices: [Choice]
    var answeredBy: String?
    /// How it ended, in a word.
    var decision: String
    var seconds: Double
    var cost: Cost
    var input: String?

    /// A request of this process.
    init(_ record: RequestRecord) {
        id = record.id
        time = record.time
        key = record.key
        model = record.model
        policy = record.policy
        policyVersion = record.policyVersion
        rule = record.rule.map { DecidingRule($0) }
        group = record.group
        coin = record.coin
        context = record.context
        schema = record.schema
        choices = record.choices.map {
            Choice(
                stage: $0.stage, name: $0.name, evidence: $0.evidence, cost: $0.cost, start: $0.start,
                duration: $0.duration, failure: $0.failure)
        }
        answeredBy = record.answeredBy
        decision = record.decision.rawValue
        seconds = record.seconds
        cost = record.cost
    }

    /// A request that the store holds.
    /// - Parameter names: what the gateway calls the stages of the request's schema, where it calls them otherwise.
    init(_ record: Storage.RequestRecord, names: [String: String]) {
        func name(_ stage: Int) -> String {
            let stages = record.trace.schema.stages
            guard stages.indices.contains(stage) else { return "?" }
            return names[stages[stage].name] ?? stages[stage].name
        }
        id = record.id
        time = record.time
        key = record.key
        model = record.model
        policy = record.serving?.policy ?? record.policyVersion.map(String.init)
        policyVersion = record.policyVersion
        group = record.trace.group
        coin = record.trace.coin
        context = record.trace.context
        schema = record.trace.schema
        choices = record.trace.choices.map {
            Choice(
                stage: $0.stage, name: name($0.stage), evidence: $0.evidence, cost: $0.cost, start: $0.start,
                duration: $0.duration, output: $0.output)
        }
        if let failures = record.serving?.failures, !failures.isEmpty {
            choices += failures.map {
                Choice(
                    stage: $0.stage, name: name($0.stage), evidence: [], cost: .zero, start: $0.start,
                    duration: $0.duration, failure: $0.kind)
            }
            choices.sort { $0.start < $1.start }
        }
        answeredBy = record.answered.map(name)
        decision = record.serving?.decision ?? record.status.description
        seconds = record.serving?.elapsed ?? record.cost.seconds
        cost = record.cost
        input = record.input
    }

    /// What a list shows of it.
    var brief: JSONTree {
        .members([
            ("id", .string(id)), ("time", .number(time)), ("model", .string(model)), ("key", key.map { .string($0) }),
            ("policy", policy.map { .string($0) }), ("group", group.map { .string($0) }),
            ("asked", .array(choices.map { .string($0.name) })), ("answered", answeredBy.map { .string($0) }),
            ("decision", .string(decision)), ("seconds", .number(seconds)), ("money", .number(cost.money)),
            ("tokensIn", .number(cost.tokensIn)), ("tokensOut", .number(cost.tokensOut)),
        ])
    }

    /// What the policy knew in the end.
    func state(_ schema: LogSchema, weights: CostWeights) -> PolicyState {
        var state = PolicyState(schema: schema)
        begin(&state)
        for choice in choices { record(choice, weights, &state) }
        return state
    }

    func begin(_ state: inout PolicyState) {
        state.begin(context: fitted(context, state.schema.context.count), group: group, coin: coin)
    }

    func record(_ choice: Choice, _ weights: CostWeights, _ state: inout PolicyState) {
        guard choice.failure == nil, state.schema.stages.indices.contains(choice.stage) else { return }
        let cost = weights.scalar(choice.cost)
        state.record(
            stage: choice.stage, evidence: fitted(choice.evidence, state.schema.stages[choice.stage].evidence.count),
            cost: cost.isFinite ? cost : 0)
    }

    /// An answer that was passed on unread has no numbers.
    private func fitted(_ numbers: [Double], _ count: Int) -> [Double] {
        numbers.count == count ? numbers : [Double](repeating: .nan, count: count)
    }
}
