import Cascades
import Deferral
import Foundation
import Probability

/// What one virtual model learns from its requests and from what is said of them: a state machine that is told what happened
/// and says what is to be done. It has no clock, does nothing by itself, and draws its chance from a seed.
///
/// - A judged request counts once for the tests: what is said first of the answer that was given. Across gateways that is the
///   store's to say (``Learning``).
/// - Quality counts from 0 to 1; what is beyond counts as the nearer end.
struct ModelLearning: Sendable {
    /// A request of which feedback may yet come.
    private struct Pending: Sendable {
        var version: String
        var part: ModelPolicies.Part
        var canaryShares: [String: Double]
        var answered: Int?
        var isJudged = false
    }

    private(set) var settings: LearningSettings
    private(set) var policies: ModelPolicies
    private(set) var scores: [String: VersionScore] = [:]
    private(set) var trials: [String: CanaryTrial] = [:]
    private(set) var rows: ExploredRows
    /// By the signal's name; `quality` for that of answers.
    private(set) var drifts: [String: DriftDetector] = [:]
    /// The versions that are in use.
    private var live: Set<String> = []
    /// Of the signals, which are worked out once.
    private var names: [String] = []
    /// Of each stage's answers to explored requests.
    private var stageMeans: [RunningMean]
    private var pending: RecentMap<Pending>
    /// Versions about which something was said already, so that it is said once.
    private var settled: Set<String> = []
    private var learnedAt = 0
    private var judgedRows = 0
    private var random: Random

    /// - Parameter remembers: requests that feedback is waited for.
    init(_ policies: ModelPolicies, _ settings: LearningSettings, remembers: Int = 20_000, seed: UInt64) {
        self.policies = policies
        self.settings = settings
        rows = ExploredRows(schema: policies.schema)
        stageMeans = [RunningMean](repeating: RunningMean(), count: policies.schema.stages.count)
        pending = RecentMap(capacity: remembers)
        random = Random(seed: seed)
        begin()
    }

    /// Other versions are in force from now on.
    mutating func renew(_ policies: ModelPolicies, _ settings: LearningSettings) {
        let before = self.policies
        self.policies = policies
        if settings.floor != self.settings.floor {
            for name in scores.keys { scores[name]?.forgetFloor() }
            settled = []
        }
        self.settings = settings
        if before.schema != policies.schema {
            rows = ExploredRows(schema: policies.schema)
            stageMeans = [RunningMean](repeating: RunningMean(), count: policies.schema.stages.count)
            judgedRows = 0
            learnedAt = 0
        }
        if before.active.name != policies.active.name {
            // Another policy asks other stages of other requests, so that numbers change without a drift; and a trial was
            // against the one that is gone.
            drifts = [:]
            trials = [:]
            settled.remove(policies.active.name)
        }
        begin()
    }

    private mutating func begin() {
        names = policies.schema.signalNames
        live = Set(policies.versions.map(\.name))
        scores = scores.filter { live.contains($0.key) }
        trials = trials.filter { trial in
            trial.value.settings == settings.trial
                && policies.acting.contains { $0.part == .canary && $0.name == trial.key }
        }
        for one in policies.acting where one.part == .canary && trials[one.name] == nil {
            trials[one.name] = CanaryTrial(settings.trial)
            settled.remove(one.name)
        }
    }

    /// A request has ended.
    mutating func ran(_ run: LearnedRun) -> [LearningAction] {
        pending.insert(
            run.id,
            Pending(
                version: run.version, part: run.part, canaryShares: run.canaryShares, answered: run.answered,
                // Where something failed, the answer is not what the version decided, and no test counts it.
                isJudged: !run.isRegular))
        if run.part != .exploring, live.contains(run.version) {
            scores[run.version, default: VersionScore()].ran(money: run.money, deferred: run.choices.count > 1)
        }
        for shadow in policies.shadows where run.isRegular && run.part == .active {
            let replay = PolicyReplay(
                shadow.rule, context: run.context, group: run.group, coin: random.uniform(), choices: run.choices)
            let asked = StageSet(run.choices.map(\.stage))
            scores[shadow.name, default: VersionScore()].watched(
                agrees: !replay.isOpen && replay.asked == asked && replay.answer == run.answered)
        }
        if run.part == .exploring, let row = row(run) { rows.add(row) }
        guard run.part == .active, run.isRegular, let drift = settings.drift else { return [] }
        var actions: [LearningAction] = []
        for (index, value) in run.context.enumerated() {
            note(value, of: names[index], drift, .evidenceDrift, &actions)
        }
        for choice in run.choices where choice.failure == nil {
            for (index, value) in choice.evidence.enumerated() {
                let signal = policies.schema.evidenceOffsets[choice.stage] + index
                guard signal < policies.schema.evidenceOffsets[choice.stage + 1] else { break }
                note(value, of: names[signal], drift, .evidenceDrift, &actions)
            }
        }
        return actions
    }

