import Cascades

/// Asks stages in order until `evidence` of the last one reaches the threshold; abstains, or stops at the last.
struct LadderPolicy: Policy, Hashable {
    static let kind = "test-ladder"
    var threshold: Double
    var stages: Int
    var abstains = false
    func next(_ state: PolicyState) -> Move {
        let asked = state.asked.count
        if asked > 0 {
            let signal = state.schema.evidenceOffsets[asked - 1]
            if state.signals[signal] >= threshold { return .stop(answer: asked - 1) }
        }
        if asked < stages { return .ask(asked) }
        return abstains ? .abstain : .stop(answer: asked - 1)
    }
    func formula(_ schema: LogSchema) -> String { "ask in order until the evidence is at least \(threshold)" }
    var reach: StageSet { .all(stages) }
}

/// Asks a set at once and combines it.
struct VotePolicy: Policy, Hashable {
    static let kind = "test-vote"
    var voters: StageSet
    func next(_ state: PolicyState) -> Move { state.asked.isEmpty ? .ask(voters) : .combine(voters) }
    func formula(_ schema: LogSchema) -> String { "the majority" }
    var reach: StageSet { voters }
}

/// Does what it is told, whatever the state: for provoking errors.
struct ScriptedPolicy: Policy, Hashable {
    static let kind = "test-scripted"
    var moves: [Move]
    var reach = StageSet()
    func next(_ state: PolicyState) -> Move { moves[min(state.asked.count, moves.count - 1)] }
    func formula(_ schema: LogSchema) -> String { "\(moves)" }
}

/// Asks the second stage with probability `p`, by its coin, after the first.
struct CoinPolicy: Policy, Hashable {
    static let kind = "test-coin"
    var p: Double
    func next(_ state: PolicyState) -> Move {
        if state.asked.isEmpty { return .ask(0) }
        if state.asked.contains(1) { return .stop(answer: 1) }
        return state.coin < p ? .ask(1) : .stop(answer: 0)
    }
    func formula(_ schema: LogSchema) -> String { "ask the second with probability \(p)" }
    var reach: StageSet { [0, 1] }
}
