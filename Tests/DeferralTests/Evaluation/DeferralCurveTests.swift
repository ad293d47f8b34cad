import Deferral
import Probability
import Testing

@Suite struct `a deferral curve` {
    @Test func `follows the items in the order of their scores`() {
        // Deferred first: the item that is mended, then the one that is spoiled, then one that stays.
        let curve = DeferralCurve(scores: [0.1, 0.9, 0.5], before: [1, 0, 1], after: [1, 1, 0])
        let third = 1.0 / 3
        #expect(curve.shares == [0, third, 2 * third, 1])
        #expect(curve.qualities == [2 * third, 1, 2 * third, 2 * third])
        #expect(abs(curve.area - (5.0 / 6 + 5.0 / 6 + 2.0 / 3) / 3) < 1e-12)
        #expect(abs(curve.quality(atShare: 0.5) - 5.0 / 6) < 1e-12)
        #expect(curve.quality(atShare: 0) == 2.0 / 3 && curve.quality(atShare: 1) == 2.0 / 3)
    }

    @Test func `with one score for all is a straight line between the stages`() {
        let curve = DeferralCurve(scores: [2, 2, 2, 2], before: [0, 1, 0, 0], after: [1, 1, 0, 1])
        #expect(curve.shares == [0, 1])
        #expect(curve.area == 0.5)
    }

    @Test func `has the largest area where scores are the gains`() {
        var random = Random(seed: 5)
        for _ in 0..<50 {
            let before = (0..<40).map { _ in random.uniform() }
            let after = (0..<40).map { _ in random.uniform() }
            let best = DeferralCurve(scores: zip(after, before).map { $0 - $1 }, before: before, after: after)
            let other = DeferralCurve(scores: (0..<40).map { _ in random.uniform() }, before: before, after: after)
            for share in stride(from: 0.0, through: 1, by: 0.1) {
                #expect(best.quality(atShare: share) >= other.quality(atShare: share) - 1e-12)
            }
        }
    }
}
