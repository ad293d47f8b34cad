import Catalog

/// Whether an experiment does what an experiment must: run, look at every claim, and find the same again.
struct Verification {
    let id: String
    /// The claims that were looked at, in the experiment's order.
    let verdicts: [(claim: Claim, verdict: Verdict)]
    /// What is wrong with the experiment itself; nil when nothing is.
    let fault: String?

    init(_ experiment: any Experiment, size: ExperimentSize) async {
        id = experiment.id
        var verdicts: [(claim: Claim, verdict: Verdict)] = []
        var fault: String?
        do {
            let context = ExperimentContext(size: size)
            let findings = try await experiment.run(context)
            verdicts = experiment.claims.compactMap { claim in findings.verdicts[claim.id].map { (claim, $0) } }
            let missing = experiment.claims.map(\.id).filter { findings.verdicts[$0] == nil }
            let unknown = findings.verdicts.keys.filter { id in !experiment.claims.contains { $0.id == id } }.sorted()
            if !missing.isEmpty {
                fault = "says nothing of the claims \(missing.joined(separator: ", "))"
            } else if !unknown.isEmpty {
                fault = "decides claims that it doesn't make: \(unknown.joined(separator: ", "))"
            } else if size == .quick {
                fault = Self.difference(findings, try await experiment.run(context))
            }
        } catch {
            fault = "\(error)"
        }
        self.verdicts = verdicts
        self.fault = fault
    }

    /// Where two runs differ, or nil.
    private static func difference(_ first: Findings, _ second: Findings) -> String? {
        for (a, b) in zip(first.metrics, second.metrics) {
            if a.name != b.name || a.value.bitPattern != b.value.bitPattern {
                return "two runs with one seed differ: \(a.name) is \(a.value), then \(b.value)"
            }
        }
        if first.metrics.count != second.metrics.count { return "two runs with one seed measure different things" }
        if first.verdicts != second.verdicts { return "two runs with one seed decide the claims differently" }
        return nil
    }

    var json: JSONValue {
        [
            "id": .string(id), "fault": fault.map { .string($0) } ?? .null,
            "claims": .array(
                verdicts.map {
                    [
                        "id": .string($0.claim.id), "outcome": .string($0.verdict.outcome.rawValue),
                        "measured": .string($0.verdict.measured),
                    ]
                }),
        ]
    }
}
