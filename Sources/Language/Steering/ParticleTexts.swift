import Foundation
import Inference
import Probability

/// What is known of the token behind one text: the model's law, and what is drawn from.
struct NodeLaw: Sendable {
    var next: NextTokenLaw
    var proposed: ProposedLaw
}

/// The particles of a steered run: which text each stands at, and its weight. Pure bookkeeping; models are read elsewhere.
///
/// Particles at the same text share one node, so that the model reads it once, its potentials are weighed once, and a
/// resampled particle is a number.
struct ParticleTexts<Weight: Potential> {
    /// A text at which particles stand.
    struct Node {
        var text = SteeredText()
        var potential: Weight
        var sampler: TokenSampler
        /// ln of what the potential promises here; of its weight where the text is over.
        var logPromise = 0.0
        /// The model's own log-probabilities of the tokens.
        var logProbabilities: [Double] = []
        /// Why the text is over; nil where it goes on.
        var reason: FinishReason?
        /// Where it was read before its last token: known to the reader alone.
        var parent: Int?
    }

    /// The texts at which particles stand.
    private(set) var nodes: [Node]
    /// The node of each particle, `[particles]`.
    private(set) var places: [Int]
    /// The particles' log-weights since the last resampling, `[particles]`.
    private(set) var logWeights: [Double]
    /// ln of the mean weight that went into resamplings.
    private(set) var logEvidenceBefore = 0.0

    init(count: Int, potential: Weight, sampler: TokenSampler) {
        nodes = [Node(potential: potential, sampler: sampler)]
        places = [Int](repeating: 0, count: count)
        logWeights = [Double](repeating: 0, count: count)
    }

    /// The nodes that are to be read: not over, and some particle's that has a weight.
    var waiting: [Int] {
        var isAlive = [Bool](repeating: false, count: nodes.count)
        for (place, weight) in zip(places, logWeights) where weight > -.infinity { isAlive[place] = true }
        return nodes.indices.filter { isAlive[$0] && nodes[$0].reason == nil }
    }

    /// ln of the estimate of the evidence: the mean weight of the model's texts. Unbiased before the logarithm.
    var logEvidence: Double { logEvidenceBefore + summary.logTotal - log(Double(places.count)) }

    /// Of the weights since the last resampling.
    var summary: WeightSummary { logWeights.withUnsafeBufferPointer(WeightSummary.init(of:)) }

    /// The potentials of `waiting` after they have been read.
    mutating func setPotentials(_ potentials: [Weight], of waiting: [Int]) {
        for (node, potential) in zip(waiting, potentials) { nodes[node].potential = potential }
    }

    /// Moves every particle that stands at one of `waiting` by one token, drawn from the law of its node, and weighs it.
    ///
    /// Where no token can be drawn, a particle has no weight from here on.
    mutating func extend(
        _ waiting: [Int], laws: [NodeLaw], rules: TextRules, proposal: TokenProposal,
        using source: inout some TokenDrawing
    ) throws {
        var slots = [Int?](repeating: nil, count: nodes.count)
        for (slot, node) in waiting.enumerated() { slots[node] = slot }
        var children: [Node] = []
        /// The new places of nodes that stay, and of children by their parent's slot and token.
        var kept = [Int?](repeating: nil, count: nodes.count)
        var branches = [[(token: Token, child: Int)]](repeating: [], count: waiting.count)
        for particle in places.indices {
            let old = places[particle]
            if let slot = slots[old], let drawn = try draw(laws[slot], old, rules, proposal, &source) {
                let child: Int
                if let known = branches[slot].first(where: { $0.token == drawn.token }) {
                    child = known.child
                } else {
                    child = children.count
                    branches[slot].append((drawn.token, child))
                    children.append(try grown(nodes[old], by: drawn.token, laws[slot].next, rules, parent: slot))
                }
                logWeights[particle] += drawn.logWeight + children[child].logPromise - nodes[old].logPromise
                places[particle] = child
            } else {
                if nodes[old].reason == nil { logWeights[particle] = -.infinity }
                if kept[old] == nil {
                    kept[old] = children.count
                    var node = nodes[old]
                    node.parent = nil
                    children.append(node)
                }
                places[particle] = kept[old]!
            }
            guard logWeights[particle] < .infinity else {
                throw LanguageError.improperParameter(
                    name: "the weight of \"\(children[places[particle]].text.text)\"",
                    value: "e^\(logWeights[particle])",
                    expected: "a finite number, 0 or more")
            }
        }
        nodes = children
    }

    private func draw(
        _ law: NodeLaw, _ node: Int, _ rules: TextRules, _ proposal: TokenProposal,
        _ source: inout some TokenDrawing
    ) throws -> (token: Token, logWeight: Double)? {
        guard case .rejection = proposal else { return try law.proposed.draw(using: &source) }
        let node = nodes[node]
        let drawn = try RejectionSampling(law.next.law, using: &source) {
            try rules.allows($0, after: node.text, node.potential)
        }
        return drawn.token.map { ($0, drawn.logShare) }
    }

    /// `node` with one token more.
    private func grown(
        _ node: Node, by token: Token, _ next: NextTokenLaw, _ rules: TextRules, parent: Int
    ) throws -> Node {
        var child = node
        child.parent = parent
        child.logProbabilities.append(next.logProbability(of: token))
        next.accept(token, by: &child.sampler)
        (child.reason, child.logPromise) = try rules.advance(&child.text, &child.potential, by: token)
        return child
    }

    /// Replaces the particles by their descendants: particle i becomes a copy of particle `ancestors[i]`, all of equal weight.
    mutating func resample(_ ancestors: [Int32]) {
        logEvidenceBefore = logEvidence
        places = ancestors.map { places[Int($0)] }
        for index in logWeights.indices { logWeights[index] = 0 }
    }
}
