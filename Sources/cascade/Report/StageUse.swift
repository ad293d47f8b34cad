import Cascades
import Deferral

/// Which stages a policy asks and answers with, item by item, chance averaged out.
struct StageUse {
    /// The probability that each stage is asked, `[items, stages]`.
    private(set) var asked: [Double]
    /// The probability that each stage's answer is given, `[items, stages]`.
    private(set) var answered: [Double]
    let stages: Int

    init(_ policy: any Policy, on log: CostedLog) {
        stages = log.stageCount
        asked = [Double](repeating: 0, count: log.count * log.stageCount)
        answered = asked
        add(policy, weight: 1, on: log)
    }

    private mutating func add(_ policy: any Policy, weight: Double, on log: CostedLog) {
        if let mixture = policy as? MixturePolicy {
            for component in mixture.components where component.weight > 0 {
                add(component.policy, weight: weight * component.weight, on: log)
            }
            return
        }
        let outcomes = Replay.outcomes(of: policy, on: log)
        for item in 0..<log.count {
            for stage in outcomes.asked[item] { asked[item * stages + stage] += weight }
            if outcomes.answer[item] >= 0 { answered[item * stages + Int(outcomes.answer[item])] += weight }
        }
    }

    /// The mean over `items` of what `stage` has in `values`.
    func share(_ values: KeyPath<StageUse, [Double]>, stage: Int, items: [Int]) -> Double {
        let column = self[keyPath: values]
        return items.reduce(0) { $0 + column[$1 * stages + stage] } / Double(max(items.count, 1))
    }
}
