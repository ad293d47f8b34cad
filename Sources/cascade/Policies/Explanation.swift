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

    /// What a stage said.
    struct Answer {
        var stage: Int
        var isPresent: Bool
        var cost: Double
    }

    let log: CostedLog
    let item: Int
    let steps: [Step]
    /// The policy came to an end; otherwise the log lacked a cell.
    let isComplete: Bool
    let spent: Double

    init(_ policy: any Policy, on log: CostedLog, item: Int, coin: Double) {
        self.log = log
        self.item = item
        var state = PolicyState(schema: log.log.schema)
        state.begin(log.log, item: item, coin: coin)
        var steps: [Step] = []
        var isComplete = false
        // A policy ends after at most as many moves as there are stages, and its last.
        while steps.count <= log.stageCount {
            let move = policy.next(state)
            var step = Step(
                terms: policy.terms(state), move: move,
                changes: Counterfactual.nearest(policy, in: state, log: log.log),
                answers: [])
            guard case .ask(let stages) = move else {
                steps.append(step)
                isComplete = true
                break
            }
            var charge = log.cost(item: item, stages: stages)
            for stage in stages {
                state.record(log.log, item: item, stage: stage, cost: charge)
                charge = 0
                step.answers.append(
                    Answer(
                        stage: stage, isPresent: log.log.isPresent(item: item, stage: stage),
                        cost: log.cost(item: item, stage: stage)))
            }
            steps.append(step)
            if step.answers.contains(where: { !$0.isPresent }) { break }
        }
        self.steps = steps
        self.isComplete = isComplete
        spent = state.spent
    }

    private var schema: LogSchema { log.log.schema }
    private var unit: CostUnit { CostUnit(log.objective) }
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

    /// What a stage said: answer, quality, cost, evidence.
    private func words(_ answer: Answer) -> String {
        guard answer.isPresent else { return "the log has no answer of \(name(answer.stage))" }
        var parts: [String] = []
        if !log.log.answers.isEmpty, let text = log.log.answers[answer.stage][item] {
            parts.append("“\(text.prefix(60))”")
        }
        let range = schema.evidenceRange(of: answer.stage)
        for (name, signal) in zip(schema.stages[answer.stage].evidence, range) {
            let value = log.log.signal(item: item, signal)
            parts.append("\(name) \(value.isNaN ? "missing" : NumberText.significant(value))")
        }
        parts.append("quality \(NumberText.significant(log.log.quality(item: item, stage: answer.stage)))")
        parts.append("cost \(NumberText.significant(answer.cost * unit.scale)) \(unit.name)")
        return "\(name(answer.stage)) said: " + parts.joined(separator: ", ")
    }

    func print(policy: String, family: String) {
        let group = log.log.groups[item].map { ", group \($0)" } ?? ""
        Output.line("Item \(log.log.ids[item])\(group), under \(policy) (\(family))")
        if !log.log.inputs.isEmpty, !log.log.inputs[item].isEmpty {
            Output.wrapped("“\(log.log.inputs[item].prefix(200))”", indent: 2)
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
            if step.changes.isEmpty {
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
        Output.line(
            isComplete
                ? "Spent: \(NumberText.significant(spent * unit.scale)) \(unit.name)."
                : "The log lacks an answer here, so what the policy would have done next is not known.")
    }

    var json: JSONValue {
        [
            "item": .string(log.log.ids[item]), "group": log.log.groups[item].map { .string($0) } ?? .null,
            "isComplete": .bool(isComplete), "spent": .number(spent),
            "costUnit": .string("\(log.objective.unit) per item"),
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
                        "changes": .array(
                            step.changes.map {
                                [
                                    "signal": .string(schema.signalNames[$0.signal]), "value": .number($0.value),
                                    "changed": .number($0.changed), "move": json($0.changedMove),
                                ]
                            }),
                    ]
                }),
        ]
    }

    private func json(_ answer: Answer) -> JSONValue {
        [
            "stage": .string(name(answer.stage)), "isPresent": .bool(answer.isPresent), "cost": .number(answer.cost),
            "quality": .number(log.log.quality(item: item, stage: answer.stage)),
            "evidence": .object(
                zip(schema.stages[answer.stage].evidence, schema.evidenceRange(of: answer.stage)).map {
                    (key: $0, value: .number(log.log.signal(item: item, $1)))
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
