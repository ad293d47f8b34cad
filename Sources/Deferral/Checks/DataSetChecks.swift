public import Cascades

/// Tips 1 and 2: whether quality, evidence or context drift with time, so that the past is no sample of the future.
///
/// Spearman's rank correlation of each column with time, tested by its t approximation.
public struct DriftCheck: LogCheck {
    public let id = "drift"
    public let title = "drift over time"
    public let tip = MachineLearningTip.mindset

    public init() {}

    public func run(_ log: OutcomeLog, context: CheckContext) -> [Finding] {
        if log.times.isEmpty { return [] }
        return CheckColumns(log: log).described.compactMap { column in
            let items = (0..<log.count).filter { !log.times[$0].isNaN && !column.value($0).isNaN }
            let values = items.map(column.value)
            guard let (correlation, p) = CheckStatistics.spearman(items.map { log.times[$0] }, values) else {
                return nil
            }
            return Finding(
                check: id, severity: .warning, columns: [column.name],
                evidence:
                    "'\(column.name)' \(correlation < 0 ? "falls" : "rises") with time: rank correlation \(CheckText.number(correlation)) over \(items.count) items (\(CheckText.p(p)))",
                remedy: "Hold out the latest items, not random ones, and learn again as new items come.", pValue: p)
        }
    }
}

/// Tip 2: whether the splits are samples of the same items, as random splits are.
///
/// One-way analysis of variance of each column over the splits.
public struct SplitCheck: LogCheck {
    public let id = "splits"
    public let title = "splits that differ"
    public let tip = MachineLearningTip.dataSets

    public init() {}

    public func run(_ log: OutcomeLog, context: CheckContext) -> [Finding] {
        if log.splits.isEmpty { return [] }
        return CheckColumns(log: log).described.compactMap { column in
            let items = (0..<log.count).filter { log.splits.codes[$0] >= 0 && !column.value($0).isNaN }
            guard
                let (_, p) = CheckStatistics.analysisOfVariance(
                    items.map(column.value), groups: items.map { Int(log.splits.codes[$0]) })
            else { return nil }
            let means = log.splits.names.enumerated().compactMap { code, name -> String? in
                let values = items.filter { log.splits.codes[$0] == Int32(code) }.map(column.value)
                return values.isEmpty ? nil : "\(name) \(CheckText.number(CheckStatistics.moments(values).mean))"
            }
            return Finding(
                check: id, severity: .warning, columns: [column.name],
                evidence:
                    "the mean of '\(column.name)' differs between the splits: \(means.joined(separator: ", ")) (\(CheckText.p(p)))",
                remedy:
                    "Unless the splits are meant to differ, split the items at random again, by group where groups matter.",
                pValue: p)
        }
    }
}
