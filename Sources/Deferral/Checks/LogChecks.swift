public import Cascades
import NumericalMethods

/// All checks of logs.
public enum LogChecks {
    /// The checks, in the order of their tips.
    public static let all: [any LogCheck] = [
        DriftCheck(), SplitCheck(), MissingOutcomesCheck(), SignalQualityCheck(), LabelNoiseCheck(), DuplicateCheck(),
        PowerCheck(), EventsCheck(), SplitLeakageCheck(), GroupDependenceCheck(), ImbalanceCheck(), MetricCheck(),
        OutcomeLeakCheck(), DominatedStageCheck(),
    ]

    /// Runs all checks.
    ///
    /// Statistical findings are kept by Holm's step-down procedure (1979, "A simple sequentially rejective multiple test
    /// procedure") over all tests of all checks, so that a log without defects gets any of them with probability at most
    /// ``CheckContext/errorRate``. A check that found nothing gives one finding of severity ``Finding/Severity/ok``.
    public static func run(_ log: OutcomeLog, context: CheckContext = CheckContext()) -> [Finding] {
        let results = Parallel.map(count: all.count) { all[$0].run(log, context: context) }
        let tests = results.joined().compactMap(\.pValue).sorted()
        // The largest p-value that Holm's procedure rejects.
        var threshold = -1.0
        for (rank, p) in tests.enumerated() {
            if p > context.errorRate / Double(tests.count - rank) { break }
            threshold = p
        }
        var findings: [Finding] = []
        for (check, result) in zip(all, results) {
            let kept = result.filter { $0.pValue.map { $0 <= threshold } ?? true }
            findings += kept
            if kept.isEmpty {
                let count = result.count { $0.pValue != nil }
                findings.append(
                    Finding(
                        check: check.id, severity: .ok,
                        evidence: count == 0
                            ? "nothing found" : "nothing found in \(count) test\(count == 1 ? "" : "s")", remedy: ""))
            }
        }
        return findings
    }
}
