public import Cascades
import NumericalMethods
public import Probability

extension PostHocLearner {
    /// What this rule's estimator, learned from `training`, says the dearer of two stages would gain on each item of
    /// `log` once the cheaper one has answered, `[items]`: the number that the rule compares with the price.
    ///
    /// Of ``kinds``, the one is taken whose out-of-fold gains order the items of `training` best (largest area under
    /// the ``DeferralCurve``).
    ///
    /// - Throws: ``DeferralError`` where `training` is no log of two stages with what the rule needs.
    public func gains(learnedFrom training: CostedLog, on log: OutcomeLog, using random: inout Random) throws
        -> [Double]
    {
        guard training.stageCount == 2, training.isComplete, obstacle(training) == nil else {
            throw DeferralError.unsuitableLog(
                family: family,
                reason: obstacle(training) ?? "gains are asked of \(training.stageCount) stages, or cells are missing",
                remedy: "Give a complete log of two stages.")
        }
        let order = training.stagesByCost
        let answered = StageSet(order[0])
        func qualities(_ stage: Int) -> [Double] {
            (0..<training.count).map { training.log.quality(item: $0, stage: stage) }
        }
        let (before, after) = (qualities(order[0]), qualities(order[1]))
        var best: (model: GainModel, area: Double)?
        for kind in kinds {
            let model = try GainModel(
                training, answered: answered, target: target, kind: kind, folds: folds, using: &random)
            let area = DeferralCurve(scores: model.gains.storage, before: before, after: after).area
            if best.map({ area > $0.area }) ?? true { best = (model, area) }
        }
        let model = best!.model
        let estimates = model.estimator.estimates(for: log, answered: answered).storage
        guard let baseline = model.baseline else { return estimates }
        return zip(estimates, baseline.estimates(for: log, answered: answered).storage).map { $0 - $1 }
    }
}
