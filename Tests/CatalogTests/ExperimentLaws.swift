import Catalog
import NumericalMethods
import Reports
import Testing

/// Holds every registered experiment against the contract of ``Experiment``, in the quick size.
@Suite(.serialized) struct `every experiment` {
    static var ids: [String] { Experiments.all.map(\.id) }

    @Test func `has an id of its own and claims with ids of their own`() throws {
        #expect(Set(Self.ids).count == Self.ids.count)
        for experiment in Experiments.all {
            let claims = experiment.claims.map(\.id)
            #expect(!claims.isEmpty && Set(claims).count == claims.count)
            #expect(try Experiments.named(experiment.id).summary == experiment.summary)
        }
    }

    @Test func `is found by its id, and only then`() {
        #expect(throws: CatalogError.unknownExperiment(id: "no such", nearest: [])) { try Experiments.named("no such") }
    }

    @Test(arguments: ids) func `decides all its claims with finite numbers, and again the same on one thread`(
        _ id: String
    ) async throws {
        let experiment = try Experiments.named(id)
        let findings = try await QuickRuns.findings(id)
        #expect(Set(findings.verdicts.keys) == Set(experiment.claims.map(\.id)))
        #expect(findings.verdicts.values.allSatisfy { !$0.measured.isEmpty })
        #expect(!findings.metrics.isEmpty && !findings.tables.isEmpty && !findings.charts.isEmpty)
        for metric in findings.metrics {
            #expect(metric.value.isFinite && (metric.standardError ?? 0).isFinite, "\(metric.name)")
        }
        #expect(Set(findings.metrics.map(\.name)).count == findings.metrics.count)
        for (title, chart) in findings.charts {
            #expect(chart.skippedValues == 0 && chart.series.contains { $0.points.count > 1 }, "\(title)")
        }
        for (title, table) in findings.tables { #expect(!table.rows.isEmpty, "\(title)") }

        let threads = Parallel.threads
        Parallel.threads = 1
        defer { Parallel.threads = threads }
        let again = try await experiment.run(ExperimentContext(size: .quick, seed: 1))
        #expect(again.metrics == findings.metrics)
        #expect(again.verdicts == findings.verdicts)
        #expect(again.tables.map(\.table) == findings.tables.map(\.table))
    }
}
