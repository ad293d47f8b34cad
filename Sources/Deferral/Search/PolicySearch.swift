import Cascades
public import NumericalMethods
import Probability

/// Tries families of policies on a log and chooses one: the main job of the engine.
///
/// 1. A part of the items is held out; no choice ever looks at it.
/// 2. Each family is learned by cross-validation on the rest; the price that meets the goal is found on items that the
///    folds held out, so a family that learns by heart gains nothing by it.
/// 3. The best family by cross-validation is kept if it beats the best single stage, or the random mixture of two that
///    meets the same goal, beyond noise: by a paired bootstrap of items, at a confidence shared out over the families
///    (Bonferroni). Otherwise the simple policy is kept, and the result says "no gain".
/// 4. Every family is measured on the held-out items, with intervals, beside the baselines: best single stage, random
///    choice at the same cost, tuned nearest neighbours and the oracle.
public struct PolicySearch: Sendable {
    /// What is asked.
    public var goal: Goal
    /// The families to try.
    public var learners: [any PolicyLearner]
    /// How items are held out.
    public var split: LogSplit.Method
    /// The share of items held out, where the log doesn't mark them.
    public var heldOutShare: Double
    /// Folds of the cross-validation.
    public var folds: Int
    /// The most items for cross-validation: more would only tell the price to more digits. The policy itself is learned
    /// on all training items.
    public var mostValidated: Int
    /// Confidence of all intervals and of the decision that there is a gain.
    public var confidence: Double
    /// The confidence at which the share of a `keep` goal is kept out of fold. At 0.5 the mean is at the share, so that
    /// new items fall short of it half the time; above, as much quality more as the noise of these items asks for. This
    /// is prudence, not a promise: that is what `guarantee` asks for.
    public var margin: Double
    /// Bootstrap replicates.
    public var replicates: Int
    /// Asks for a certificate: the loss against the reference stays within the tolerance, with this confidence.
    public var guarantee: Double?
    /// The stage whose quality is to be kept; nil is the best single stage on the training items.
    public var reference: Int?
    /// All chance comes from here.
    public var seed: UInt64
    /// Told how far the work is.
    public var progress: ProgressReporter

    /// A search.
    public init(
        goal: Goal = .keep(0.98), learners: [any PolicyLearner] = PolicyFamilies.learners,
        split: LogSplit.Method = .automatic, heldOutShare: Double = 0.3, folds: Int = 5,
        mostValidated: Int = 20_000, confidence: Double = 0.95,
        margin: Double = 0.9, replicates: Int = 1000, guarantee: Double? = nil, reference: Int? = nil, seed: UInt64 = 1,
        progress: ProgressReporter = .none
    ) {
        self.goal = goal
        self.learners = learners
        self.split = split
        self.heldOutShare = heldOutShare
        self.folds = folds
        self.mostValidated = mostValidated
        self.confidence = confidence
        self.margin = margin
        self.replicates = replicates
        self.guarantee = guarantee
        self.reference = reference
        self.seed = seed
        self.progress = progress
    }

