import Cascades
import Deferral
import Reports

/// The run of a policy on one item, move by move.
struct Explanation {
    /// One decision.
    struct Step {
        /// What the rule computed.
        var terms: [PolicyTerm]
        /// What it decided.
        var move: Move
        /// What would have changed it.
        var changes: [Counterfactual]
        /// What the stages said that were asked: nil where the log lacks the cell.
        var answers: [Answer]
    }

    /// A stage that was asked, and what it said: nil where that is not known.
    struct Answer {
        var stage: Int
        var said: ExplainedItem.Said?
    }

    let item: ExplainedItem
    let steps: [Step]
    /// The policy came to an end; otherwise an answer is missing.
    let isComplete: Bool
    let spent: Double
    /// Stages that an item was told to have an answer of though the policy doesn't ask them, at least not before its last
    /// step here.
    let unused: [Int]
    /// Whether what would have changed a move was looked for.
    let looksForChanges: Bool
    private let objective: Objective

    /// - Parameters:
    ///   - policy: what is explained.
    ///   - item: what it is explained on.
    ///   - log: where other values of its numbers are taken from; nil looks for none.
    ///   - objective: what counts as cost.
    ///   - coin: what a randomised policy leaves to chance.
    init(_ policy: any Policy, on item: ExplainedItem, log: OutcomeLog?, objective: Objective, coin: Double) {
        self.item = item
        self.objective = objective
        looksForChanges = log != nil
        var state = PolicyState(schema: item.schema)
        state.begin(context: item.context, group: item.group, coin: coin)
        func step() -> Step {
            Step(
                terms: policy.terms(state), move: policy.next(state),
                changes: log.map { Counterfactual.nearest(policy, in: state, log: $0) } ?? [], answers: [])
        }
        func record(_ stages: StageSet) -> [Answer] {
            var charge = item.cost(stages)
            return stages.map { stage in
                if let said = item.said[stage] {
                    state.record(stage: stage, evidence: said.evidence, cost: charge)
                    charge = 0
                }
                return Answer(stage: stage, said: item.said[stage])
            }
        }
        var steps: [Step] = []
        var isComplete = false
        // A policy ends after at most as many moves as there are stages, and its last.
        while steps.count <= item.schema.stages.count {
            var next = step()
            if case .ask(let stages) = next.move { next.answers = record(stages) } else { isComplete = true }
            steps.append(next)
            if isComplete || next.answers.contains(where: { $0.said == nil }) { break }
        }
        let reached = state.asked
        unused = item.id == nil ? item.said.indices.filter { item.said[$0] != nil && !reached.contains($0) } : []
        self.steps = steps
        self.isComplete = isComplete
        spent = state.spent
    }

    private var schema: LogSchema { item.schema }
    private var unit: CostUnit { CostUnit(objective) }
    private func name(_ stage: Int) -> String { schema.stages[stage].name }
    private func names(_ stages: StageSet) -> String { stages.map(name).joined(separator: " and ") }

    /// A move in words.
    private func words(_ move: Move) -> String {
        switch move {
        case .ask(let stages): "ask \(names(stages))"
        case .stop(let stage): "stop with the answer of \(name(stage))"
        case .combine(let stages): "give what most of \(names(stages)) say"
        case .abstain: "give no answer"
        }
    }

    /// What a stage said: answer, evidence, quality, cost.
    private func words(_ answer: Answer) -> String {
        guard let said = answer.said else {
            return item.id == nil
                ? "what \(name(answer.stage)) says is not known yet"
                : "the log has no answer of \(name(answer.stage))"
        }
        var parts = said.text.map { ["“\($0.prefix(60))”"] } ?? []
        for (name, value) in zip(schema.stages[answer.stage].evidence, said.evidence) {
            parts.append("\(name) \(value.isNaN ? "missing" : NumberText.significant(value))")
        }
        if let quality = said.quality { parts.append("quality \(NumberText.significant(quality))") }
        if let cost = said.cost { parts.append("cost \(NumberText.significant(cost * unit.scale)) \(unit.name)") }
        return "\(name(answer.stage)) said: "
            + (parts.isEmpty ? "an answer without evidence" : parts.joined(separator: ", "))
    }

