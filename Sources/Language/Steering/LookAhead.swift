import Foundation
import NumericalMethods

/// Tries out the likeliest next tokens of texts: what potentials promise of each, a number of tokens further on.
struct LookAhead<Weight: Potential>: Sendable {
    let candidates: Int
    let rules: TextRules
    let scorer: any TokenScorer
    let prompt: [Token]

    /// A text whose next tokens are tried out.
    struct Start: Sendable {
        var text: SteeredText
        var potential: Weight
        var sampler: TokenSampler
        var logPromise: Double
        var law: ProposedLaw
    }

    /// For each of `starts` the tokens tried out with ln of the factor that they promise beyond what the law knows already.
    ///
    /// With `steps` above 1 the model is asked what comes behind each, and the promise is the mean over what would be drawn
    /// there: over the likeliest tokens as promised in turn, over all others as if nothing came of them.
    func promises(
        of starts: [Start], steps: Int
    ) async throws -> [[(token: Token, logPromise: Double)]] {
        var promises: [[(token: Token, logPromise: Double)]] = []
        var children: [Start] = []
        var owners: [(start: Int, candidate: Int)] = []
        for (index, start) in starts.enumerated() {
            var own: [(token: Token, logPromise: Double)] = []
            for token in start.law.likeliest(candidates) {
                var child = start
                let (reason, logPromise) = try rules.advance(&child.text, &child.potential, by: token)
                own.append((token, logPromise - start.logPromise - start.law.logFactor(of: token)))
                if steps > 1, reason == nil, logPromise > -.infinity {
                    child.logPromise = logPromise
                    children.append(child)
                    owners.append((index, own.count - 1))
                }
            }
            promises.append(own)
        }
        guard !children.isEmpty else { return promises }
        try await read(&children)
        let further = try await self.promises(of: children, steps: steps - 1)
        for (slot, owner) in owners.enumerated() {
            let law = children[slot].law
            var mean = 0.0
            var rest = 1.0
            for (token, logPromise) in further[slot] {
                let probability = law.probability(of: token)
                mean += probability * exp(logPromise)
                rest -= probability
            }
            promises[owner.start][owner.candidate].logPromise += law.logShare + log(mean + max(0, rest))
        }
        return promises
    }

    /// Asks the model and the potentials behind each of `starts`.
    private func read(_ starts: inout [Start]) async throws {
        var potentials = starts.map(\.potential)
        try await Weight.read(&potentials, after: starts.map(\.text))
        // A context has only so many seats.
        for first in stride(from: 0, to: starts.count, by: 16) {
            let part = first..<min(first + 16, starts.count)
            let rows = try await scorer.logits(after: part.map { prompt + starts[$0].text.tokens })
            for (row, index) in part.enumerated() {
                let text = starts[index].text
                starts[index].potential = potentials[index]
                let next = try NextTokenLaw(
                    rows[row], starts[index].sampler, after: prompt + text.tokens,
                    mask: try rules.allowed(after: text, potentials[index]))
                starts[index].law = try ProposedLaw(next.law, experts: potentials[index].expertise)
            }
        }
    }
}
