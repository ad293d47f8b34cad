public import Cascades

/// One stage for each item, chosen from its context before anything is asked.
///
///     ask and answer with  argmax_k  quality_k(context) - λ cost_k(context)
///
/// Ties go to the cheaper stage. At an infinite price the stage of the smallest expected cost is asked.
public struct RoutePolicy: Policy, Hashable {
    public static let kind = "route"

    /// Estimates of quality.
    public let estimator: Estimator
    /// Estimates of cost.
    public let costs: CostEstimator
    /// The price λ of a unit of scalar cost, in units of quality; may be infinite.
    @Extended public private(set) var price: Double
    /// The stages that may be asked.
    public let stages: StageSet

    init(estimator: Estimator, costs: CostEstimator, price: Double, stages: StageSet) {
        self.estimator = estimator
        self.costs = costs
        self.price = price
        self.stages = stages
    }

    public func next(_ state: PolicyState) -> Move {
        if let asked = state.asked.first { return .stop(answer: asked) }
        return withScores(state) { quality, cost in
            .ask(Self.choice(quality, cost, price: price, stages: stages))
        }
    }

    /// The stage of the largest quality less price times cost.
    @inline(__always)
    static func choice(
        _ quality: UnsafeMutableBufferPointer<Double>, _ cost: UnsafeMutableBufferPointer<Double>, price: Double,
        stages: StageSet
    ) -> Int {
        var best = -1
        var bestValue = -Double.infinity
        for stage in stages {
            // At an infinite price only cost counts.
            let value = price == .infinity ? -cost[stage] : quality[stage] - price * cost[stage]
            if best < 0 || value > bestValue || (value == bestValue && cost[stage] < cost[best]) {
                (best, bestValue) = (stage, value)
            }
        }
        return best
    }

    @inline(__always)
    private func withScores<Result>(
        _ state: PolicyState,
        _ body: (UnsafeMutableBufferPointer<Double>, UnsafeMutableBufferPointer<Double>) -> Result
    ) -> Result {
        let count = costs.means.count
        return withUnsafeTemporaryAllocation(of: Double.self, capacity: 2 * count) { scratch in
            let quality = UnsafeMutableBufferPointer(rebasing: scratch[0..<count])
            let cost = UnsafeMutableBufferPointer(rebasing: scratch[count..<2 * count])
            estimator.estimate(state, into: quality)
            costs.estimate(state, into: cost)
            return body(quality, cost)
        }
    }

    public func formula(_ schema: LogSchema) -> String {
        let names = stages.map { schema.stages[$0].name }.joined(separator: ", ")
        let cost = costs.readsContext ? "cost_k(context)" : "cost_k"
        let terms = price == .infinity ? "-\(cost)" : "quality_k(context) - \(Number.short(price)) \(cost)"
        return "ask argmax over k in {\(names)} of \(terms), with quality by \(estimator.description)"
    }

    public func terms(_ state: PolicyState) -> [PolicyTerm] {
        guard state.asked.isEmpty else { return [] }
        return withScores(state) { quality, cost in
            let best = Self.choice(quality, cost, price: price, stages: stages)
            func value(_ stage: Int) -> Double {
                price == .infinity ? -cost[stage] : quality[stage] - price * cost[stage]
            }
            return stages.flatMap { stage in
                let name = state.schema.stages[stage].name
                return [
                    PolicyTerm("expected quality of \(name)", quality[stage]),
                    PolicyTerm("expected cost of \(name)", cost[stage]),
                    PolicyTerm("value of \(name)", value(stage), threshold: value(best)),
                ]
            }
        }
    }

    public var reach: StageSet { stages }

    /// One stage is asked, and its answer given.
    public func settles(on stage: Int, in state: PolicyState) -> Bool { state.asked.isEmpty }
}
