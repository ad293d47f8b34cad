import Cascades
import Deferral
import Testing

@testable import Catalog

@Suite struct `window early exit` {
    @Test func `decides every claim in the quick size, with a cascade cheaper than all members`() async throws {
        let experiment = WindowEarlyExit()
        let findings = try await QuickRuns.findings(experiment.id)
        #expect(Set(findings.verdicts.keys) == Set(experiment.claims.map(\.id)))
        #expect(findings.metrics.allSatisfy { $0.value.isFinite && $0.value >= 0 })
        let share = try #require(findings.metrics.first { $0.name == "share of the full ensemble's compute" })
        // One of four members for all items, at most all four for the items in the first window.
        #expect(share.value > 0.25 && share.value < 0.6)
        func cost(_ name: String) -> Double? { findings.metrics.first { $0.name == "operations, \(name)" }?.value }
        let (window, threshold) = (try #require(cost("window cascade")), try #require(cost("one-sided cascade")))
        // Equal on the validation items; within 10 % on the test items.
        #expect(abs(window / threshold - 1) < 0.1)
    }

    @Test func `an exit has the score and loss of the last stage asked, and pays for all asked`() {
        let schema = LogSchema(stages: [.init(name: "a", evidence: ["top"]), .init(name: "b", evidence: ["top"])])
        var log = OutcomeLog(schema: schema, ids: ["sure", "unsure", "hopeless"], quality: [1, 0, 0, 1, 0, 1])
        log.evidence = [0.9, 0.7, 0.5, 0.6, 0.1, 0.8]
        log.operations = [10, 20, 10, 20, 10, 20]
        let policy = WindowPolicy(steps: [
            .init(stage: 0, score: ConfidenceScore(signal: 0), lower: 0.4, upper: 0.8),
            .init(stage: 1, score: ConfidenceScore(signal: 1), lower: 0.5, upper: 0.5),
        ])
        let exits = Exits(policy, log)
        #expect(exits.scores == [0.9, 0.6, 0.1])
        #expect(exits.losses == [0, 0, 1])
        #expect(abs(exits.meanOperations - 50.0 / 3) < 1e-12)
    }

    @Test func `decides every claim on simulated classes, and says that they are`() throws {
        let pool = EnsemblePool(simulated: 12_000, seed: 2)
        #expect(pool.width == 16 && pool.items(0..<100).inputs != pool.items(100..<200).inputs)
        let plan = EnsemblePlan(hidden: 16, pooling: 1, training: 1500, validation: 500, test: 1000, epochs: 20)
        let findings = try WindowEarlyExit().findings(on: pool, plan, ExperimentContext(seed: 2))
        #expect(findings.verdicts.count == 3)
        #expect(findings.data.hasPrefix("simulated") && findings.notes[0].contains("data get fashion-mnist"))
        // Far above guessing one of ten classes: 0.1 with a standard error of 0.005.
        let accuracy = try #require(findings.metrics.first { $0.name == "accuracy, ensemble of 4" })
        #expect(accuracy.value > 0.3)
    }
}
