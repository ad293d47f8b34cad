public import Cascades
import Probability

/// What a search found: the policy it chose, why, and what every family did on held-out items.
public struct SearchResult: Sendable {
    /// One row of the table: a family or a baseline.
    public struct Row: Sendable {
        /// The family, or the baseline's name.
        public var name: String
        /// What kind of row it is.
        public var kind: Kind
        /// The policy; nil for the oracle, which no one can follow.
        public var policy: (any Policy)?
        /// What it did on the held-out items.
        public var measurement: Measurement
        /// The out-of-fold frontier on the training items; nil for baselines.
        public var frontier: Frontier?
        /// The family at every price, learned on the training items; nil for baselines.
        public var path: (any PolicyPath)?
        /// Whether the goal was met out of fold.
        public var isReached: Bool
    }

    /// What kind of row it is.
    public enum Kind: String, Sendable, Codable {
        /// A learned family.
        case family
        /// Something to compare with.
        case baseline
    }

    /// What was asked.
    public let goal: Goal
    /// The rows: baselines, then families in the order tried.
    public let rows: [Row]
    /// The chosen row's name.
    public let chosen: String
    /// The policy to use.
    public let policy: any Policy
    /// Why it was chosen.
    public let reason: ChoiceReason
    /// Why it was chosen, in sentences.
    public var why: String { reason.sentence }
    /// Whether a family beat the simple policy beyond noise.
    public let hasGain: Bool
    /// Families that could not learn from this log, with the reason.
    public let obstacles: [(family: String, reason: String)]
    /// How many items were learned from.
    public let trainingCount: Int
    /// How many were held out.
    public let heldOutCount: Int
    /// The stage whose quality is the reference.
    public let reference: Int
    /// The items that rows were measured on.
    public let heldOut: CostedLog
    /// The certificate, where one was asked for.
    public let certificate: Certificate?

    init(
        goal: Goal, simple: PolicySearch.Candidate, candidates: [PolicySearch.Candidate], choice: FamilyChoice,
        obstacles: [(family: String, reason: String)], training: CostedLog, heldOut: CostedLog, reference: Int,
        referenceQuality: Double, measurer: HeldOutMeasurer,
        certification: (calibration: CostedLog, confidence: Double)?
    ) throws {
        self.goal = goal
        self.obstacles = obstacles
        self.reference = reference
        trainingCount = training.count
        heldOutCount = heldOut.count
        self.heldOut = heldOut
        let simpleOutcomes = Replay.outcomes(of: simple.policy, on: heldOut)
        var rows: [Row] = []
        let names = heldOut.log.schema.stages.map(\.name)
        let best = training.bestStage
        rows.append(
            Row(
                name: "best single: \(names[best])", kind: .baseline, policy: SingleStagePolicy(stage: best),
                measurement: measurer.measure(SingleStagePolicy(stage: best), against: simpleOutcomes), isReached: true)
        )
        for candidate in [simple] + candidates {
            rows.append(
                Row(
                    name: candidate.learner.family, kind: .family, policy: candidate.policy,
                    measurement: measurer.measure(candidate.policy, against: simpleOutcomes),
                    frontier: candidate.frontier, path: candidate.path,
                    isReached: candidate.mixture.isReached))
        }
        let picked = choice.index.map { candidates[$0] } ?? simple
        // Random choice between the cheapest and the best stage, at the cost of the chosen policy.
        let pickedCost = rows.first { $0.name == picked.learner.family }!.measurement.cost.estimate
        if let random = Self.randomChoice(training, atCost: pickedCost) {
            rows.insert(
                Row(
                    name: "random at that cost", kind: .baseline, policy: random,
                    measurement: measurer.measure(random, against: simpleOutcomes), isReached: true), at: 1)
        }
        rows.insert(
            Row(
                name: "oracle", kind: .baseline, policy: nil,
                measurement: measurer.measure(
                    Self.oracle(goal, on: heldOut, referenceQuality: referenceQuality), against: simpleOutcomes),
                isReached: true), at: rows.firstIndex { $0.kind == .family } ?? rows.count)
        chosen = picked.learner.family
        hasGain = choice.index != nil
        reason = ChoiceReason(
            goal: goal, choice: choice, simple: simple, candidates: candidates, reference: names[reference])
        certificate = try certification.map {
            try Certificate.certify(
                picked.path, training: training, calibration: $0.calibration, reference: reference, goal: goal,
                confidence: $0.confidence)
        }
        // What can't be certified is not used: the reference keeps its own quality for certain.
        policy = certificate.map { $0.policy ?? SingleStagePolicy(stage: reference) } ?? picked.policy
        if certificate != nil {
            rows.append(
                Row(
                    name: "certified \(chosen)", kind: .family, policy: policy,
                    measurement: measurer.measure(policy, against: simpleOutcomes),
                    isReached: certificate?.policy != nil))
        }
        self.rows = rows
    }

    /// What a clairvoyant would do who meets the goal: the bound of all rules that ask one stage.
    private static func oracle(_ goal: Goal, on log: CostedLog, referenceQuality: Double) -> ReplayedOutcomes {
        let mixture = GoalSolver.solve(goal, reference: referenceQuality, grid: PriceGrid.coarse(for: log)) {
            OracleRule.sweep(log, prices: $0)
        }.mixture
        return ReplayedOutcomes.mixed(
            zip(mixture.weights, mixture.prices).map {
                (weight: $0, outcomes: ReplayedOutcomes(choices: OracleRule.choices(log, price: $1), on: log))
            })
    }

    /// The mixture of the cheapest and the best stage whose mean cost is `cost`.
    private static func randomChoice(_ log: CostedLog, atCost cost: Double) -> (any Policy)? {
        let best = log.bestStage
        guard let cheapest = log.stagesByCost.first, cheapest != best, log.meanCost[best] > log.meanCost[cheapest]
        else {
            return nil
        }
        let share = (cost - log.meanCost[cheapest]) / (log.meanCost[best] - log.meanCost[cheapest])
        let clamped = min(max(share, 0), 1)
        return MixturePolicy([
            MixturePolicy.Component(weight: 1 - clamped, policy: SingleStagePolicy(stage: cheapest)),
            MixturePolicy.Component(weight: clamped, policy: SingleStagePolicy(stage: best)),
        ])
    }
}
