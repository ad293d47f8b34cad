public import Cascades

/// Tip 8: evidence that knows the outcome, as a number computed from the label would.
///
/// The area under the ROC curve of each number for each stage's right answers. The bound of Hoeffding (1963) gives the
/// probability of so large an area if it were at most ``CheckContext/leakingAUC``, taking the items of the rarer outcome
/// as the independent ones.
public struct OutcomeLeakCheck: LogCheck {
    public let id = "shortcut"
    public let title = "evidence that knows the outcome"
    public let tip = MachineLearningTip.shortcuts

    public init() {}

    public func run(_ log: OutcomeLog, context: CheckContext) -> [Finding] {
        var findings: [Finding] = []
        let columns = CheckColumns(log: log)
        let signals = columns.signals
        for stage in log.schema.stages.indices {
            let range = Array(0..<log.schema.context.count) + Array(log.schema.evidenceRange(of: stage))
            for signal in range {
                let items = columns.qualities(stage).items.filter { !signals[signal].value($0).isNaN }
                let qualities = items.map { log.quality(item: $0, stage: stage) }
                guard let outcomes = columns.outcomes(qualities),
                    let (raw, rarer) = CheckStatistics.areaUnderROC(
                        items.map(signals[signal].value), positive: outcomes)
                else { continue }
                let area = max(raw, 1 - raw)
                // Twice, since either direction counts.
                let p = min(1, 2 * CheckStatistics.hoeffding(mean: area, expectation: context.leakingAUC, count: rarer))
                findings.append(
                    Finding(
                        check: id, severity: .warning, columns: [signals[signal].name, columns.qualityName(stage)],
                        evidence:
                            "'\(signals[signal].name)' tells right from wrong answers of '\(log.schema.stages[stage].name)' with an area under the ROC curve of \(CheckText.number(area)) on \(items.count) items (\(CheckText.p(p)) for \(CheckText.number(context.leakingAUC)))",
                        remedy:
                            "Make sure that the number is known before the outcome is, and is computed the same way in use.",
                        pValue: p))
            }
        }
        return findings
    }
}

/// Tip 9: stages that cost more and are worse, which any policy should be able to explain asking.
///
/// Student's paired test, one-sided, that the dearer stage's mean quality is lower.
public struct DominatedStageCheck: LogCheck {
    public let id = "dominated"
    public let title = "stages that are dearer and worse"
    public let tip = MachineLearningTip.transparency

    public init() {}

    public func run(_ log: OutcomeLog, context: CheckContext) -> [Finding] {
        guard let (unit, costs) = CheckColumns(log: log).meanCosts else {
            return [
                Finding(
                    check: id, severity: .warning, columns: log.schema.stages.map { "\($0.name).cost" },
                    evidence: "the log has no cost, latency or operations, so that there is nothing to save",
                    remedy: "Add what each answer cost, or a price list.")
            ]
        }
        var findings: [Finding] = []
        for dear in log.schema.stages.indices {
            for cheap in log.schema.stages.indices where costs[cheap] < costs[dear] {
                let differences = (0..<log.count).compactMap { item -> Double? in
                    let difference = log.quality(item: item, stage: dear) - log.quality(item: item, stage: cheap)
                    return difference.isNaN ? nil : difference
                }
                guard differences.count >= 20 else { continue }
                let (mean, variance) = CheckStatistics.moments(differences)
                guard variance > 0 else { continue }
                let t = mean / (variance / Double(differences.count)).squareRoot()
                let tail = CheckStatistics.tTail(t, degrees: Double(differences.count - 1)) / 2
                let p = t < 0 ? tail : 1 - tail
                let (dearName, cheapName) = (log.schema.stages[dear].name, log.schema.stages[cheap].name)
                findings.append(
                    Finding(
                        check: id, severity: .note, columns: ["\(dearName).quality", "\(cheapName).quality"],
                        evidence:
                            "'\(dearName)' costs \(CheckText.number(costs[dear])) \(unit) against \(CheckText.number(costs[cheap])) for '\(cheapName)', and its mean quality is \(CheckText.number(-mean)) lower (\(CheckText.p(p)))",
                        remedy: "Leave '\(dearName)' out, unless a policy can say on which items it is better.",
                        pValue: p))
            }
        }
        return findings
    }
}
