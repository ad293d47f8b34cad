internal import Foundation
public import Probability

/// The self-repellent random walk: a reversible walk that avoids the nodes it has visited too often.
///
/// From node i under visit shares x it goes to j with probability proportional to Pᵢⱼ (xⱼ / πⱼ)^−α, and then
/// x ← x + γₙ (δⱼ − x). α = 0 is the base walk. The shares still converge to π, and vary less the larger α is.
///
/// - Source: V. Doshi, J. Hu and D. Y. Eun, "Self-repellent random walks on general graphs", ICML 2023;
///   general step sizes: J. Hu, V. Doshi and D. Y. Eun, "Accelerating distributed stochastic optimization via
///   self-repellent random walks", ICLR 2024 (paper 38).
public struct SelfRepellentWalk: Sendable, Equatable {
    /// The base walk.
    public let base: ReversibleWalk
    /// α, at least 0.
    public let repulsion: Double
    /// γₙ.
    public let schedule: PowerSchedule

    /// A walk.
    ///
    /// - Throws: `InferenceError.improperParameter` for a negative or infinite repulsion.
    public init(base: ReversibleWalk, repulsion: Double, schedule: PowerSchedule) throws(InferenceError) {
        guard repulsion >= 0, repulsion < .infinity else {
            throw .improperParameter(name: "repulsion", value: "\(repulsion)", expected: "finite, at least 0")
        }
        self.base = base
        self.repulsion = repulsion
        self.schedule = schedule
    }

    /// Where the walk is and what it has visited.
    public struct State: Sendable {
        /// The node.
        public internal(set) var node: Int
        /// Steps made.
        public internal(set) var steps = 0
        /// Visit shares are `scale * masses`. The transition probabilities don't depend on the scale, so that a step
        /// touches one node only.
        var masses: [Double]
        var scale = 1.0
        /// (massⱼ / πⱼ)^−α.
        var weights: [Double]

        /// x: the visit shares, `[nodeCount]`; they add up to 1.
        public var visits: [Double] { masses.map { $0 * scale } }
    }

    /// A walk at `node`, with equal visit shares before its first step.
    ///
    /// - Parameter visits: other shares to begin with, `[nodeCount]`, above 0.
    /// - Throws: `InferenceError.improperParameter`, `.wrongShape`.
    public func start(at node: Int, visits: [Double]? = nil) throws(InferenceError) -> State {
        guard (0..<base.nodeCount).contains(node) else {
            throw .improperParameter(name: "node", value: "\(node)", expected: "from 0 to \(base.nodeCount - 1)")
        }
        var shares = visits ?? [Double](repeating: 1, count: base.nodeCount)
        guard shares.count == base.nodeCount else {
            throw .wrongShape(what: "visits", found: "[\(shares.count)]", expected: "[\(base.nodeCount)]")
        }
        for (node, share) in shares.enumerated() { try KernelCheck.positive(share, "the visits of node \(node)") }
        let total = shares.reduce(0, +)
        for i in shares.indices { shares[i] /= total }
        var state = State(node: node, masses: shares, weights: shares)
        refresh(&state)
        return state
    }

    /// One step.
    public func step(_ state: inout State, using random: inout Random) {
        state.node = next(state, using: &random)
        state.steps += 1
        let share = schedule.size(state.steps)
        state.scale *= 1 - share
        state.masses[state.node] += share / state.scale
        // Masses stay near shares, so that their powers stay in range.
        if state.scale < 0.3 {
            for i in state.masses.indices { state.masses[i] *= state.scale }
            state.scale = 1
            refresh(&state)
        } else {
            state.weights[state.node] = weight(state, state.node)
        }
    }

    private func refresh(_ state: inout State) {
        for node in state.weights.indices { state.weights[node] = weight(state, node) }
    }

    private func weight(_ state: State, _ node: Int) -> Double {
        if repulsion == 0 { return 1 }
        return exp(-repulsion * log(state.masses[node] / base.stationary[node]))
    }

    private func next(_ state: State, using random: inout Random) -> Int {
        let range = base.starts[state.node]..<base.starts[state.node + 1]
        var total = 0.0
        for place in range { total += base.probabilities[place] * state.weights[base.targets[place]] }
        // A huge repulsion leaves the range of Double.
        guard total > 0, total < .infinity else { return farNext(state, using: &random) }
        var rest = total * random.uniform()
        for place in range {
            rest -= base.probabilities[place] * state.weights[base.targets[place]]
            if rest < 0 { return base.targets[place] }
        }
        return base.targets[range.upperBound - 1]
    }

    /// The same choice by logarithms.
    private func farNext(_ state: State, using random: inout Random) -> Int {
        let range = base.starts[state.node]..<base.starts[state.node + 1]
        let logs = range.map { place in
            let node = base.targets[place]
            return log(base.probabilities[place]) - repulsion * log(state.masses[node] / base.stationary[node])
        }
        let largest = logs.max() ?? 0
        let weights = logs.map { exp($0 - largest) }
        var rest = weights.reduce(0, +) * random.uniform()
        for (offset, weight) in weights.enumerated() {
            rest -= weight
            if rest < 0 { return base.targets[range.lowerBound + offset] }
        }
        return base.targets[range.upperBound - 1]
    }

    /// K[x]: the transition probabilities under visit shares `visits`, `[nodeCount, nodeCount]` as rows.
    ///
    /// - Throws: `InferenceError.wrongShape`, `.improperParameter` for a share that is not above 0.
    public func transitionProbabilities(visits: [Double]) throws(InferenceError) -> [[Double]] {
        let state = try start(at: 0, visits: visits)
        return (0..<base.nodeCount).map { node in
            var row = [Double](repeating: 0, count: base.nodeCount)
            for place in base.starts[node]..<base.starts[node + 1] {
                row[base.targets[place]] = base.probabilities[place] * state.weights[base.targets[place]]
            }
            let total = row.reduce(0, +)
            return row.map { $0 / total }
        }
    }
}
