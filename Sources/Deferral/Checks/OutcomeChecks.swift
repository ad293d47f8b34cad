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
/// Two certain findings: stages that rank differently by the mean over items and the mean over groups; and stages that are
/// right no more often than a constant answer would be, where answers are classes of which some are rare.
public struct MetricCheck: LogCheck {
    public let id = "metric"
    public let title = "a metric that misleads"
    public let tip = MachineLearningTip.metrics

    public init() {}

    public func run(_ log: OutcomeLog, context: CheckContext) -> [Finding] {
        constantAnswer(log) + groupOrder(log)
    }

    /// One finding for all stages that the most frequent right answer, given always, would match.
    ///
    /// Right answers are known from the stages that gave them. Nothing is said where they are no classes: where an item
    /// has two (free text), where they hardly repeat, or where there is only one of them (answers coded right and wrong).
    private func constantAnswer(_ log: OutcomeLog) -> [Finding] {
        guard let constant = RightAnswers(log)?.mostFrequent else { return [] }
        let columns = CheckColumns(log: log)
        let means = log.schema.stages.indices.map { CheckStatistics.moments(columns.qualities($0).values).mean }
        // Equal up to rounding counts as equal.
        let matched = means.indices.filter { means[$0] <= constant.share + 1e-12 }
        guard !matched.isEmpty else { return [] }
        let best = means.indices.filter { !means[$0].isNaN }.max { means[$0] < means[$1] }
        let names = matched.map { "'\(log.schema.stages[$0].name)' (\(CheckText.share(means[$0])))" }
        return [
            Finding(
                check: id, severity: best.map(matched.contains) ?? false ? .warning : .note,
                columns: matched.flatMap { [columns.qualityName($0), "\(log.schema.stages[$0].name).answer"] },
                evidence:
                    "always answering '\(constant.answer)' would be right on \(CheckText.share(constant.share)) of items or more; \(names.joined(separator: ", ")) \(matched.count == 1 ? "is" : "are") right no more often",
                remedy:
                    "If the rarer answers matter, score them higher (balanced accuracy, F1, or weights by the inverse share of their class). If not, a constant answer does as well and costs nothing."
            )
        ]
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

/// The right answer of each item, as far as some stage gave it.
private struct RightAnswers {
    /// Items by right answer.
    private var counts: [String: Int] = [:]
    private let items: Int

    /// Nil where right answers are not known, not one an item, or hardly ever the same.
    init?(_ log: OutcomeLog) {
        items = log.count
        let stages = log.answers.indices.filter { !log.answers[$0].isEmpty }
        guard !stages.isEmpty else { return nil }
        for item in 0..<log.count {
            var right: String?
            for stage in stages {
                let quality = log.quality(item: item, stage: stage)
                if quality.isNaN || quality == 0 { continue }
                guard quality == 1 else { return nil }
                guard let answer = log.answers[stage][item] else { continue }
                if let right, right != answer { return nil }
                right = answer
            }
            if let right { counts[right, default: 0] += 1 }
        }
        if counts.count < 2 || counts.count * 10 > log.count { return nil }
    }

    /// The most frequent one, and the share of all items on which it is known to be right.
    var mostFrequent: (answer: String, share: Double)? {
        counts.max { ($0.value, $1.key) < ($1.value, $0.key) }.map { ($0.key, Double($0.value) / Double(items)) }
    }
}
