import Deferral

/// Findings of the checks of a log, the worst first.
struct FindingsList {
    let findings: [Finding]

    init(_ findings: [Finding]) { self.findings = findings }

    /// What was found, without the checks that found nothing.
    var found: [Finding] {
        let order: [Finding.Severity] = [.error, .warning, .note]
        return order.flatMap { severity in findings.filter { $0.severity == severity } }
    }

    /// The titles of the checks that found nothing.
    var clean: [String] {
        let ids = findings.filter { $0.severity == .ok }.map(\.check)
        return LogChecks.all.filter { ids.contains($0.id) }.map(\.title)
    }

    /// The title of the check that made `finding`.
    func title(_ finding: Finding) -> String { LogChecks.all.first { $0.id == finding.check }?.title ?? finding.check }

    func print() {
        for finding in found {
            Output.heading("\(finding.severity.rawValue): \(title(finding))")
            Output.wrapped(finding.evidence, indent: 2)
            if !finding.remedy.isEmpty { Output.wrapped("→ \(finding.remedy)", indent: 2) }
        }
        if !found.isEmpty { Output.line() }
        func count(_ severity: Finding.Severity) -> Int { found.count { $0.severity == severity } }
        Output.wrapped(
            "Errors: \(count(.error)), warnings: \(count(.warning)), notes: \(count(.note))."
                + (clean.isEmpty ? "" : " Nothing found of: \(clean.joined(separator: ", "))."))
    }
}
