import Cascades
import Deferral

/// What a policy would have done with a request, as far as that can be known from what the stages said to it.
struct PolicyReplay: Sendable, Hashable {
    /// The stages that it asks; with those of an open run that were not asked in truth.
    var asked = StageSet()
    /// The stage whose answer it gives, where it gives one stage's answer.
    var answer: Int?
    /// Whether it gives no answer.
    var abstains = false
    /// Whether it reads what a stage says that was not asked in truth, so that its end is not known.
    var isOpen = false

    /// - Parameter choices: what stages said, each with its evidence in the order of the rule's schema, or with none where
    ///   nobody read it.
    init(_ rule: PolicyRule, context: [Double], group: String?, coin: Double, choices: [RequestRecord.Choice]) {
        let (policy, schema) = (rule.policy, rule.schema)
        var state = PolicyState(schema: schema)
        state.begin(context: context, group: group, coin: coin)
        for _ in 0...schema.stages.count {
            switch policy.next(state) {
            case .stop(let stage):
                answer = stage
                return
            case .combine: return
            case .abstain:
                abstains = true
                return
            case .ask(let set):
                asked = asked.union(set)
                if set.count == 1, let stage = set.first, policy.settles(on: stage, in: state) {
                    // It ends there, whatever that stage says.
                    answer = stage
                    return
                }
                for stage in set {
                    let choice = choices.first { $0.stage == stage && $0.failure == nil }
                    if let choice, choice.evidence.count == schema.stages[stage].evidence.count {
                        state.record(
                            stage: stage, evidence: choice.evidence, cost: rule.weights.scalar(choice.cost))
                    } else {
                        isOpen = true
                    }
                }
                if isOpen { return }
            }
        }
    }

    /// The probability that each stage is asked, over which of `policies` decides and its coin, `[stages]`; `NaN` where it
    /// hangs on what a stage would have said that was not asked.
    static func propensities(
        _ policies: ModelPolicies, context: [Double], group: String?, choices: [RequestRecord.Choice]
    ) -> [Double] {
        var result = [Double](repeating: 0, count: policies.schema.stages.count)
        for one in policies.acting where one.weight > 0 {
            guard isRandomised(one.rule.policy) else {
                let replay = PolicyReplay(one.rule, context: context, group: group, coin: 0.5, choices: choices)
                for stage in result.indices {
                    if replay.asked.contains(stage) {
                        result[stage] += one.weight
                    } else if replay.isOpen {
                        result[stage] = .nan
                    }
                }
                continue
            }
            var trace = Trace<Bool>(schema: policies.schema, context: context, group: group)
            for choice in choices where choice.failure == nil {
                trace.choices.append(
                    Trace.Choice(stage: choice.stage, output: true, evidence: choice.evidence, cost: choice.cost))
            }
            for (stage, probability) in trace.propensities(of: one.rule.policy).enumerated() {
                result[stage] += one.weight * probability
            }
        }
        // Weights may add up to a hair above 1.
        return result.map { $0.isNaN ? $0 : min($0, 1) }
    }

    /// Whether `policy` reads its coin.
    private static func isRandomised(_ policy: any Policy) -> Bool {
        if let widened = policy as? WidenedPolicy { return isRandomised(widened.base) }
        if let capped = policy as? CappedPolicy { return isRandomised(capped.base) }
        return policy is MixturePolicy
    }
}