    /// Whether a verdict counts for the tests as far as is known here: the first on the answer that was given to a request that
    /// one version decided.
    func counts(_ id: String, stage: Int?, quality: Double, source: String) -> Bool {
        guard quality.isFinite, settings.sources?.contains(source) ?? true, let known = pending[id] else {
            return false
        }
        return known.part != .exploring && (stage == nil || stage == known.answered) && !known.isJudged
    }

    /// Somebody said how good the answer to `id` was: that of `stage`, or the one that was given where it is nil.
    mutating func judged(_ id: String, stage: Int?, quality: Double, source: String) -> [LearningAction] {
        guard quality.isFinite, settings.sources?.contains(source) ?? true else { return [] }
        let quality = min(max(quality, 0), 1)
        guard let known = pending[id] else { return [] }
        var actions: [LearningAction] = []
        if known.part == .exploring {
            explored(id, stage: stage, quality: quality, &actions)
            return actions
        }
        guard counts(id, stage: stage, quality: quality, source: source) else { return [] }
        pending.update(id) { $0.isJudged = true }
        // Late words on a version that is out of use change nothing.
        guard live.contains(known.version) else { return [] }
        scores[known.version, default: VersionScore()].judged(quality, floor: settings.floor)
        if known.part == .active, known.version == policies.active.name, let drift = settings.drift {
            note(quality, of: "quality", drift, .qualityDrift, &actions)
        }
        for name in Array(trials.keys) {
            guard let share = known.canaryShares[name], known.version == name || known.part == .active else { continue }
            trials[name]?.note(quality, isCanary: known.version == name, share: share)
        }
        decide(&actions)
        return actions
    }

    /// Whether feedback on request `id` can be placed.
    func remembers(_ id: String) -> Bool { pending[id] != nil }

    /// Remembers a request that was decided by `version` elsewhere.
    mutating func recall(_ id: String, version: String, answered: Int?) {
        if pending[id] != nil { return }
        let part = policies.acting.first { $0.name == version }?.part ?? .active
        pending.insert(id, Pending(version: version, part: part, canaryShares: [:], answered: answered))
    }

    /// What the tests have come to.
    var tests: TestState {
        TestState(active: policies.active.name, floor: settings.floor, scores: scores, trials: trials)
    }

    /// Goes on where `tests` ended, in place of its own. Of versions that are out of use, of another floor, or of a trial with
    /// other terms or against another version nothing is taken over.
    mutating func resume(_ tests: TestState) {
        for (name, score) in tests.scores where live.contains(name) {
            scores[name] = score
            if tests.floor != settings.floor { scores[name]?.forgetFloor() }
        }
        guard tests.active == policies.active.name else { return }
        for (name, trial) in tests.trials where trials[name] != nil && trial.settings == settings.trial {
            trials[name] = trial
        }
    }

    /// Takes in explored requests of before, the oldest first. They are learned from, and no test counts them.
    mutating func restore(_ restored: [ExploredRow]) {
        let now = rows.rows
        rows = ExploredRows(schema: policies.schema)
        let ids = Set(now.map(\.id))
        for row in restored where !ids.contains(row.id) {
            rows.add(row)
            guard row.isJudged else { continue }
            judgedRows += 1
            learnedAt += 1
            noteMeans(row)
        }
        for row in now { rows.add(row) }
    }

    private mutating func noteMeans(_ row: ExploredRow) {
        for (stage, quality) in row.quality.enumerated() where !quality.isNaN {
            if row.isComplete || stage == row.answered { stageMeans[stage].add(quality) }
        }
    }

    /// The estimate of each stage's mean quality from explored requests.
    var stageQualities: [Double] { stageMeans.map(\.mean) }

    // MARK: - Inside

