#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif
public import Cascades
import NumericalMethods

/// Tip 4: whether the log has the items to tell apart the differences that matter.
///
/// For the best stage against each other one, the half width z sd / sqrt(n) of the 95 % interval of the mean paired
/// difference in quality; and the n >= log(0.05) / log(1 - tolerance) items without one failure that certify a failure
/// rate below the tolerance.
public struct PowerCheck: LogCheck {
    public let id = "power"
    public let title = "too few items"
    public let tip = MachineLearningTip.amount

    public init() {}

    public func run(_ log: OutcomeLog, context: CheckContext) -> [Finding] {
        var findings: [Finding] = []
        let columns = CheckColumns(log: log)
        let means = log.schema.stages.indices.map { stage -> Double in
            let values = columns.qualities(stage).values
            return values.isEmpty ? -.infinity : CheckStatistics.moments(values).mean
        }
        guard let best = means.indices.max(by: { means[$0] < means[$1] }) else { return [] }
        let z = normalQuantile(0.975)
        for stage in log.schema.stages.indices where stage != best {
            let differences = (0..<log.count).compactMap { item -> Double? in
                let difference = log.quality(item: item, stage: best) - log.quality(item: item, stage: stage)
                return difference.isNaN ? nil : difference
            }
            guard differences.count > 1 else { continue }
            let deviation = CheckStatistics.moments(differences).variance.squareRoot()
            let half = z * deviation / Double(differences.count).squareRoot()
            guard half > context.tolerance else { continue }
            let needed = Int((z * deviation / context.tolerance * z * deviation / context.tolerance).rounded(.up))
            findings.append(
                Finding(
                    check: id, severity: .warning, columns: [columns.qualityName(best), columns.qualityName(stage)],
                    evidence:
                        "\(differences.count) items give the quality of '\(log.schema.stages[best].name)' less that of '\(log.schema.stages[stage].name)' to within \(CheckText.number(half)), wider than the tolerance of \(CheckText.number(context.tolerance))",
                    remedy: "Log about \(needed) items, or allow for a larger tolerance."))
        }
        let certifying = Int((naturalLog(0.05) / naturalLog(1 - context.tolerance)).rounded(.up))
        if log.count < certifying {
            findings.append(
                Finding(
                    check: id, severity: .warning, columns: [],
                    evidence:
                        "\(log.count) items can't certify a failure rate below \(CheckText.number(context.tolerance)) with 95 % confidence, even without a failure: that takes \(certifying)",
                    remedy: "Log at least \(certifying) held-out items before asking for a guarantee."))
        }
        return findings
    }
}

/// The function, where a parameter of its name hides it.
private func naturalLog(_ x: Double) -> Double { log(x) }

/// Tip 4: whether there are events enough for the numbers that a model of each stage's quality may use.
///
/// Events are the items of the rarer of right and wrong; a rule of thumb wants 10 for each number (Peduzzi et al. 1996).
public struct EventsCheck: LogCheck {
    public let id = "events"
    public let title = "items for each number"
    public let tip = MachineLearningTip.amount

    public init() {}

    public func run(_ log: OutcomeLog, context: CheckContext) -> [Finding] {
        let columns = CheckColumns(log: log)
        return log.schema.stages.indices.compactMap { stage in
            let values = columns.qualities(stage).values
            guard !values.isEmpty, let outcomes = columns.outcomes(values) else { return nil }
            let right = outcomes.count { $0 }
            let events = min(right, outcomes.count - right)
            let numbers = log.schema.context.count + log.schema.evidenceRange(of: stage).count
            guard numbers > 0, events > 0, Double(events) < context.eventsPerNumber * Double(numbers) else {
                return nil
            }
            return Finding(
                check: id, severity: .warning, columns: [columns.qualityName(stage)],
                evidence:
                    "'\(log.schema.stages[stage].name)' is \(right == events ? "right" : "wrong") on \(events) of \(outcomes.count) items, for \(numbers) numbers of context and evidence: \(CheckText.number(Double(events) / Double(numbers))) each, fewer than \(CheckText.number(context.eventsPerNumber))",
                remedy: "Use fewer numbers, a strongly regularised rule such as a threshold, or log more items.")
        }
    }
}
