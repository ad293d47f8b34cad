import Cascades
import Deferral

/// A request's run through its policy once more, move by move: what the rule computed, what it decided, and what would
/// have changed that.
struct RequestExplanation: Sendable {
    /// One decision.
    struct Step: Sendable {
        var move: Move
        var terms: [PolicyTerm]
        var changes: [Counterfactual]
    }

    let steps: [Step]
    /// Whether the run came to the policy's end; a stage that failed or was released ends it before.
    let isComplete: Bool
    let formula: String
    private let schema: LogSchema
    private let names: [String]

    /// - Parameter others: requests of the same schema, whose numbers are tried instead.
    init(_ request: SeenRequest, _ rule: DecidingRule, others: [SeenRequest]) {
        schema = rule.schema
        formula = rule.policy.formula(rule.schema)
        names = rule.schema.stages.indices.map { stage in
            request.choices.first { $0.stage == stage }?.name ?? rule.schema.stages[stage].name
        }
        let log = Self.log(others, rule.schema)
        var state = PolicyState(schema: rule.schema)
        request.begin(&state)
        var steps: [Step] = []
        var isComplete = false
        // A policy ends after at most as many moves as there are stages, and its last.
        while steps.count <= rule.schema.stages.count {
            let move = rule.policy.next(state)
            steps.append(
                Step(
                    move: move, terms: rule.policy.terms(state),
                    changes: log.map { Array(Counterfactual.nearest(rule.policy, in: state, log: $0).prefix(4)) } ?? [])
            )
            guard case .ask(let stages) = move else {
                isComplete = true
                break
            }
            let answers = stages.compactMap { stage in
                request.choices.first { $0.stage == stage && $0.failure == nil }
            }
            if answers.count < stages.count { break }
            for answer in answers { request.record(answer, rule.weights, &state) }
        }
        self.steps = steps
        self.isComplete = isComplete
    }

    /// The numbers of `requests`, for other values to be taken from.
    private static func log(_ requests: [SeenRequest], _ schema: LogSchema) -> OutcomeLog? {
        guard !requests.isEmpty else { return nil }
        var log = OutcomeLog(
            schema: schema, ids: requests.map(\.id),
            quality: [Double](repeating: .nan, count: requests.count * schema.stages.count))
        for request in requests {
            let state = request.state(schema, weights: CostWeights())
            log.context += state.signals[..<schema.context.count]
            log.evidence += state.signals[schema.context.count...]
        }
        return log
    }

    private func words(_ stages: StageSet) -> String { stages.map { names[$0] }.joined(separator: " and ") }

    /// A move in words.
    func words(_ move: Move) -> String {
        switch move {
        case .ask(let stages): "ask \(words(stages))"
        case .stop(let stage): "give the answer of \(names[stage])"
        case .combine(let stages): "give what most of \(words(stages)) say"
        case .abstain: "give no answer"
        }
    }

    var json: JSONTree {
        .members([
            ("rule", .string(formula)), ("isComplete", isComplete ? true : false),
            (
                "steps",
                .array(
                    steps.map { step in
                        [
                            "move": .string(words(step.move)),
                            "terms": .array(
                                step.terms.map { term in
                                    .members([
                                        ("name", .string(term.name)), ("value", .number(term.value)),
                                        ("threshold", term.threshold.map { .number($0) }),
                                    ])
                                }),
                            "changes": .array(
                                step.changes.map { change in
                                    [
                                        "signal": .string(schema.signalNames[change.signal]),
                                        "value": .number(change.value), "changed": .number(change.changed),
                                        "move": .string(words(change.changedMove)),
                                    ]
                                }),
                        ]
                    })
            ),
        ])
    }
}
