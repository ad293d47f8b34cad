import Cascades
public import NumericalMethods
public import Probability

extension MeasuredFrontier {
    /// The frontier of a family on all items of `log`, each by a policy that was learned without its fold.
    ///
    /// - Parameters:
    ///   - learner: the family.
    ///   - log: the items to learn from and measure on.
    ///   - reference: the stage that savings are reckoned against; nil is the best single stage.
    ///   - folds: how many; items with the same input text share one.
    ///   - mostItems: of more items this many are drawn at random.
    ///   - progress: told how far the work is.
    /// - Throws: ``DeferralError`` where the family can't learn from the log or it has too few items.
    public init(
        crossValidating learner: any PolicyLearner, on log: CostedLog, reference: Int? = nil, folds: Int = 5,
        mostItems: Int = 20_000, confidence: Double = 0.95, replicates: Int = 1000, random: Random,
        progress: ProgressReporter = .none
    ) throws {
        let log = Self.sampled(log, most: mostItems, random: random.split(0))
        guard log.stageCount > 1 else {
            throw DeferralError.unsuitableLog(
                family: learner.family, reason: "the log has one stage only",
                remedy: "A policy chooses between stages; log at least two.")
        }
        guard log.count >= 10 * folds else {
            throw DeferralError.unsuitableLog(
                family: learner.family, reason: "the log has \(log.count) items for \(folds) folds",
                remedy: "At least \(10 * folds) are needed; hundreds, for a difference that can be told from noise.")
        }
        if let obstacle = learner.obstacle(log) {
            throw DeferralError.unsuitableLog(
                family: learner.family, reason: obstacle,
                remedy: "Add what it needs to the log, or name another family.")
        }
        var foldRandom = random.split(2)
        let folds = LogSplit.folds(log.log, count: folds, using: &foldRandom)
        let work = progress.begin("learning \(learner.family)", total: folds.count)
        defer { work.finish() }
        let validation = try CrossValidation(learner, on: log, folds: folds, random: random.split(3), work: work)
        try self.init(
            runs: Self.prices(for: log).map { validation.run(price: $0, stages: log.stageCount) }, on: log,
            reference: reference, confidence: confidence, replicates: replicates, random: random.split(1))
    }
}

extension CrossValidation {
    /// What each item's policy at `price` did with it.
    fileprivate func run(price: Double, stages: Int) -> MeasuredFrontier.Run {
        var whole = MeasuredFrontier.Run(price: price, items: count, stages: stages)
        for fold in folds.indices {
            let outcomes = Replay.outcomes(of: paths[fold].policy(price: price), on: logs[fold])
            whole.insert(outcomes, at: folds[fold])
        }
        return whole
    }
}

extension MeasuredFrontier.Run {
    /// Nothing known yet of `items` items.
    fileprivate init(price: Double, items: Int, stages: Int) {
        self.price = price
        quality = [Double](repeating: .nan, count: items)
        cost = [Double](repeating: 0, count: items)
        weights = [Double](repeating: 1, count: items)
        askedShare = [Double](repeating: 0, count: stages)
        asked = [StageSet](repeating: StageSet(), count: items)
    }

    /// Fills in one fold. A mixture leaves open which stages an item asked; then only shares are known.
    fileprivate mutating func insert(_ outcomes: ReplayedOutcomes, at items: [Int]) {
        for (place, item) in items.enumerated() {
            quality[item] = outcomes.quality[place]
            cost[item] = outcomes.cost[place]
            if !outcomes.weights.isEmpty { weights[item] = outcomes.weights[place] }
            if !outcomes.asked.isEmpty, !asked.isEmpty { asked[item] = outcomes.asked[place] }
        }
        if outcomes.asked.isEmpty { asked = [] }
        let part = Double(items.count) / Double(quality.count)
        for stage in askedShare.indices { askedShare[stage] += part * outcomes.askedShare[stage] }
    }
}