    private mutating func explored(
        _ id: String, stage: Int?, quality: Double, _ actions: inout [LearningAction]
    ) {
        let wasJudged = rows.row(id)?.isJudged ?? true
        guard let row = rows.judge(id, stage: stage, quality: quality) else { return }
        // A row counts once, when its own answer is judged; those of the other stages come first where all are judged.
        guard !wasJudged, row.isJudged else { return }
        judgedRows += 1
        let means = stageMeans.map(\.smoothed)
        let bound = row.isComplete ? 1 : Double(row.quality.count)
        let choices = self.choices(row)
        var answers: [String: (value: Double, answer: Int)] = [:]
        var rules: [(String, PolicyRule)] = []
        for one in policies.acting where one.part != .exploring { rules.append((one.name, one.rule)) }
        for one in policies.shadows { rules.append((one.name, one.rule)) }
        for (name, rule) in rules {
            let replay = PolicyReplay(
                rule, context: row.context, group: row.group, coin: random.uniform(), choices: choices)
            guard let answer = replay.answer else { continue }
            let value = row.value(of: answer, mean: means)
            let cost = replay.asked.reduce(0) { $0 + rule.weights.scalar(row.costs[$1]) }
            scores[name, default: VersionScore()].explored(quality: value, cost: cost)
            answers[name] = (value, answer)
        }
        if let active = answers[policies.active.name] {
            for name in Array(trials.keys) {
                guard let canary = answers[name] else { continue }
                trials[name]?.note(
                    canary: canary.value, active: active.value, agree: canary.answer == active.answer, bound: bound)
            }
        }
        noteMeans(row)
        decide(&actions)
        if let learner = settings.learner, judgedRows - learnedAt >= learner.every, trials.isEmpty {
            learnedAt = judgedRows
            actions.append(.learn)
        }
    }

    /// What the tests have come to.
    private mutating func decide(_ actions: inout [LearningAction]) {
        if let floor = settings.floor {
            for one in policies.acting where one.part != .exploring && !settled.contains(one.name) {
                guard let score = scores[one.name], score.breaks(floor) else { continue }
                settled.insert(one.name)
                let reason =
                    "mean quality is below \(number(floor.quality)) (\(number(score.quality.mean)) over \(score.quality.count) judged requests), at confidence \(number(floor.confidence))"
                actions.append(.alarm(.floorBroken, text: "\(one.name): \(reason)"))
                actions.append(.rollBack(version: one.name, reason: reason))
            }
        }
        for (name, trial) in trials.sorted(by: { $0.key < $1.key }) where !settled.contains(name) {
            switch trial.verdict {
            case .open: continue
            case .worse:
                settled.insert(name)
                let reason =
                    "on trial it keeps less than \(number(trial.settings.keep)) of the quality of \(policies.active.name), at confidence \(number(trial.settings.confidence))"
                actions.append(.alarm(.trialLost, text: "\(name): \(reason)"))
                actions.append(.rollBack(version: name, reason: reason))
            case .keeps:
                settled.insert(name)
                let reason =
                    "on trial it kept \(number(trial.settings.keep)) of the quality of \(policies.active.name), at confidence \(number(trial.settings.confidence))"
                actions.append(.alarm(.trialWon, text: "\(name): \(reason)"))
                actions.append(.promote(version: name, reason: reason))
            }
        }
    }

    private mutating func note(
        _ value: Double, of name: String, _ drift: LearningSettings.Drift, _ kind: LearningAlarm.Kind,
        _ actions: inout [LearningAction]
    ) {
        let tie = random.uniform()
        let change = drifts[
            name, default: DriftDetector(reference: drift.reference, every: drift.every)
        ].observe(value, tie: tie)
        guard let change else { return }
        actions.append(.alarm(kind, text: "\(name) is \(word(change)) it was"))
    }

    private func row(_ run: LearnedRun) -> ExploredRow? {
        let stages = policies.schema.stages
        guard run.isRegular, let answered = run.answered else { return nil }
        var evidence: [Double] = []
        var costs: [Cost] = []
        for stage in stages.indices {
            guard let choice = run.choices.first(where: { $0.stage == stage && $0.failure == nil }),
                choice.evidence.count == stages[stage].evidence.count
            else { return nil }
            evidence += choice.evidence
            costs.append(choice.cost)
        }
        return ExploredRow(
            id: run.id, time: run.time, context: run.context, group: run.group, evidence: evidence, costs: costs,
            answered: answered, quality: [Double](repeating: .nan, count: stages.count))
    }

    private func choices(_ row: ExploredRow) -> [RequestRecord.Choice] {
        let schema = policies.schema
        let start = schema.context.count
        return schema.stages.indices.map { stage in
            let range = schema.evidenceRange(of: stage)
            return RequestRecord.Choice(
                stage: stage, name: schema.stages[stage].name,
                evidence: Array(row.evidence[range.lowerBound - start..<range.upperBound - start]),
                cost: row.costs[stage], start: 0)
        }
    }

    private func word(_ change: DriftDetector.Change) -> String {
        switch change {
        case .up: "larger than"
        case .down: "smaller than"
        case .wider: "more spread than"
        case .narrower: "less spread than"
        }
    }

    private func number(_ value: Double) -> String { JSONText.number((value * 1000).rounded() / 1000) }
}
