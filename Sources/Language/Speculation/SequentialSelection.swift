import Foundation

/// Tries each of several identical drafts against one scaled-down target.
///
///     b(x) = min(p(x) / s, q(x));   a draft is taken with b(x) / q(x);   β = Σ b
///     where all are refused: p(x) - b(x) (1 - (1 - β)^K) / β, normalised
///
/// with the smallest scale s between 1 and K for which that is nowhere negative. A refused draft says nothing of the next
/// one. Tokens below the floor are never taken from a draft, which keeps the law and loses at most their share.
/// - Source: Sun et al., 2023 ("SpecTr"), k-sequential selection.
public struct SequentialSelection: DraftVerifier {
    private let target: TokenDistribution
    private let candidates: DraftCandidates
    /// b, by candidate.
    private let taken: [Double]
    /// (1 - (1 - β)^K) / β.
    private let spread: Double

    public var expectedAcceptance: Double? { taken.reduce(0, +) * spread }

    /// A verifier of `count` drafts from `draft`.
    public init(target: TokenDistribution, draft: TokenDistribution, count: Int, floor: Double = 0x1p-10) {
        self.target = target
        candidates = DraftCandidates(target: target, drafts: [draft], floor: floor, limit: floor > 0 ? 2048 : .max)
        let p = candidates.target.dropLast()
        let q = candidates.drafts[0].dropLast()
        func share(_ scale: Double) -> Double {
            var sum = 0.0
            let factor = 1 / scale
            for (p, q) in zip(p, q) { sum += min(p * factor, q) }
            return min(1, sum)
        }
        func spread(_ share: Double) -> Double {
            // Σ (1 - β)^i for i < K: the same without cancellation.
            var sum = 0.0
            var power = 1.0
            for _ in 0..<count {
                sum += power
                power *= 1 - share
            }
            return sum
        }
        var low = 1.0
        var high = Double(max(count, 1))
        for _ in 0..<44 where high > low {
            let middle = (low + high) / 2
            if spread(share(middle)) <= middle { high = middle } else { low = middle }
        }
        let factor = 1 / high
        taken = zip(p, q).map { min($0 * factor, $1) }
        self.spread = spread(share(high))
    }

    public mutating func acceptance(of index: Int, among drafts: [Token]) -> Double {
        let place = candidates.index(of: drafts[index], from: 0)
        guard place < taken.count, candidates.drafts[0][place] > 0 else { return 0 }
        return taken[place] / candidates.drafts[0][place]
    }

    public mutating func remainder(after drafts: [Token]) -> TokenRemainder {
        TokenRemainder(
            of: target, sources: [], factors: [], tokens: candidates.tokens,
            values: candidates.tokens.indices.map { max(0, candidates.target[$0] - taken[$0] * spread) })
    }
}
