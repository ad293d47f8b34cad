import Catalog
import Testing

@Suite struct `capability harness` {
    @Test func `separates known curves, and published ones rise`() async throws {
        let findings = try await QuickRuns.findings("capability-harness")
        for claim in ["curves", "published-rise"] {
            let verdict = try #require(findings.verdicts[claim])
            #expect(verdict.outcome == .held, "\(claim): \(verdict.measured)")
        }
    }

    @Test func `scores the model's own weights above guessing`() async throws {
        let metrics = try await QuickRuns.findings("capability-harness").metrics
        let score = try #require(metrics.first { $0.name.hasPrefix("score, ") && $0.name.contains("own weights") })
        #expect(score.value - 3 * (score.standardError ?? .infinity) > 0, "\(score.value)")
    }
}
