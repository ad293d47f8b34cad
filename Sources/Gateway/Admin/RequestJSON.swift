import Cascades
import Storage

/// A stored request as JSON.
struct RequestJSON {
    private let record: Storage.RequestRecord
    private let schema: LogSchema

    private init(_ record: Storage.RequestRecord) {
        self.record = record
        schema = record.trace.schema
    }

    static func object(_ record: Storage.RequestRecord, feedback: [Feedback]?) -> JSONTree {
        let json = RequestJSON(record)
        var members = json.head
        if let serving = record.serving { members += json.members(of: serving) }
        members += json.decided
        if let feedback { members.append(JSONTree.Member("feedback", .array(feedback.map(json.object)))) }
        return .object(members)
    }

    private var head: [JSONTree.Member] {
        var members = [
            JSONTree.Member("id", .string(record.id)), JSONTree.Member("time", .number(record.time)),
            JSONTree.Member("model", .string(record.model)),
            JSONTree.Member("status", .string(record.status.description)),
            JSONTree.Member("cost", Self.cost(record.cost)),
        ]
        if let key = record.key { members.append(JSONTree.Member("key", .string(key))) }
        if let version = record.policyVersion {
            members.append(JSONTree.Member("policy_version", JSONTree(integerLiteral: version)))
        }
        if let answered = record.answered { members.append(JSONTree.Member("stage", stage(answered))) }
        if let input = record.input { members.append(JSONTree.Member("input", .string(input))) }
        return members
    }

    private func members(of serving: Serving) -> [JSONTree.Member] {
        var members = [
            JSONTree.Member("interface", .string(serving.interface)),
            JSONTree.Member("decision", .string(serving.decision)),
            JSONTree.Member("http_status", JSONTree(integerLiteral: serving.httpStatus)),
            JSONTree.Member("seconds", .number(serving.elapsed)),
            JSONTree.Member("first_byte_seconds", .number(serving.firstByte)),
            JSONTree.Member("streamed", JSONTree(booleanLiteral: serving.isStreamed)),
        ]
        if let policy = serving.policy { members.append(JSONTree.Member("policy", .string(policy))) }
        let failures = serving.failures.map { failure -> JSONTree in
            [
                "stage": stage(failure.stage), "kind": .string(failure.kind), "start": .number(failure.start),
                "seconds": .number(failure.duration),
            ]
        }
        members.append(JSONTree.Member("failures", .array(failures)))
        return members
    }

    /// What the policy saw and did.
    private var decided: [JSONTree.Member] {
        let trace = record.trace
        var members = [
            JSONTree.Member("coin", .number(trace.coin)),
            JSONTree.Member("context", numbers(schema.context, trace.context)),
            JSONTree.Member("moves", .array(trace.moves.map(move))),
            JSONTree.Member("asked", .array(trace.choices.indices.map(choice))),
        ]
        if let group = trace.group { members.append(JSONTree.Member("group", .string(group))) }
        if !record.propensities.isEmpty {
            members.append(JSONTree.Member("propensities", numbers(schema.stages.map(\.name), record.propensities)))
        }
        return members
    }

    private func choice(_ position: Int) -> JSONTree {
        let choice = record.trace.choices[position]
        var members = [
            JSONTree.Member("stage", stage(choice.stage)),
            JSONTree.Member("evidence", numbers(schema.stages[choice.stage].evidence, choice.evidence)),
            JSONTree.Member("cost", Self.cost(choice.cost)), JSONTree.Member("start", .number(choice.start)),
            JSONTree.Member("seconds", .number(choice.duration)),
        ]
        if let output = choice.output { members.append(JSONTree.Member("output", .string(output))) }
        if record.serving?.estimated.contains(position) == true {
            members.append(JSONTree.Member("estimated", true))
        }
        return .object(members)
    }

    private func object(_ feedback: Feedback) -> JSONTree {
        var members = [
            JSONTree.Member("source", .string(feedback.source)), JSONTree.Member("quality", .number(feedback.quality)),
            JSONTree.Member("time", .number(feedback.time)),
        ]
        if let judged = feedback.stage { members.append(JSONTree.Member("stage", stage(judged))) }
        if let note = feedback.note { members.append(JSONTree.Member("note", .string(note))) }
        return .object(members)
    }

    /// A move with the names of the stages: `ask small`, `stop with large`.
    private func move(_ move: Move) -> JSONTree {
        func names(_ stages: StageSet) -> String {
            stages.map { schema.stages[$0].name }.joined(separator: " and ")
        }
        switch move {
        case .ask(let stages): return .string("ask \(names(stages))")
        case .stop(let stage): return .string("stop with \(schema.stages[stage].name)")
        case .combine(let stages): return .string("combine \(names(stages))")
        case .abstain: return .string("abstain")
        }
    }

    private func stage(_ index: Int) -> JSONTree {
        schema.stages.indices.contains(index) ? .string(schema.stages[index].name) : .null
    }

    private func numbers(_ names: [String], _ values: [Double]) -> JSONTree {
        .object(zip(names, values).map { JSONTree.Member($0, .number($1)) })
    }

    static func cost(_ cost: Cost) -> JSONTree {
        [
            "money": .number(cost.money), "tokens_in": .number(cost.tokensIn), "tokens_out": .number(cost.tokensOut),
            "seconds": .number(cost.seconds),
        ]
    }
}
