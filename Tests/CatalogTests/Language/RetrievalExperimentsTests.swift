import Catalog
import Testing

@Suite struct `retrieval, grounding and memory` {
    @Test func `hierarchical search scores fewer units, and translators carry questions over`() async throws {
        let findings = try await QuickRuns.findings("hierarchical-retrieval")
        for claim in ["fraction", "translation"] {
            let verdict = try #require(findings.verdicts[claim])
            #expect(verdict.outcome == .held, "\(claim): \(verdict.measured)")
        }
        #expect(findings.verdicts["translation-native"]?.outcome == .notDecided)
    }

    @Test func `a known span reads fewer tokens than a document`() async throws {
        let metrics = try await QuickRuns.findings("grounded-dialogue").metrics
        func tokens(_ name: String) throws -> Double {
            try #require(metrics.first { $0.name == "Responses about services: tokens read, \(name)" }?.value)
        }
        #expect(try tokens("right span (known)") < tokens("best span"))
        #expect(try tokens("best span") < tokens("three spans"))
    }

    @Test func `memories stay within their bounds`() async throws {
        let findings = try await QuickRuns.findings("long-term-memory")
        let verdict = try #require(findings.verdicts["bounded"])
        #expect(verdict.outcome == .held, "\(verdict.measured)")
    }
}
