public import Cascades
import Foundation
public import Probability

/// Checks a policy on random items: normal signals, one in ten missing.
///
/// Laws: the same state gives the same move; no evidence of a stage that was not asked changes a move; asks only stages
/// of the schema within its `reach`, at least one at a time and none twice; gives only answers of stages that were
/// asked; what `settles` promises is kept; ends after at most as many moves as there are stages, and one to end; a JSON round trip gives the same moves.
/// - Parameters:
///   - groups: the groups that items may have.
///   - monotoneCoin: also checks that no course comes back once a rising coin has left it; right for a
///     policy that mixes two courses, not for every mixture.
public func checkPolicy<P: Policy>(
    _ policy: P, schema: LogSchema, items: Int = 200, groups: [String?] = [nil], monotoneCoin: Bool = false,
    using random: inout Random
) -> [LawViolation] {
    var rows: [[Double]] = []
    for _ in 0..<items {
        rows.append((0..<schema.signalCount).map { _ in random.uniform() < 0.1 ? .nan : random.normal() })
    }
    return checkPolicy(
        policy, schema: schema, signals: rows, groups: groups, monotoneCoin: monotoneCoin, using: &random)
}

/// Checks a policy on the items whose signals are the rows of `signals`, each `[signals]` in the order of the schema.
public func checkPolicy<P: Policy>(
    _ policy: P, schema: LogSchema, signals: [[Double]], groups: [String?] = [nil], monotoneCoin: Bool = false,
    using random: inout Random
) -> [LawViolation] {
    var violations: [LawViolation] = []
    let decoded: P
    do {
        decoded = try JSONDecoder().decode(P.self, from: JSONEncoder().encode(policy))
    } catch {
        violations.append(LawViolation("a policy survives JSON", "\(error)"))
        decoded = policy
    }
    for (item, row) in signals.enumerated() {
        let group = groups.isEmpty ? nil : groups[item % groups.count]
        let found = PolicyCourse(
            policy, decoded: decoded, schema: schema, signals: row, group: group, coin: random.uniform(),
            random: &random)
        violations += found.violations.map { LawViolation($0.law, "item \(item): \($0.detail)") }
        guard monotoneCoin else { continue }
        var courses: [[Move]] = []
        for step in 0..<64 {
            let course = PolicyCourse(
                policy, decoded: decoded, schema: schema, signals: row, group: group, coin: (Double(step) + 0.5) / 64,
                random: &random
            ).moves
            if courses.last == course { continue }
            if courses.contains(course) {
                violations.append(LawViolation("a rising coin leaves a course once", "item \(item): \(course)"))
                break
            }
            courses.append(course)
        }
    }
    return violations
}

/// One item taken through a policy, with what went wrong.
private struct PolicyCourse {
    var moves: [Move] = []
    var violations: [LawViolation] = []

    init<P: Policy>(
        _ policy: P, decoded: P, schema: LogSchema, signals: [Double], group: String?, coin: Double,
        random: inout Random
    ) {
        precondition(signals.count == schema.signalCount, "an item needs one number a signal")
        var state = PolicyState(schema: schema)
        state.begin(context: signals[..<schema.context.count], group: group, coin: coin)
        // One move a stage, and one to end.
        for _ in 0...schema.stages.count {
            let move = policy.next(state)
            moves.append(move)
            if policy.next(state) != move { add("the same state gives the same move", "\(move) in \(state.asked)") }
            if decoded.next(state) != move { add("a policy survives JSON", "\(move) became \(decoded.next(state))") }
            var changed = state
            for stage in schema.stages.indices where !state.asked.contains(stage) {
                for signal in schema.evidenceRange(of: stage) {
                    changed = changed.with(signal: signal, 3 * random.normal())
                }
            }
            if policy.next(changed) != move {
                add("only evidence of asked stages is read", "\(move) became \(policy.next(changed)) in \(state.asked)")
            }
            switch move {
            case .ask(let stages):
                if stages.isEmpty {
                    add("a move names a stage", "\(move)")
                    return
                }
                if stages.contains(where: { $0 >= schema.stages.count }) {
                    add("asks stages of the schema", "\(move)")
                    return
                }
                if !stages.isSubset(of: policy.reach) { add("asks within its reach", "\(move), reach \(policy.reach)") }
                if !stages.intersection(state.asked).isEmpty {
                    add("no stage is asked twice", "\(move)")
                    return
                }
                if stages.count == 1, let stage = stages.first, policy.settles(on: stage, in: state) {
                    for _ in 0..<4 {
                        var answered = state
                        answered.record(
                            stage: stage, evidence: schema.evidenceRange(of: stage).map { _ in 3 * random.normal() },
                            cost: random.uniform())
                        if policy.next(answered) != .stop(answer: stage) {
                            add(
                                "a settled stage's answer is given whatever it says",
                                "\(policy.next(answered)) after stage \(stage) in \(state.asked)")
                        }
                    }
                }
                for stage in stages { state.record(stage: stage, evidence: signals[schema.evidenceRange(of: stage)]) }
            case .stop(let stage):
                if !(0..<StageSet.capacity).contains(stage) || !state.asked.contains(stage) {
                    add("answers come from asked stages", "\(move), asked \(state.asked)")
                }
                return
            case .combine(let stages):
                if stages.isEmpty { add("a move names a stage", "\(move)") }
                if !stages.isSubset(of: state.asked) {
                    add("answers come from asked stages", "\(move), asked \(state.asked)")
                }
                return
            case .abstain: return
            }
        }
        add("the policy comes to an end", "\(moves.count) moves and no end")
    }

    private mutating func add(_ law: String, _ detail: String) { violations.append(LawViolation(law, detail)) }
}