    func print(policy: String, family: String) {
        let group = item.group.map { ", group \($0)" } ?? ""
        Output.line("\(item.id.map { "Item \($0)" } ?? "A new item")\(group), under \(policy) (\(family))")
        if let input = item.input { Output.wrapped("“\(input.prefix(200))”", indent: 2) }
        if item.id == nil, !item.context.isEmpty {
            let context = zip(schema.context, item.context).filter { !$1.isNaN }
                .map { "\($0) \(NumberText.significant($1, digits: 4))" }
            let missing = item.context.count(where: \.isNaN)
            Output.wrapped(
                "Context: \(context.isEmpty ? "none given" : context.joined(separator: ", "))"
                    + (missing > 0 && !context.isEmpty ? "; the other \(missing) are missing" : "") + ".", indent: 2)
        }
        for (number, step) in steps.enumerated() {
            Output.line()
            Output.heading("\(number + 1). \(words(step.move))")
            if !step.terms.isEmpty {
                var table = TextTable(columns: [.init("computed"), .init("value"), .init("compared with")])
                // Of a long list only what was compared is shown; --json has all.
                let shown = step.terms.count > 12 ? step.terms.filter { $0.threshold != nil } : step.terms
                for term in shown.isEmpty ? step.terms : shown {
                    table.add([
                        .text(term.name), .number(term.value, significant: 4),
                        term.threshold.map { .number($0, significant: 4) } ?? .missing,
                    ])
                }
                Output.table(table)
            }
            if !looksForChanges {
                // Said once, below.
            } else if step.changes.isEmpty {
                Output.wrapped("No other value of any single number it knew would have changed this.", indent: 3)
            } else {
                Output.line("   It would have moved otherwise with:")
                for change in step.changes.prefix(4) {
                    Output.wrapped(
                        "\(schema.signalNames[change.signal]) \(change.changed > change.value ? "≥" : "≤") "
                            + "\(NumberText.significant(change.changed, digits: 4)) instead of \(NumberText.significant(change.value, digits: 4)): \(words(change.changedMove))",
                        indent: 5)
                }
            }
            for answer in step.answers { Output.wrapped("→ \(words(answer))", indent: 3) }
        }
        Output.line()
        Output.wrapped(ending)
        if !unused.isEmpty {
            Output.wrapped(
                "Not looked at: what \(unused.map(name).joined(separator: " and ")) said. This policy \(isComplete ? "doesn't ask" : "hasn't asked") for it."
            )
        }
        if !looksForChanges {
            Output.wrapped("To see what would change its mind, give --log: other values are taken from there.")
        }
    }

    /// How far the policy came, in a sentence.
    private var ending: String {
        // Of an item outside the log only what its stages cost on average is known.
        let amount = "\(NumberText.significant(spent * unit.scale)) \(unit.name)"
        let spent = spent > 0 ? (item.isMeasured ? " Spent: \(amount)." : " Spent on average: \(amount).") : ""
        if isComplete { return spent.isEmpty ? "That is its last move." : String(spent.dropFirst()) }
        if item.id != nil {
            return "The log lacks an answer here, so what the policy would have done next is not known."
        }
        guard case .ask(let stages)? = steps.last?.move else { return "" }
        let missing = stages.filter { item.said[$0] == nil }
        let option = missing.map { stage in
            schema.stages[stage].evidence.isEmpty
                ? "--asked \(name(stage))" : "--evidence \(name(stage)).\(schema.stages[stage].evidence[0])=…"
        }
        return
            "It would now ask \(missing.map(name).joined(separator: " and ")).\(spent) Tell it the answer with \(option.joined(separator: " ")) to go on."
    }

    var json: JSONValue {
        [
            "item": item.id.map { .string($0) } ?? .null, "group": item.group.map { .string($0) } ?? .null,
            "context": .object(zip(schema.context, item.context).map { (key: $0, value: .number($1)) }),
            "isComplete": .bool(isComplete), "unused": .array(unused.map { .string(name($0)) }),
            "spent": .number(spent),
            "costUnit": .string("\(objective.unit) per item"),
            "steps": .array(
                steps.map { step in
                    [
                        "move": json(step.move),
                        "terms": .array(
                            step.terms.map {
                                [
                                    "name": .string($0.name), "value": .number($0.value),
                                    "threshold": $0.threshold.map { .number($0) } ?? .null,
                                ]
                            }),
                        "answers": .array(step.answers.map { json($0) }),
                        "changes": looksForChanges
                            ? .array(
                                step.changes.map {
                                    [
                                        "signal": .string(schema.signalNames[$0.signal]), "value": .number($0.value),
                                        "changed": .number($0.changed), "move": json($0.changedMove),
                                    ]
                                }) : .null,
                    ]
                }),
        ]
    }

    private func json(_ answer: Answer) -> JSONValue {
        let said = answer.said
        return [
            "stage": .string(name(answer.stage)), "isPresent": .bool(said != nil),
            "cost": said?.cost.map { .number($0) } ?? .null, "quality": said?.quality.map { .number($0) } ?? .null,
            "evidence": .object(
                zip(schema.stages[answer.stage].evidence, said?.evidence ?? []).map {
                    (key: $0, value: .number($1))
                }),
        ]
    }

    private func json(_ move: Move) -> JSONValue {
        func list(_ stages: StageSet) -> JSONValue { .array(stages.map { .string(name($0)) }) }
        return switch move {
        case .ask(let stages): ["ask": list(stages)]
        case .stop(let stage): ["stop": .string(name(stage))]
        case .combine(let stages): ["combine": list(stages)]
        case .abstain: ["abstain": true]
        }
    }
}
