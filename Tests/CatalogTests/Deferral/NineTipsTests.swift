import Catalog
import Testing

@Suite struct `the nine tips experiment` {
    @Test func `finds the planted mistakes and sees through the shortcut`() async throws {
        let findings = try await QuickRuns.findings("nine-tips")
        #expect(findings.verdicts["found"]?.outcome == .held)
        let shortcut = try #require(findings.metrics.first { $0.name.hasPrefix("context that knows the outcome") })
        // A number that tells right from wrong makes 0.15 to 0.2 of difference, twenty standard errors.
        #expect(shortcut.value > 10 * (shortcut.standardError ?? .infinity))
    }
}
