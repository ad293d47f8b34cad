public import Cascades

/// The optimal cascade: stages in a fixed order, and after each the best place further on to stop at.
///
///     after s_1 ... s_j:   maximise over i >= j    E max(d, max_{j < k <= i} X_k) - λ sum_{j < k <= i} cost_k
///     d = largest estimated quality among the stages asked,   X_k as in ``CascadeRoutingPolicy``
///
/// If i = j is best, stop with the answer of the stage whose estimate is d; else ask s_{j+1}. It is cascade routing
/// that may not leave a stage out: what cascading alone can do.
///
/// - Source: Dekoninck, Baader and Vechev 2024, "A Unified Approach to Routing and Cascading for LLMs", section 3.
public struct OrderedCascadePolicy: Policy, Hashable {
    public static let kind = "ordered-cascade"

    /// Estimates the quality of every stage from what has answered.
    public let estimator: Estimator
    /// Estimates what every stage costs.
    public let costs: CostEstimator
    /// Quality that a unit of cost must bring.
    @Extended public private(set) var price: Double
    /// How far estimates still move on asking.
    public let revisions: RevisionModel
    /// The stages in the order in which they are asked.
    public let chain: [Int]

    init(estimator: Estimator, costs: CostEstimator, price: Double, revisions: RevisionModel, chain: [Int]) {
        self.estimator = estimator
        self.costs = costs
        self.price = price
        self.revisions = revisions
        self.chain = chain
    }

    public func next(_ state: PolicyState) -> Move {
        let place = state.asked.count
        if place == 0 { return .ask(chain[0]) }
        let (best, gain) = look(state)
        return place < chain.count && price < .infinity && gain > 0 ? .ask(chain[place]) : .stop(answer: best)
    }

    /// The best stage asked, and what the best place to stop at further on is worth beyond stopping here.
    private func look(_ state: PolicyState) -> (best: Int, gain: Double) {
        let total = estimator.outputs
        let place = state.asked.count
        let needed = ExpectedMaximum.scratchCount(stages: total)
        return withUnsafeTemporaryAllocation(of: Double.self, capacity: needed + 2 * total) { scratch in
            let base = scratch.baseAddress!
            let qualities = UnsafeMutableBufferPointer(start: base, count: total)
            let prices = UnsafeMutableBufferPointer(start: base + total, count: total)
            estimator.estimate(state, into: qualities)
            costs.estimate(state, into: prices)
            var best = chain[0]
            for stage in chain[..<place] where qualities[stage] > qualities[best] { best = stage }
            if place == chain.count { return (best, 0) }
            let maximum = revisions.withPointers { deviations, loadings in
                ExpectedMaximum(
                    known: qualities[best], stages: StageSetRange(set: StageSet(chain[place...]), total: total),
                    means: qualities.baseAddress!, deviations: deviations, loadings: loadings, scratch: base + 2 * total
                )
            }
            maximum.begin()
            var gain = 0.0
            var spent = 0.0
            for (depth, stage) in chain[place...].enumerated() {
                spent += price * prices[stage]
                gain = max(gain, maximum.value(adding: stage, at: depth) - qualities[best] - spent)
                maximum.descend(adding: stage, from: depth, to: depth + 1)
            }
            return (best, gain)
        }
    }

    public func formula(_ schema: LogSchema) -> String {
        let names = chain.map { schema.stages[$0].name }.joined(separator: ", ")
        return """
            in the order \(names): go on while some place further on is worth its price,
            max over i of E max(d, max of X_k up to i) - \(Number.short(price)) * expected cost up to i > d
            with d the best estimate among stages asked, X_k normal around the estimate of k by \(estimator)
            """
    }

    public func terms(_ state: PolicyState) -> [PolicyTerm] {
        state.asked.isEmpty ? [] : [PolicyTerm("worth of going on", look(state).gain, threshold: 0)]
    }

    public var reach: StageSet { StageSet(chain) }
}
