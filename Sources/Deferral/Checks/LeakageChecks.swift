public import Cascades

/// Tip 5: items of one split that come again in another.
public struct SplitLeakageCheck: LogCheck {
    public let id = "leakage"
    public let title = "leakage between splits"
    public let tip = MachineLearningTip.leakage

    public init() {}

    public func run(_ log: OutcomeLog, context: CheckContext) -> [Finding] {
        if log.splits.isEmpty { return [] }
        let shared = CheckColumns(log: log).duplicates.filter { items in
            Set(items.map { log.splits.codes[$0] }.filter { $0 >= 0 }).count > 1
        }
        if shared.isEmpty { return [] }
        let names = shared[0].prefix(3).map { "'\(log.ids[$0])' in \(log.splits[$0] ?? "no split")" }
        return [
            Finding(
                check: id, severity: .error,
                columns: ["split"] + (log.inputs.isEmpty ? log.schema.signalNames : ["input"]),
                evidence:
                    "\(shared.count) \(log.inputs.isEmpty ? "rows of context and evidence" : "inputs") come in more than one split (first: \(names.joined(separator: ", ")))",
                remedy: "Put all items with the same input into one split, then learn again.")
        ]
    }
}

/// Tip 5: items of one group that are alike, so that random folds promise more than new groups will give.
///
/// One-way analysis of variance of each stage's quality over the groups; the intra-class correlation says how much alike.
public struct GroupDependenceCheck: LogCheck {
    public let id = "groups"
    public let title = "items alike within groups"
    public let tip = MachineLearningTip.leakage

    public init() {}

    public func run(_ log: OutcomeLog, context: CheckContext) -> [Finding] {
        if log.groups.isEmpty { return [] }
        let columns = CheckColumns(log: log)
        var splitsOfGroup: [Int32: Set<Int32>] = [:]
        if !log.splits.isEmpty {
            for item in 0..<log.count where log.groups.codes[item] >= 0 && log.splits.codes[item] >= 0 {
                splitsOfGroup[log.groups.codes[item], default: []].insert(log.splits.codes[item])
            }
        }
        let spanning = splitsOfGroup.values.count { $0.count > 1 }
        return log.schema.stages.indices.compactMap { stage in
            let items = columns.qualities(stage).items.filter { log.groups.codes[$0] >= 0 }
            guard
                let (intraClass, p) = CheckStatistics.analysisOfVariance(
                    items.map { log.quality(item: $0, stage: stage) }, groups: items.map { Int(log.groups.codes[$0]) })
            else { return nil }
            return Finding(
                check: id, severity: spanning > 0 ? .warning : .note, columns: ["group", columns.qualityName(stage)],
                evidence:
                    "the quality of '\(log.schema.stages[stage].name)' depends on the group: intra-class correlation \(CheckText.number(intraClass)) (\(CheckText.p(p)))"
                    + (spanning > 0 ? ", and \(spanning) groups come in more than one split" : ""),
                remedy: "If new groups are to come, hold out whole groups; if not, keep the group as context.",
                pValue: p)
        }
    }
}
