import Catalog
import Reports

/// What a run of an experiment found, as text, JSON and a page.
struct FindingsText {
    let experiment: any Experiment
    let findings: Findings
    let size: ExperimentSize
    let seed: UInt64

    /// The claims with their verdicts; a claim that the run forgot is said to be open.
    private var verdicts: [(claim: Claim, verdict: Verdict?)] {
        experiment.claims.map { ($0, findings.verdicts[$0.id]) }
    }

    private static func style(_ outcome: Verdict.Outcome?) -> TextTable.RowStyle {
        switch outcome {
        case .held: .good
        case .failed: .warning
        default: .plain
        }
    }

    /// One row a claim.
    var claimTable: TextTable {
        var table = TextTable(columns: ["claim", "verdict", "measured"])
        for (claim, verdict) in verdicts {
            table.add(
                [
                    .text(claim.sentence), .text(verdict?.outcome.rawValue ?? "not looked at"),
                    .text(verdict?.measured ?? ""),
                ],
                style: Self.style(verdict?.outcome))
        }
        return table
    }

    /// One row a number.
    var metricTable: TextTable {
        var table = TextTable(columns: ["measured", "value", "standard error", "unit"])
        for metric in findings.metrics {
            table.add([
                .text(metric.name), .number(metric.value, significant: 4),
                metric.standardError.map { .number($0, significant: 2) } ?? .missing,
                .text(metric.unit),
            ])
        }
        return table
    }

    func print() {
        Output.heading("\(experiment.id) (\(size.rawValue), seed \(seed))")
        Output.wrapped(findings.data, indent: 2)
        Output.line()
        if !findings.metrics.isEmpty { Output.table(metricTable) }
        for (title, table) in findings.tables {
            Output.line()
            Output.heading(title)
            Output.table(table)
        }
        Output.line()
        Output.table(claimTable)
        for note in findings.notes { Output.wrapped(note, indent: 2) }
    }

    var page: HTMLPage {
        var page = HTMLPage(experiment.id, subtitle: ExperimentText(experiment).paper)
        for outcome in [Verdict.Outcome.held, .failed, .notDecided] {
            let count = verdicts.count { $0.verdict?.outcome == outcome }
            page.cards.append(.init("claims \(outcome.rawValue)", value: String(count), isMain: outcome == .held))
        }
        page.sections = [
            .init("Experiment", [.prose(experiment.summary), .prose(findings.data), .list(findings.notes)]),
            .init("Claims", [.table(claimTable)]),
        ]
        if !findings.metrics.isEmpty { page.sections.append(.init("Measured", [.table(metricTable)])) }
        if !findings.charts.isEmpty {
            page.sections.append(.init("Charts", findings.charts.map { .figure($0.chart, caption: $0.title) }))
        }
        for (title, table) in findings.tables { page.sections.append(.init(title, [.table(table)])) }
        page.footer =
            "cascade \(CascadeCommand.version): cascade catalog run \(experiment.id) --\(size.rawValue) --seed \(seed)"
        return page
    }

    var json: JSONValue {
        [
            "id": .string(experiment.id), "size": .string(size.rawValue),
            "seed": .integer(Int(truncatingIfNeeded: seed)),
            "data": .string(findings.data),
            "metrics": .array(
                findings.metrics.map {
                    [
                        "name": .string($0.name), "value": .number($0.value),
                        "standardError": $0.standardError.map { .number($0) } ?? .null, "unit": .string($0.unit),
                    ]
                }),
            "tables": .array(findings.tables.map { ["title": .string($0.title), "csv": .string($0.table.csv())] }),
            "claims": .array(
                verdicts.map { claim, verdict in
                    [
                        "id": .string(claim.id), "sentence": .string(claim.sentence),
                        "outcome": .string(verdict?.outcome.rawValue ?? "not looked at"),
                        "measured": .string(verdict?.measured ?? ""),
                    ]
                }),
            "notes": .array(findings.notes.map { .string($0) }),
        ]
    }
}
