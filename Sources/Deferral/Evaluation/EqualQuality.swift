import Cascades

/// What it takes to be as good as a share of the reference stage's quality: the calls and the cost that are saved.
///
/// Any policy may be mixed at random with any single stage, so the cost is read off the hull of both: it never exceeds
/// the reference's own.
public struct EqualQuality: Sendable {
    /// The share of the reference's quality that is kept.
    public var share: Double
    /// That quality.
    public var quality: Double
    /// The mean cost at which the family has it.
    public var cost: MeanInterval
    /// What the reference costs.
    public var referenceCost: Double
    /// What the cheapest random mixture of single stages of that quality costs.
    public var mixtureCost: Double
    /// The share of the reference's cost that is saved; nil where the reference costs nothing.
    public var savedOfReference: MeanInterval?
    /// The share of the mixture's cost that is saved; nil where the mixture costs nothing.
    public var savedOfMixture: MeanInterval?
    /// The share of items on which each stage is asked, `[stages]`; the reference asks itself on all.
    public var asked: [Double]
}

extension MeasuredFrontier {
    /// What it takes to keep `share` in (0, 1] of the reference's quality.
    public func equalQuality(share: Double = 1) -> EqualQuality {
        func finite(_ interval: MeanInterval) -> MeanInterval? { interval.estimate.isFinite ? interval : nil }
        let reference = reference
        let here = estimate.equal(share, to: reference)
        return EqualQuality(
            share: share, quality: here.quality, cost: interval { $0.equal(share, to: reference).cost },
            referenceCost: estimate.stages[reference].cost, mixtureCost: here.mixture,
            savedOfReference: finite(
                interval { sample in
                    1 - sample.equal(share, to: reference).cost / sample.stages[reference].cost
                }),
            savedOfMixture: finite(
                interval { sample in
                    let equal = sample.equal(share, to: reference)
                    return 1 - equal.cost / equal.mixture
                }),
            asked: asked(atQuality: here.quality))
    }

    /// The share of the cost that the policy at `point` saves over the cheapest random mixture of single stages that is
    /// as good; nil where that mixture costs nothing.
    ///
    /// Where no stage is as good, it is taken to cost as much as the best stage, which understates what is saved.
    public func savingOverMixtures(point: Int = 0) -> MeanInterval? {
        let saving = interval { sample in
            let stages = Frontier(hullOf: sample.stages)
            let point = sample.points[point]
            guard let best = stages.points.last else { return .nan }
            return 1 - point.cost / (stages.cost(atQuality: min(point.quality, best.quality)) ?? .nan)
        }
        return saving.estimate.isFinite ? saving : nil
    }

    /// Whether some single stage is as good as the policy at `point`.
    public func isMatchedByStage(point: Int = 0) -> Bool {
        stages.contains { $0.quality >= points[point].quality }
    }

    /// The shares asked at the cheapest point of the hull with `quality`.
    private func asked(atQuality quality: Double) -> [Double] {
        let singles = stages.indices.map { stage in stages.indices.map { $0 == stage ? 1.0 : 0 } }
        let all = askedShares + singles
        // The price stands for the place, so that the hull's corners can be told.
        let places = (points + stages).enumerated().map { place, point in
            FrontierPoint(price: Double(place), cost: point.cost, quality: point.quality)
        }
        let corners = Frontier(hullOf: places).points
        guard let upper = corners.firstIndex(where: { $0.quality >= quality }) else { return [] }
        let b = all[Int(corners[upper].price)]
        guard upper > 0 else { return b }
        let a = all[Int(corners[upper - 1].price)]
        let share =
            (quality - corners[upper - 1].quality) / (corners[upper].quality - corners[upper - 1].quality)
        return zip(a, b).map { $0 + share * ($1 - $0) }
    }
}

extension MeasuredFrontier.Sample {
    /// The quality that is `share` of the reference's, what the path with the stages costs at it, and what mixtures of
    /// stages cost.
    fileprivate func equal(_ share: Double, to reference: Int) -> (quality: Double, cost: Double, mixture: Double) {
        let full = stages[reference].quality
        // As GoalSolver reckons it: for negative qualities the same share of the distance would be the wrong way round.
        let quality = full - (1 - share) * abs(full)
        return (
            quality, Frontier(hullOf: points + stages).cost(atQuality: quality) ?? .nan,
            Frontier(hullOf: stages).cost(atQuality: quality) ?? .nan
        )
    }
}
