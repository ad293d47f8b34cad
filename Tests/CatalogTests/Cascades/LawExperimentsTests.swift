import Catalog
import Testing

@Suite struct `the experiments on laws` {
    @Test(arguments: ["open-games", "categorical-likelihood", "delayed-trace"])
    func `find no violation`(id: String) async throws {
        let findings = try await QuickRuns.findings(id)
        for (claim, verdict) in findings.verdicts { #expect(verdict.outcome == .held, "\(claim): \(verdict.measured)") }
    }

    @Test func `go through every case of finite learners, with equilibria among them`() async throws {
        let metrics = try await QuickRuns.findings("open-games").metrics
        // 50 pairs of learners, 6 profiles, 2 inputs, 4 continuations.
        #expect(metrics.first { $0.name == "cases" }?.value == 2400)
        let equilibria = try #require(metrics.first { $0.name == "equilibria" }?.value)
        // About one in six profiles rests.
        #expect(equilibria > 200 && equilibria < 700)
    }
}
