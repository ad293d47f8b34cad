import Catalog
import Testing

@Suite struct `the confidence deferral experiment` {
    @Test func `finds the optimal rule above all others, and the specialist's setting a failure of confidence`() throws {
        let findings = try ConfidenceDeferral().run(ExperimentContext(size: .quick, seed: 1))
        // Dozens of standard errors apart: no seed has been seen to miss either.
        #expect(findings.verdicts["oracle"]?.outcome == .held)
        #expect(findings.verdicts["specialist"]?.outcome == .held)
        #expect(findings.verdicts["specialist-images"]?.outcome == .notDecided)
    }
}
