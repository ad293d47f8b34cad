public import Cascades
public import Probability

/// Always the same stage.
///
///     ask k, answer with k
public struct SingleStagePolicy: Policy, Hashable {
    public static let kind = "single-stage"
    /// The stage.
    public let stage: Int

    /// The policy that always asks `stage`.
    public init(stage: Int) { self.stage = stage }

    public func next(_ state: PolicyState) -> Move {
        state.asked.contains(stage) ? .stop(answer: stage) : .ask(stage)
    }

    public func formula(_ schema: LogSchema) -> String { "always ask \(schema.stages[stage].name)" }

    public var reach: StageSet { StageSet(stage) }

    public func settles(on stage: Int, in state: PolicyState) -> Bool { stage == self.stage }
}

/// The best single stage at each price; between two prices, a random mixture of two stages reaches every budget.
///
/// The frontier that every other family must beat: the upper concave hull of the stages' (mean cost, mean quality).
public struct SingleStageLearner: PolicyLearner {
    public let family = "single-stage"
    public let summary = "always the same stage, or a random mixture of two: what every other rule must beat"

    /// A learner.
    public init() {}

    public func fit(_ log: CostedLog, using random: inout Random) throws -> any PolicyPath {
        SingleStagePath(cost: log.meanCost, quality: log.meanQuality)
    }
}

/// The single stage with the largest mean quality less price times mean cost.
struct SingleStagePath: PolicyPath {
    /// Mean cost, `[stages]`.
    let cost: [Double]
    /// Mean quality, `[stages]`; `NaN` for a stage that never answered.
    let quality: [Double]

    func policy(price: Double) -> any Policy { SingleStagePolicy(stage: stage(price: price)) }

    /// The largest mean quality less price times mean cost.
    func value(price: Double) -> Double {
        let stage = stage(price: price)
        return quality[stage] - price * cost[stage]
    }

    /// The stage that reaches it; the cheaper one in a tie.
    func stage(price: Double) -> Int {
        var best = -1
        var bestValue = -Double.infinity
        for stage in cost.indices where !quality[stage].isNaN {
            // At an infinite price only cost counts.
            let value = price == .infinity ? -cost[stage] : quality[stage] - price * cost[stage]
            if value > bestValue || (value == bestValue && cost[stage] < cost[best]) {
                (best, bestValue) = (stage, value)
            }
        }
        return best
    }
}
