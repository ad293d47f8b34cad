public import Cascades

/// Stages in a fixed order; after each answer, going on is weighed by an estimate of what the later stages would add.
///
///     after stages s_1 ... s_j go on iff  max over k > j of ( gain_jk - λ (cost_{j+1} + ... + cost_k) ) + option_j > 0
///
/// `gain_jk` is the estimated quality of s_k less that of s_j, given the context and all evidence so far. `option_j` is
/// what it is worth to be able to stop in between: 0 before the last stage.
///
/// - Source: Jitkrittum et al. 2023, "When Does Confidence-Based Cascade Deferral Suffice?", section 4; for two stages
///   the rule of Proposition 3.1 with an estimate in place of η₂ - η₁.
public struct PostHocPolicy: Policy, Hashable {
    public static let kind = "post-hoc"

    /// The decision after one stage of the chain.
    public struct Step: Codable, Sendable, Hashable {
        /// Estimates, some of whose outputs belong to the later stages of the chain.
        let estimator: Estimator
        /// The output of each later stage of the chain, in order.
        let outputs: [Int]
        /// What is taken off each output to make it a gain; nil where outputs are gains.
        let baseline: Estimator?
        /// What it is worth to be able to stop in between.
        let option: Double
    }

    /// The stages in the order in which they are asked.
    public let chain: [Int]
    /// The decisions after all stages but the last.
    public let steps: [Step]
    /// Estimates of cost.
    public let costs: CostEstimator
    /// The price λ of a unit of scalar cost, in units of quality.
    public let price: Double
    /// What the gains are, for people.
    let gainName: String

    public func next(_ state: PolicyState) -> Move {
        let position = state.asked.count
        if position == 0 { return .ask(chain[0]) }
        let current = chain[position - 1]
        if position == chain.count || advantage(state, position: position) <= 0 { return .stop(answer: current) }
        return .ask(chain[position])
    }

    /// What going on after `position` stages is estimated to be worth.
    private func advantage(_ state: PolicyState, position: Int) -> Double {
        let step = steps[position - 1]
        let outputs = step.estimator.outputs
        let stages = costs.means.count
        return withUnsafeTemporaryAllocation(of: Double.self, capacity: outputs + stages + 1) { scratch in
            let gains = UnsafeMutableBufferPointer(rebasing: scratch[0..<outputs])
            let cost = UnsafeMutableBufferPointer(rebasing: scratch[outputs..<outputs + stages])
            let base = UnsafeMutableBufferPointer(rebasing: scratch[(outputs + stages)...])
            step.estimator.estimate(state, into: gains)
            costs.estimate(state, into: cost)
            base[0] = 0
            step.baseline?.estimate(state, into: base)
            return Self.net(
                gains: gains, baseline: base[0], outputs: step.outputs, later: chain[position...], costs: cost,
                price: price)
                + step.option
        }
    }

    /// The largest gain less price times the cost of all stages on the way.
    @inline(__always)
    static func net(
        gains: UnsafeMutableBufferPointer<Double>, baseline: Double, outputs: [Int], later: ArraySlice<Int>,
        costs: UnsafeMutableBufferPointer<Double>, price: Double
    ) -> Double {
        var best = -Double.infinity
        var spent = 0.0
        for place in 0..<outputs.count {
            spent += costs[later[later.startIndex + place]]
            best = max(best, gains[outputs[place]] - baseline - price * spent)
        }
        return best
    }

    public func formula(_ schema: LogSchema) -> String {
        let names = chain.map { schema.stages[$0].name }
        var lines = ["ask \(names[0])"]
        for (place, step) in steps.enumerated() {
            let option = step.option > 0 ? " + \(Number.short(step.option))" : ""
            let later = names[(place + 1)...].joined(separator: ", ")
            lines.append(
                "go on to \(names[place + 1]) iff max over k in {\(later)} of (\(gainName)_k - \(Number.short(price)) cost to k)\(option) > 0, by \(step.estimator.description)"
            )
        }
        lines.append("answer with the last stage asked")
        return lines.joined(separator: "\n")
    }

    public func terms(_ state: PolicyState) -> [PolicyTerm] {
        let position = state.asked.count
        guard position > 0, position < chain.count else { return [] }
        let step = steps[position - 1]
        var gains = [Double](repeating: 0, count: step.estimator.outputs)
        gains.withUnsafeMutableBufferPointer { step.estimator.estimate(state, into: $0) }
        var base = [0.0]
        base.withUnsafeMutableBufferPointer { step.baseline?.estimate(state, into: $0) }
        return zip(chain[position...], step.outputs).map { stage, output in
            PolicyTerm("\(gainName) of \(state.schema.stages[stage].name)", gains[output] - base[0])
        } + [PolicyTerm("worth of going on", advantage(state, position: position), threshold: 0)]
    }

    public var reach: StageSet { StageSet(chain) }

    /// The chain's end is given whatever it says.
    public func settles(on stage: Int, in state: PolicyState) -> Bool {
        state.asked.count == chain.count - 1 && stage == chain[chain.count - 1]
    }
}
