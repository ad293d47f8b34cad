import Cascades
import Deferral
import Probability

/// What the sections of a report are about: a search, a policy, and the items that it is judged on.
struct ReportContext {
    /// What the policy is called that the search chose.
    static let chosenName = "the chosen policy"

    let fit: Fit
    let policy: any Policy
    let file: PolicyFile
    let policyName: String
    let family: String
    /// The items that the policy is judged on, columns in the policy's order.
    let log: CostedLog
    let itemsNote: String
    /// What the policy does on them.
    let use: StageUse
    let outcomes: ReplayedOutcomes
    /// The stage that all is compared with.
    let reference: Int
    let referenceOutcomes: ReplayedOutcomes
    /// The items that families were learned from: frontiers are drawn on these, out of fold.
    let training: CostedLog
    /// The chosen family and those with the largest areas under their frontiers: the rows that are drawn.
    let shown: [SearchResult.Row]
    /// Their frontiers on the held-out items.
    let frontiers: [FrontierTables]

    init(fit: Fit, policy named: NamedPolicy) throws {
        let whole = fit.log.log
        let files = [named.file].compactMap { $0 }
        let items = try JudgedItems(whole, for: files, all: false)
        let (log, policy) = try named.prepared(on: items.log, objective: fit.log.objective)
        self.fit = fit
        self.policy = policy
        self.log = log
        file = named.file ?? fit.policyFile
        policyName = named.name
        family = file.family
        itemsNote = items.note
        use = StageUse(policy, on: log)
        outcomes = Replay.outcomes(of: policy, on: log)
        guard outcomes.replayed > 1 else {
            throw DeferralError.unsuitableLog(
                family: "report", reason: "the log lacks the answers that the policy asks for",
                remedy: "Give a log with more answers of the same stages.")
        }
        reference = try log.log.schema.stage(named: fit.stages[fit.result.reference])
        referenceOutcomes = Replay.outcomes(of: SingleStagePolicy(stage: reference), on: log)
        let learned = LearnedItems(
            log: whole, split: fit.search.split, share: fit.search.heldOutShare, seed: fit.search.seed,
            isCertified: false)
        let heldOut = Set(try learned.heldOut(of: whole) ?? [])
        training = fit.log.subset((0..<whole.count).filter { !heldOut.contains($0) })
        shown = Self.shown(fit, training)
        frontiers = try shown.compactMap { try fit.frontier(of: $0) }
    }

    /// How many families are drawn; the rest would hide them.
    private static let limit = 5

    private static func shown(_ fit: Fit, _ training: CostedLog) -> [SearchResult.Row] {
        let rows = fit.result.rows.filter { $0.kind == .family && $0.frontier != nil && $0.name != "single-stage" }
        let start = rows.compactMap { $0.frontier?.points.first?.cost }.max() ?? 0
        let end = max(training.meanCost.max() ?? 0, start * 1.000001)
        func area(_ row: SearchResult.Row) -> Double {
            if row.name == fit.result.chosen { return .infinity }
            let area = row.frontier.map { FrontierArea.meanQuality($0, from: start, to: end) } ?? .nan
            return area.isNaN ? -.infinity : area
        }
        let ranked = rows.map { ($0, area($0)) }.sorted { ($1.1, $0.0.name) < ($0.1, $1.0.name) }
        return ranked.prefix(limit).map(\.0)
    }

    /// The names of the stages in the policy's order.
    var stages: [String] { log.log.schema.stages.map(\.name) }
    var unit: CostUnit { fit.unit }

    /// An interval of a mean over the judged items.
    func interval(_ values: [Double]) -> MeanInterval {
        MeanInterval(
            of: values, weights: outcomes.weights, confidence: fit.search.confidence, replicates: fit.search.replicates,
            random: Random(seed: fit.search.seed))
    }

    /// The groups of the judged items with the items of each, the largest first; all items together where there are none.
    func groups(limit: Int) -> [(name: String, items: [Int])] {
        let all = (name: "all", items: Array(0..<log.count))
        guard !log.log.groups.isEmpty else { return [all] }
        var items = [[Int]](repeating: [], count: log.log.groups.names.count)
        for (item, code) in log.log.groups.codes.enumerated() where code >= 0 { items[Int(code)].append(item) }
        let groups = zip(log.log.groups.names, items).map { (name: $0, items: $1) }.filter { !$0.items.isEmpty }
            .sorted { ($1.items.count, $0.name) < ($0.items.count, $1.name) }
        return [all] + groups.prefix(limit)
    }
}
