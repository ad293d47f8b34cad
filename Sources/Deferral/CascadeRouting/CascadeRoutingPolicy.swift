public import Cascades

/// Cascade routing: at each step the set of further stages that is worth most, and stop when none is worth its cost.
///
///     maximise over sets T of stages not asked    E max(d, max_{k in T} X_k) - λ sum_{k in T} cost_k
///     d = largest estimated quality among the stages asked,   X_k ~ N(estimate_k, deviation_k²), one shared factor
///
/// If the best T is empty, stop with the answer of the stage whose estimate is d. Else ask the cheapest stage of T (or
/// all of T at once), and decide again with what it said. `deviation_k` is how far the estimate of stage k is still
/// likely to move when k answers: what asking reveals. A stage that says nothing of its own answer reveals nothing,
/// and the rule is then a router; a chain of stages whose estimates move only with their own evidence makes it
/// thresholds.
///
/// - Source: Dekoninck, Baader and Vechev 2024, "A Unified Approach to Routing and Cascading for LLMs", section 3.
public struct CascadeRoutingPolicy: Policy, Hashable {
    public static let kind = "cascade-routing"

    /// Estimates the quality of every stage before anything has answered; nil where `estimator` does that too.
    public let prior: Estimator?
    /// What the answers add to that estimate; all of it where there is no prior.
    public let estimator: Estimator
    /// Estimates what every stage costs.
    public let costs: CostEstimator
    /// Quality that a unit of cost must bring.
    @Extended public private(set) var price: Double
    /// How far estimates still move on asking.
    public let revisions: RevisionModel
    /// The stages that may be asked.
    public let stages: StageSet
    /// Whether all stages of the best set are asked at once: dearer, and faster.
    public let asksTogether: Bool

    /// A policy.
    public init(
        prior: Estimator?, estimator: Estimator, costs: CostEstimator, price: Double, revisions: RevisionModel,
        stages: StageSet, asksTogether: Bool = false
    ) {
        self.estimator = estimator
        self.prior = prior
        self.costs = costs
        self.price = price
        self.revisions = revisions
        self.stages = stages
        self.asksTogether = asksTogether
    }

    public func next(_ state: PolicyState) -> Move {
        decide(state) { best, set, costs in
            if set.isEmpty { return .stop(answer: best) }
            if asksTogether { return .ask(set) }
            var cheapest = set.first!
            for stage in set where costs[stage] < costs[cheapest] { cheapest = stage }
            return .ask(cheapest)
        }
    }

    /// Writes the estimated quality of every stage, `[stages]`.
    @inline(__always)
    private func estimate(_ state: PolicyState, into qualities: UnsafeMutableBufferPointer<Double>) {
        guard let prior else { return estimator.estimate(state, into: qualities) }
        prior.estimate(state, into: qualities)
        if state.asked.isEmpty { return }
        withUnsafeTemporaryAllocation(of: Double.self, capacity: qualities.count) { added in
            estimator.estimate(state, into: added)
            for stage in 0..<qualities.count { qualities[stage] += added[stage] }
        }
    }

    /// Works out the best stage asked (-1 when none was) and the best set of further stages.
    private func decide<Result>(
        _ state: PolicyState,
        _ body: (_ best: Int, _ set: StageSet, _ costs: UnsafeMutableBufferPointer<Double>) -> Result
    ) -> Result {
        let total = estimator.outputs
        let open = stages.subtracting(state.asked)
        let needed = SetSearch.scratchCount(stages: total)
        return withUnsafeTemporaryAllocation(of: Double.self, capacity: needed + 3 * total) { scratch in
            let base = scratch.baseAddress!
            let qualities = UnsafeMutableBufferPointer(start: base, count: total)
            let prices = UnsafeMutableBufferPointer(start: base + total, count: total)
            estimate(state, into: qualities)
            costs.estimate(state, into: prices)
            var best = -1
            for stage in state.asked where best < 0 || qualities[stage] > qualities[best] { best = stage }
            if price == .infinity {
                // Only cost counts: the cheapest stage, and nothing after it.
                if best >= 0 { return body(best, StageSet(), prices) }
                var cheapest = stages.first!
                for stage in stages where prices[stage] < prices[cheapest] { cheapest = stage }
                return body(-1, StageSet(cheapest), prices)
            }
            if open.isEmpty { return body(best, open, prices) }
            let scaled = UnsafeMutableBufferPointer(start: base + 2 * total, count: total)
            for stage in 0..<total { scaled[stage] = price * prices[stage] }
            let search = revisions.withPointers { deviations, loadings in
                SetSearch(
                    known: best < 0 ? -.infinity : qualities[best], stages: StageSetRange(set: open, total: total),
                    means: qualities.baseAddress!, deviations: deviations, loadings: loadings,
                    costs: scaled.baseAddress!, scratch: base + 3 * total)
            }
            return body(best, search.best, prices)
        }
    }

    public func formula(_ schema: LogSchema) -> String {
        let names = stages.map { schema.stages[$0].name }.joined(separator: ", ")
        let moves = stages.map { "\(schema.stages[$0].name) \(Number.short(revisions.deviation(of: $0)))" }
        return """
            over sets T of stages not asked, out of \(names):
            maximise E max(d, max of X_k in T) - \(Number.short(price)) * expected cost of T
            with d the best estimate among stages asked, X_k normal around the estimate of k by \(prior.map { "\($0), mended by " } ?? "")\(estimator);
            deviations: \(moves.joined(separator: ", "))
            T empty: stop with the answer of the best estimate; else ask \(asksTogether ? "all of T at once" : "the cheapest of T")
            """
    }

    public func terms(_ state: PolicyState) -> [PolicyTerm] {
        let total = estimator.outputs
        var qualities = [Double](repeating: 0, count: total)
        qualities.withUnsafeMutableBufferPointer { estimate(state, into: $0) }
        let names = state.schema.stages.map(\.name)
        var terms = stages.map { stage in
            PolicyTerm(
                "estimated quality of \(names[stage])\(state.asked.contains(stage) ? ", which answered" : "")",
                qualities[stage])
        }
        let set = decide(state) { _, set, _ in set }
        for stage in set {
            terms.append(
                PolicyTerm("\(names[stage]) is in the best set; its deviation", revisions.deviation(of: stage)))
        }
        return terms
    }

    public var reach: StageSet { stages }
}
