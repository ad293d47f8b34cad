import Deferral
import Probability
import Testing

@Suite struct `a deferral curve` {
    @Test func `follows the items in the order of their scores`() {
        // Deferred first: the item that is mended, then the one that is spoiled, then one that stays.
        let curve = DeferralCurve(scores: [0.1, 0.9, 0.5], before: [1, 0, 1], after: [1, 1, 0])
        let third: Double = 1.0 / 3
        let thirds: Double = 2.0 / 3
        #expect(curve.shares == [0, third, thirds, 1] as [Double])
        #expect(curve.qualities == [thirds, 1, thirds, thirds] as [Double])
        // Means of the three pieces: 5/6, 5/6 and 2/3.
        let area: Double = 7.0 / 9
        #expect(abs(curve.area - area) < 1e-12)
        let half: Double = 5.0 / 6
        #expect(abs(curve.quality(atShare: 0.5) - half) < 1e-12)
        #expect(curve.quality(atShare: 0) == thirds)
        #expect(curve.quality(atShare: 1) == thirds)
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
