/// A cascade's run as a pure state machine: it says which stages to ask, and is told what they gave.
///
/// The loops that carry it out differ (``Cascade/run(_:using:)`` asks, ``Cascade/replay(_:_:)`` looks up); the rules
/// do not, for they are all here.
package struct CascadeMachine<Output: Sendable>: Sendable {
    /// What the loop is to do.
    package enum Action {
        case ask(StageSet)
        case finish(Decision<Output>)
    }

    let name: String
    let schema: LogSchema
    let policy: any Policy
    let weights: CostWeights
    let agrees: (@Sendable (Output, Output) -> Bool)?
    package private(set) var state: PolicyState
    package private(set) var trace: Trace<Output>
    package private(set) var cost = Cost.zero
    /// What each stage gave, by stage: the index of its choice in the trace, or -1.
    private var position: [Int]

    package init(
        name: String, schema: LogSchema, policy: any Policy, weights: CostWeights,
        agrees: (@Sendable (Output, Output) -> Bool)?, context: [Double], group: String?, coin: Double
    ) throws(CascadeError) {
        guard context.count == schema.context.count else {
            throw .evidenceMismatch(
                source: "the context of cascade '\(name)'", expected: schema.context, found: context.map { "\($0)" })
        }
        self.name = name
        self.schema = schema
        self.policy = policy
        self.weights = weights
        self.agrees = agrees
        state = PolicyState(schema: schema)
        state.begin(context: context, group: group, coin: coin)
        trace = Trace(schema: schema, context: context, group: group, coin: coin)
        position = [Int](repeating: -1, count: schema.stages.count)
    }

    /// The policy's next move, checked.
    package mutating func next() throws(CascadeError) -> Action {
        let move = policy.next(state)
        trace.moves.append(move)
        switch move {
        case .ask(let stages):
            try check(stages)
            for stage in stages where state.asked.contains(stage) {
                throw .askedTwice(stage: schema.stages[stage].name)
            }
            return .ask(stages)
        case .stop(let stage):
            guard schema.stages.indices.contains(stage) else {
                throw .unknownStage(index: stage, count: schema.stages.count)
            }
            return .finish(Decision(try choice(stage).output))
        case .combine(let stages):
            try check(stages)
            return .finish(Decision(try majority(stages)))
        case .abstain:
            return .finish(.abstained)
        }
    }

    /// Takes note of what the stages of one move gave, in the order of the schema.
    package mutating func receive(_ choices: [Trace<Output>.Choice]) {
        var together = Cost.zero
        for choice in choices {
            position[choice.stage] = trace.choices.count
            trace.choices.append(choice)
            together = together.alongside(choice.cost)
            state.record(stage: choice.stage, evidence: choice.evidence, cost: weights.scalar(choice.cost))
        }
        cost += together
    }

    /// The run, once the policy has ended it.
    package func run(_ decision: Decision<Output>) -> Run<Output> {
        var values = schema.stages.indices.map { state.asked.contains($0) ? 1.0 : 0.0 }
        values.append(contentsOf: state.signals.dropFirst(schema.context.count))
        return Run(
            decision: decision, evidence: Evidence(names: Self.evidenceNames(schema), values: values), cost: cost,
            logScore: trace.choices.contains { $0.logScore != nil } ? trace.logScore : nil, trace: trace)
    }

    /// The evidence of a cascade: which stages were asked, then all that they gave.
    static func evidenceNames(_ schema: LogSchema) -> [String] {
        schema.stages.map { "asked.\($0.name)" }
            + schema.stages.flatMap { stage in stage.evidence.map { "\(stage.name).\($0)" } }
    }

    private func check(_ stages: StageSet) throws(CascadeError) {
        if stages.isEmpty { throw .emptyMove(asked: askedNames) }
        for stage in stages where stage >= schema.stages.count {
            throw .unknownStage(index: stage, count: schema.stages.count)
        }
    }

    private func choice(_ stage: Int) throws(CascadeError) -> Trace<Output>.Choice {
        guard position[stage] >= 0 else {
            throw .answerNotAsked(stage: schema.stages[stage].name, asked: askedNames)
        }
        return trace.choices[position[stage]]
    }

    private var askedNames: [String] { state.asked.map { schema.stages[$0].name } }

    /// The output on which most of `stages` agree, ties to the last in schema order; abstentions have no vote.
    private func majority(_ stages: StageSet) throws(CascadeError) -> Output? {
        var outputs: [Output] = []
        for stage in stages {
            if let output = try choice(stage).output { outputs.append(output) }
        }
        guard outputs.count > 1 else { return outputs.first }
        guard let agrees else { throw .notComparable(cascade: name, output: "\(Output.self)") }
        var best = outputs.count - 1
        var bestVotes = 0
        for index in outputs.indices.reversed() {
            let votes = outputs.count { agrees($0, outputs[index]) }
            if votes > bestVotes { (best, bestVotes) = (index, votes) }
        }
        return outputs[best]
    }
}
