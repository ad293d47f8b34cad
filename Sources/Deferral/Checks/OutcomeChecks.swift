public import Cascades

/// Tip 6: outcomes, groups and answers that are too rare to learn about.
///
/// Fewer items than the events that one number needs (``CheckContext/eventsPerNumber``).
public struct ImbalanceCheck: LogCheck {
    public let id = "imbalance"
    public let title = "rare outcomes, groups and answers"
    public let tip = MachineLearningTip.imbalance

    public init() {}

    public func run(_ log: OutcomeLog, context: CheckContext) -> [Finding] {
        var findings: [Finding] = []
        let columns = CheckColumns(log: log)
        for stage in log.schema.stages.indices {
            let values = columns.qualities(stage).values
            guard !values.isEmpty else { continue }
            var counts: [Double: Int] = [:]
            for value in values { counts[value, default: 0] += 1 }
            let most = counts.max { ($0.value, -$0.key) < ($1.value, -$1.key) }!
            let rest = values.count - most.value
            if Double(rest) < context.eventsPerNumber {
                findings.append(
                    Finding(
                        check: id, severity: .warning, columns: [columns.qualityName(stage)],
                        evidence:
                            "the quality of '\(log.schema.stages[stage].name)' is \(CheckText.number(most.key)) on all but \(rest) of \(values.count) items",
                        remedy:
                            "Log items on which the stage differs, or treat its quality as a constant; nothing can be learned about when it fails."
                    ))
            }
        }
        findings += rare(log.groups, "group", context)
        for (stage, answers) in log.answers.enumerated() {
            // Free text has no classes: the answers must repeat.
            guard !answers.isEmpty, answers.names.count * 10 <= log.count else { continue }
            findings += rare(answers, "\(log.schema.stages[stage].name).answer", context)
        }
        return findings
    }

    private func rare(_ column: CodedColumn, _ name: String, _ context: CheckContext) -> [Finding] {
        var counts = [Int](repeating: 0, count: column.names.count)
        for code in column.codes where code >= 0 { counts[Int(code)] += 1 }
        let rare = counts.indices.filter { counts[$0] > 0 && Double(counts[$0]) < context.eventsPerNumber }
        let present = counts.count(where: { $0 > 0 })
        if rare.isEmpty || present < 2 { return [] }
        let least = rare.min { (counts[$0], $0) < (counts[$1], $1) }!
        return [
            Finding(
                check: id, severity: .note, columns: [name],
                evidence:
                    "\(rare.count) of \(present) values of '\(name)' have fewer than \(CheckText.number(context.eventsPerNumber)) items; the rarest, '\(column.names[least])', has \(counts[least])",
                remedy: "Merge rare values, or log more of them; report results on them apart, with their intervals.")
        ]
    }
}

/// Tip 7: whether the mean quality says what is meant.
///
/// Two certain findings: stages that rank differently by the mean over items and the mean over groups; and a stage with
/// classes as answers whose mean quality doesn't exceed the share of its most frequent answer, as an accuracy of always
/// giving that answer would.
public struct MetricCheck: LogCheck {
    public let id = "metric"
    public let title = "a metric that misleads"
    public let tip = MachineLearningTip.metrics

    public init() {}

    public func run(_ log: OutcomeLog, context: CheckContext) -> [Finding] {
        majority(log) + groupOrder(log)
    }

    private func majority(_ log: OutcomeLog) -> [Finding] {
        let columns = CheckColumns(log: log)
        return log.answers.enumerated().compactMap { stage, answers in
            let (items, values) = columns.qualities(stage)
            guard !answers.isEmpty, answers.names.count > 1, answers.names.count * 10 <= log.count,
                columns.outcomes(values) != nil, !values.isEmpty
            else { return nil }
            var counts = [Int](repeating: 0, count: answers.names.count)
            for item in items where answers.codes[item] >= 0 { counts[Int(answers.codes[item])] += 1 }
            let most = counts.indices.max { (counts[$0], -$0) < (counts[$1], -$1) }!
            let share = Double(counts[most]) / Double(items.count)
            let mean = CheckStatistics.moments(values).mean
            guard mean <= share, counts.count(where: { $0 > 0 }) > 1 else { return nil }
            return Finding(
                check: id, severity: .warning,
                columns: [columns.qualityName(stage), "\(log.schema.stages[stage].name).answer"],
                evidence:
                    "'\(log.schema.stages[stage].name)' gives '\(answers.names[most])' on \(CheckText.share(share)) of items and is right on \(CheckText.share(mean)): accuracy can't tell it from always giving one answer",
                remedy:
                    "Score the rarer answers higher (balanced accuracy, F1), or weight items by the inverse share of their class."
            )
        }
    }

    private func groupOrder(_ log: OutcomeLog) -> [Finding] {
        guard log.groups.names.count > 1, log.stageCount > 1 else { return [] }
        let columns = CheckColumns(log: log)
        var byItem: [[Double]] = []
        var byGroup: [Double] = []
        for stage in log.schema.stages.indices {
            let (items, values) = columns.qualities(stage)
            guard !values.isEmpty else { return [] }
            byItem.append(values)
            var sums = [Double](repeating: 0, count: log.groups.names.count)
            var counts = sums
            for (item, value) in zip(items, values) where log.groups.codes[item] >= 0 {
                sums[Int(log.groups.codes[item])] += value
                counts[Int(log.groups.codes[item])] += 1
            }
            let means = sums.indices.filter { counts[$0] > 0 }.map { sums[$0] / counts[$0] }
            guard !means.isEmpty else { return [] }
            byGroup.append(CheckStatistics.moments(means).mean)
        }
        let means = byItem.map { CheckStatistics.moments($0).mean }
        let best = means.indices.max { means[$0] < means[$1] }!
        let bestByGroup = byGroup.indices.max { byGroup[$0] < byGroup[$1] }!
        guard byGroup[bestByGroup] > byGroup[best] else { return [] }
        let names = log.schema.stages.map(\.name)
        return [
            Finding(
                check: id, severity: .note,
                columns: ["group", columns.qualityName(best), columns.qualityName(bestByGroup)],
                evidence:
                    "over items '\(names[best])' is best (\(CheckText.number(means[best])) against \(CheckText.number(means[bestByGroup]))), over groups '\(names[bestByGroup])' (\(CheckText.number(byGroup[bestByGroup])) against \(CheckText.number(byGroup[best])))",
                remedy: "Decide whether items or groups count the same, and weight the items accordingly.")
        ]
    }
}