    /// Runs the search on `log`.
    /// - Throws: ``DeferralError`` where the log is too small or no family can learn from it.
    public func run(_ log: CostedLog) throws -> SearchResult {
        guard log.stageCount > 1 else {
            throw DeferralError.unsuitableLog(
                family: "fit", reason: "the log has one stage only",
                remedy: "A policy chooses between stages; log at least two.")
        }
        let random = Random(seed: seed)
        var splitRandom = random.split(0)
        let split = try LogSplit(log.log, method: split, share: heldOutShare, using: &splitRandom)
        let least = 10 * folds
        guard split.training.count >= least, split.heldOut.count >= 20 else {
            throw DeferralError.unsuitableLog(
                family: "fit",
                reason: "the log has \(split.training.count) items to learn from and \(split.heldOut.count) held out",
                remedy: "At least \(least) and 20 are needed; hundreds, for a difference that can be told from noise.")
        }
        let training = log.subset(split.training)
        // A certificate is tested on one half of the items held out, so that the other half can still measure it.
        var kept = split.heldOut
        var calibration: CostedLog?
        if guarantee != nil {
            var halves = random.split(4_000_000)
            halves.shuffle(&kept)
            calibration = log.subset(kept.prefix(kept.count / 2).sorted())
            kept = kept.dropFirst(kept.count / 2).sorted()
        }
        let heldOut = log.subset(kept)
        let reference = reference ?? training.bestStage
        let referenceQuality = training.meanQuality[reference]
        var foldRandom = random.split(1)
        var validated = Array(0..<training.count)
        if validated.count > mostValidated {
            foldRandom.shuffle(&validated)
            validated = validated.prefix(mostValidated).sorted()
        }
        let validation = validated.count == training.count ? training : training.subset(validated)
        let folds = LogSplit.folds(validation.log, count: folds, using: &foldRandom)
        let work = progress.begin("learning \(learners.count) families", total: learners.count * (folds.count + 1))
        defer { work.finish() }

        // Under a cap every family's policies are wrapped, the simple one's too.
        func capped(_ learner: any PolicyLearner) -> any PolicyLearner {
            log.objective.cap.map { CappedLearner(base: learner, cap: $0) } ?? learner
        }
        if let obstacle = capped(SingleStageLearner()).obstacle(training) {
            throw DeferralError.unsuitableLog(
                family: "fit", reason: obstacle,
                remedy:
                    "The cheapest stage costs up to \(Number.short(training.largestCost.min() ?? 0)); raise the cap above that."
            )
        }
        var candidates: [Candidate] = []
        var obstacles: [(family: String, reason: String)] = []
        let simple = try candidate(
            capped(SingleStageLearner()), training: training, validation: validation, folds: folds,
            reference: (reference, referenceQuality),
            random: random.split(2), work: work)
        for (index, learner) in learners.map(capped).enumerated() {
            if learner.family == simple.learner.family { continue }
            if let obstacle = learner.obstacle(training) {
                obstacles.append((learner.family, obstacle))
                work.advance(by: folds.count + 1)
                continue
            }
            candidates.append(
                try candidate(
                    learner, training: training, validation: validation, folds: folds,
                    reference: (reference, referenceQuality),
                    random: random.split(3 + UInt64(index)), work: work))
        }
        let choice = FamilyChoice(
            simple: simple, candidates: candidates, goal: goal, confidence: confidence, replicates: replicates,
            random: random.split(1_000_000))
        let measurer = HeldOutMeasurer(
            log: heldOut, confidence: confidence, replicates: replicates, random: random.split(1_000_001))
        return try SearchResult(
            goal: goal, simple: simple, candidates: candidates, choice: choice, obstacles: obstacles,
            training: training,
            heldOut: heldOut, reference: reference, referenceQuality: referenceQuality, measurer: measurer,
            certification: calibration.map { ($0, guarantee ?? confidence) })
    }

    /// Learns one family and meets the goal on out-of-fold outcomes.
    private func candidate(
        _ learner: any PolicyLearner, training: CostedLog, validation log: CostedLog, folds: [[Int]],
        reference: (stage: Int, quality: Double), random: Random, work: ProgressTracker
    ) throws -> Candidate {
        let validation = try CrossValidation(
            learner, on: log, folds: folds, training: training, random: random, work: work)
        let grid = PriceGrid.coarse(for: training)
        var (mixture, points) = GoalSolver.solve(
            goal, reference: reference.quality, grid: grid, outcomes: validation.points)
        let frontier = Frontier(hullOf: points)
        var outcomes = validation.outcomes(mixture)
        if case .keep(let share) = goal, margin > 0.5 {
            let margin =
                normalQuantile(margin)
                * Self.shortfallError(outcomes.quality, share: share, reference: reference.stage, on: log)
            mixture = GoalSolver.mixture(goal, reference: reference.quality, margin: margin, on: frontier)
            outcomes = validation.outcomes(mixture)
        }
        var transferred = mixture
        if case .price = goal {} else { transferred = validation.transferred(mixture, grid: grid) }
        return Candidate(
            learner: learner, path: validation.whole!, mixture: mixture,
            policy: transferred.policy(of: validation.whole!), frontier: frontier,
            quality: outcomes.quality,
            cost: outcomes.cost)
    }

    /// The standard error of mean `quality` less `share` of the reference stage's, paired by item.
    private static func shortfallError(
        _ quality: [Double], share: Double, reference: Int, on log: CostedLog
    ) -> Double {
        let differences = quality.indices.compactMap { item -> Double? in
            let difference = quality[item] - share * log.log.quality(item: item, stage: reference)
            return difference.isNaN ? nil : difference
        }
        return differences.count > 1 ? (try? Estimate(meanOf: differences).standardError) ?? 0 : 0
    }

    /// A family with the policy that meets the goal, and what it did out of fold.
    struct Candidate: Sendable {
        let learner: any PolicyLearner
        let path: any PolicyPath
        /// Where the goal is met out of fold.
        let mixture: PriceMixture
        /// The policy, learned on all training items.
        let policy: any Policy
        /// The out-of-fold frontier.
        let frontier: Frontier
        /// Out-of-fold quality of each training item.
        let quality: [Double]
        /// Out-of-fold cost of each training item.
        let cost: [Double]
    }
}
